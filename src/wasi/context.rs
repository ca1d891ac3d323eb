//! What a program has: its arguments, its environment, its descriptors, its host; and how
//! that is put together.

use super::abi::{Descriptor, DescriptorTable, Starts, TracedCall};
use super::host::{Directory, Host, InputStream, OutputStream};
use super::pipe::{Closed, MemoryInputPipe};
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;
use core::{fmt, mem};

/// As many descriptors as a process has on most systems; each may be one of the host's.
const MAX_DESCRIPTORS: usize = 1024;

/// 8 GiB.
const MAX_FILE_BYTES: u64 = 8 << 30;

/// The state of one program of preview 1: a part of its store's data.
pub struct WasiCtx {
    pub(super) args: Vec<String>,
    pub(super) env: Vec<String>,
    pub(super) table: DescriptorTable,
    pub(super) host: Box<dyn Host>,
    pub(super) trace: Option<Trace>,
    pub(super) suspend_when_blocked: bool,
    /// What the clocks showed when the present call began.
    pub(super) starts: Starts,
    /// How many bytes the program may still add to files.
    pub(super) quota: u64,
    /// How long one call may wait.
    pub(super) max_wait: Option<Duration>,
}

/// What is told of each call.
pub(super) type Trace = Box<dyn FnMut(&TracedCall<'_>) + Send>;

impl WasiCtx {
    /// An empty one, to be filled: see [`WasiCtxBuilder`].
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

/// Puts a [`WasiCtx`] together.
///
/// What is not given a program does not have: no arguments, no environment, an empty input,
/// outputs that forget, no directory.
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

/// A text of the system's ends at its first NUL.
fn until_nul(text: &str) -> String {
    let text = text.split('\0').next().unwrap_or_default();
    text.into()
}

impl WasiCtxBuilder {
    /// An empty one, on a host.
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

    /// Adds an argument, up to its first NUL; the first is the program's name.
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

    /// Adds a variable to the environment, each half up to its first NUL.
    pub fn env(&mut self, name: impl AsRef<str>, value: impl AsRef<str>) -> &mut Self {
        let mut variable = until_nul(name.as_ref());
        variable.push('=');
        variable.push_str(&until_nul(value.as_ref()));
        self.env.push(variable);
        self
    }

    /// Adds variables to the environment.
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

    /// Gives the program a directory, which it knows by `guest_path`. Its descriptors count
    /// from 3, in the order of these calls.
    pub fn preopen(&mut self, directory: impl Directory, guest_path: impl AsRef<str>) -> &mut Self {
        let name = until_nul(guest_path.as_ref());
        self.preopens.push((Box::new(directory), name.into()));
        self
    }

    /// Suspends an execution that would have to wait, for input or for a time, and gives its
    /// embedder a [`Blocked`](super::Blocked). Without this, which is the default, the thread
    /// waits.
    ///
    /// An execution that cannot be suspended, that of a synchronous call, fails instead.
    pub fn suspend_when_blocked(&mut self, suspend: bool) -> &mut Self {
        self.suspend_when_blocked = suspend;
        self
    }

    /// Tells `trace` of each call that the program makes.
    pub fn trace(&mut self, trace: impl FnMut(&TracedCall<'_>) + Send + 'static) -> &mut Self {
        self.trace = Some(Box::new(trace));
        self
    }

    /// Lets the program have at most so many descriptors, 1024 by default: more fail with
    /// [`Errno::Mfile`](super::Errno::Mfile). What is open from the start always is.
    pub fn max_descriptors(&mut self, count: usize) -> &mut Self {
        self.max_descriptors = count;
        self
    }

    /// Lets the program write at most so many bytes to files, and make them longer by at most
    /// so many, 8 GiB by default: more fail with [`Errno::Dquot`](super::Errno::Dquot).
    /// Streams have bounds of their own.
    pub fn max_file_bytes(&mut self, bytes: u64) -> &mut Self {
        self.max_file_bytes = bytes;
        self
    }

    /// Ends a program that lets its thread wait for longer than this in one call, with
    /// [`WaitedTooLong`](super::WaitedTooLong). By default there is no such limit, as a program
    /// may wait for whoever types its input. Where executions suspend, none waits.
    pub fn max_wait(&mut self, limit: Duration) -> &mut Self {
        self.max_wait = Some(limit);
        self
    }

    /// Makes the context.
    ///
    /// # Panics
    ///
    /// If it was made already.
    pub fn build(&mut self) -> WasiCtx {
        let host = self
            .host
            .take()
            .expect("a `WasiCtxBuilder` makes one `WasiCtx`");
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
