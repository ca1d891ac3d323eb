//! The state of a program (arguments, environment, descriptors, host), and its builder.

use super::abi::{Descriptor, DescriptorTable, Starts, TracedCall};
use super::host::{Directory, Host, InputStream, OutputStream};
use super::pipe::{Closed, MemoryInputPipe};
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;
use core::{fmt, mem};

/// The usual limit of processes. A descriptor may own one of the system's.
const MAX_DESCRIPTORS: usize = 1024;

/// Default of [`WasiCtxBuilder::max_file_bytes`]: 8 GiB.
const MAX_FILE_BYTES: u64 = 8 << 30;

/// The state of one program of preview 1. The embedder keeps it in the store's data.
pub struct WasiCtx {
    pub(super) args: Vec<String>,
    pub(super) env: Vec<String>,
    pub(super) table: DescriptorTable,
    pub(super) host: Box<dyn Host>,
    pub(super) trace: Option<Trace>,
    pub(super) suspend_when_blocked: bool,
    /// Times of the clocks when the current call began.
    pub(super) starts: Starts,
    /// Number of bytes that the program may still add to files.
    pub(super) quota: u64,
    /// Longest time that one call may wait.
    pub(super) max_wait: Option<Duration>,
}

/// The hook that is called for each call of the program.
pub(super) type Trace = Box<dyn FnMut(&TracedCall<'_>) + Send>;

impl WasiCtx {
    /// Returns a builder of a context on `host`.
    pub fn builder(host: impl Host) -> WasiCtxBuilder {
        WasiCtxBuilder::with_host(host)
    }
}

impl fmt::Debug for WasiCtx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WasiCtx")
            .field("args", &self.args)
            .field("env", &self.env)
            .finish_non_exhaustive()
    }
}

/// Builder of a [`WasiCtx`].
///
/// By default a program has no arguments, no environment, no directories, an empty standard
/// input, and outputs that discard everything.
pub struct WasiCtxBuilder {
    args: Vec<String>,
    env: Vec<String>,
    stdin: Box<dyn InputStream>,
    stdout: Box<dyn OutputStream>,
    stderr: Box<dyn OutputStream>,
    preopens: Vec<(Box<dyn Directory>, Box<str>)>,
    host: Option<Box<dyn Host>>,
    trace: Option<Trace>,
    suspend_when_blocked: bool,
    max_descriptors: usize,
    max_file_bytes: u64,
    max_wait: Option<Duration>,
}

/// Returns the part of `text` before the first NUL, because strings of preview 1 end there.
fn until_nul(text: &str) -> String {
    let text = text.split('\0').next().unwrap_or_default();
    text.into()
}

impl WasiCtxBuilder {
    /// Creates a builder of a context on `host`.
    pub fn with_host(host: impl Host) -> WasiCtxBuilder {
        WasiCtxBuilder {
            args: Vec::new(),
            env: Vec::new(),
            stdin: Box::new(MemoryInputPipe::new([])),
            stdout: Box::new(Closed),
            stderr: Box::new(Closed),
            preopens: Vec::new(),
            host: Some(Box::new(host)),
            trace: None,
            suspend_when_blocked: false,
            max_descriptors: MAX_DESCRIPTORS,
            max_file_bytes: MAX_FILE_BYTES,
            max_wait: None,
        }
    }

    /// Adds an argument. The first argument is the program's name. An argument ends at its first
    /// NUL.
    pub fn arg(&mut self, arg: impl AsRef<str>) -> &mut Self {
        self.args.push(until_nul(arg.as_ref()));
        self
    }

    /// Adds arguments.
    pub fn args(&mut self, args: impl IntoIterator<Item = impl AsRef<str>>) -> &mut Self {
        for arg in args {
            self.arg(arg);
        }
        self
    }

    /// Adds an environment variable. Name and value end at their first NUL.
    pub fn env(&mut self, name: impl AsRef<str>, value: impl AsRef<str>) -> &mut Self {
        let mut variable = until_nul(name.as_ref());
        variable.push('=');
        variable.push_str(&until_nul(value.as_ref()));
        self.env.push(variable);
        self
    }

    /// Adds environment variables.
    pub fn envs(
        &mut self,
        variables: impl IntoIterator<Item = (impl AsRef<str>, impl AsRef<str>)>,
    ) -> &mut Self {
        for (name, value) in variables {
            self.env(name, value);
        }
        self
    }

    /// Sets the standard input.
    pub fn stdin(&mut self, stream: impl InputStream) -> &mut Self {
        self.stdin = Box::new(stream);
        self
    }

    /// Sets the standard output.
    pub fn stdout(&mut self, stream: impl OutputStream) -> &mut Self {
        self.stdout = Box::new(stream);
        self
    }

    /// Sets the standard error.
    pub fn stderr(&mut self, stream: impl OutputStream) -> &mut Self {
        self.stderr = Box::new(stream);
        self
    }

    /// Gives the program a directory under the name `guest_path`. The descriptors of such
    /// directories start at 3, in the order of these calls.
    pub fn preopen(&mut self, directory: impl Directory, guest_path: impl AsRef<str>) -> &mut Self {
        let name = until_nul(guest_path.as_ref());
        self.preopens.push((Box::new(directory), name.into()));
        self
    }

    /// Sets whether to suspend an execution whose program would block, for input or for a time.
    /// The embedder then receives a [`Blocked`](super::Blocked). By default, the thread blocks
    /// instead.
    ///
    /// An execution that cannot be suspended, because it belongs to a synchronous call, fails.
    pub fn suspend_when_blocked(&mut self, suspend: bool) -> &mut Self {
        self.suspend_when_blocked = suspend;
        self
    }

    /// Sets a hook that is called for each call of the program.
    pub fn trace(&mut self, trace: impl FnMut(&TracedCall<'_>) + Send + 'static) -> &mut Self {
        self.trace = Some(Box::new(trace));
        self
    }

    /// Sets the maximum number of open descriptors, 1024 by default. Opening more fails with
    /// [`Errno::Mfile`](super::Errno::Mfile). The standard streams and the directories given
    /// here are open in any case.
    pub fn max_descriptors(&mut self, count: usize) -> &mut Self {
        self.max_descriptors = count;
        self
    }

    /// Sets the maximum number of bytes that the program may write to files or extend them by, 8
    /// GiB by default. Writing more fails with [`Errno::Dquot`](super::Errno::Dquot). Streams
    /// are not limited.
    pub fn max_file_bytes(&mut self, bytes: u64) -> &mut Self {
        self.max_file_bytes = bytes;
        self
    }

    /// Sets the longest time that the program may block its thread in one call. A program that
    /// blocks for longer ends with [`WaitedTooLong`](super::WaitedTooLong). There is no limit by
    /// default, because a program may wait for a person's input. The limit has no effect on
    /// executions that suspend, nor on opening a named pipe, which waits for its other end.
    pub fn max_wait(&mut self, limit: Duration) -> &mut Self {
        self.max_wait = Some(limit);
        self
    }

    /// Builds the context.
    ///
    /// # Panics
    ///
    /// If this builder has already built a context.
    pub fn build(&mut self) -> WasiCtx {
        let host = self
            .host
            .take()
            .expect("a `WasiCtxBuilder` builds only one `WasiCtx`");
        let stdin = mem::replace(&mut self.stdin, Box::new(MemoryInputPipe::new([])));
        let stdout = mem::replace(&mut self.stdout, Box::new(Closed));
        let stderr = mem::replace(&mut self.stderr, Box::new(Closed));
        let preopens = mem::take(&mut self.preopens)
            .into_iter()
            .map(|(directory, name)| Descriptor::preopen(directory, name));
        let table = DescriptorTable::new(
            [
                Descriptor::input(stdin),
                Descriptor::output(stdout),
                Descriptor::output(stderr),
            ]
            .into_iter()
            .chain(preopens),
            self.max_descriptors,
        );
        WasiCtx {
            args: mem::take(&mut self.args),
            env: mem::take(&mut self.env),
            table,
            host,
            trace: self.trace.take(),
            suspend_when_blocked: self.suspend_when_blocked,
            starts: Starts::default(),
            quota: self.max_file_bytes,
            max_wait: self.max_wait,
        }
    }
}

impl fmt::Debug for WasiCtxBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WasiCtxBuilder")
            .field("args", &self.args)
            .field("env", &self.env)
            .finish_non_exhaustive()
    }
}
