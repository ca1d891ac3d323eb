//! The operating system as a host.
//!
//! * Input: the system's streams and directories that the embedder gives.
//! * Output: the program's effects on them.
//! * Never: path resolution of our own. `cap-std` resolves paths and keeps them inside their
//!   directory.

mod copy;
mod directory;
mod errno;
mod file;
#[cfg_attr(unix, path = "platform/unix.rs")]
#[cfg_attr(windows, path = "platform/windows.rs")]
mod platform;
mod stdio;

pub use directory::{DirPerms, FilePerms, SystemDirectory};
pub use stdio::{SystemInput, SystemOutput};

use super::abi::{Clock, Errno};
use super::context::WasiCtxBuilder;
use super::host::Host;
use crate::api::{Context, Result};
use alloc::format;
use core::any::Any;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Longest time that a thread sleeps before it reads the clock again.
const MAX_SLEEP: Duration = Duration::from_secs(3600);

/// A host on the operating system.
#[derive(Debug)]
pub struct System {
    /// Start of the monotonic clock, or the time at which it was restored.
    start: Instant,
    /// Time that the clock showed then, in nanoseconds.
    before: u64,
}

impl System {
    /// Creates a host. Its monotonic clock starts now.
    pub fn new() -> System {
        System::started_before(0)
    }

    /// Creates a host whose monotonic clock has reached a time, in nanoseconds.
    pub(super) fn started_before(nanoseconds: u64) -> System {
        System {
            start: Instant::now(),
            before: nanoseconds,
        }
    }

    /// Returns the time of the monotonic clock, in nanoseconds.
    pub(super) fn elapsed(&self) -> u64 {
        let elapsed = nanoseconds(self.start.elapsed());
        self.before.saturating_add(elapsed)
    }
}

impl Default for System {
    fn default() -> System {
        System::new()
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// Converts a system time. A time before 1970 becomes 0.
fn since_1970(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH)
        .map(nanoseconds)
        .unwrap_or_default()
}

impl Host for System {
    fn as_any(&self) -> Option<&dyn Any> {
        Some(self)
    }

    fn clock_resolution(&mut self, clock: Clock) -> Result<u64, Errno> {
        match clock {
            Clock::Realtime | Clock::Monotonic => Ok(platform::CLOCK_RESOLUTION),
            Clock::ProcessCpuTime | Clock::ThreadCpuTime => {
                platform::cpu_time(clock).map(|_| platform::CLOCK_RESOLUTION)
            }
        }
    }

    fn clock_time(&mut self, clock: Clock) -> Result<u64, Errno> {
        match clock {
            Clock::Realtime => Ok(since_1970(SystemTime::now())),
            Clock::Monotonic => Ok(self.elapsed()),
            Clock::ProcessCpuTime | Clock::ThreadCpuTime => platform::cpu_time(clock),
        }
    }

    fn random(&mut self, bytes: &mut [u8]) -> Result<(), Errno> {
        getrandom::fill(bytes).map_err(|_| Errno::Io)
    }

    fn yield_now(&mut self) -> Result<(), Errno> {
        thread::yield_now();
        Ok(())
    }

    fn sleep(&mut self, nanoseconds: u64) -> Result<(), Errno> {
        thread::sleep(Duration::from_nanos(nanoseconds).min(MAX_SLEEP));
        Ok(())
    }
}

/// Methods for the operating system.
impl WasiCtxBuilder {
    /// Creates a builder of a context on the operating system ([`System`]).
    #[allow(
        clippy::new_without_default,
        reason = "the choice of a host should be explicit"
    )]
    pub fn new() -> WasiCtxBuilder {
        WasiCtxBuilder::with_host(System::new())
    }

    /// Gives the program the process's standard streams.
    pub fn inherit_stdio(&mut self) -> &mut Self {
        self.inherit_stdin().inherit_stdout().inherit_stderr()
    }

    /// Gives the program the process's standard input, or an empty one if the process has none.
    pub fn inherit_stdin(&mut self) -> &mut Self {
        match SystemInput::stdin() {
            Ok(input) => self.stdin(input),
            Err(_) => self,
        }
    }

    /// Gives the program the process's standard output.
    pub fn inherit_stdout(&mut self) -> &mut Self {
        self.stdout(SystemOutput::stdout())
    }

    /// Gives the program the process's standard error.
    pub fn inherit_stderr(&mut self) -> &mut Self {
        self.stderr(SystemOutput::stderr())
    }

    /// Gives the program the process's arguments, except those that are not UTF-8.
    pub fn inherit_args(&mut self) -> &mut Self {
        self.args(std::env::args_os().filter_map(|arg| arg.into_string().ok()))
    }

    /// Gives the program the process's environment variables, except those that are not UTF-8.
    pub fn inherit_env(&mut self) -> &mut Self {
        self.envs(std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        }))
    }

    /// Gives the program the host's directory `host_path`, and everything below it, under the
    /// name `guest_path`. `dir_perms` and `file_perms` limit what the program may do there.
    ///
    /// # Errors
    ///
    /// If the directory cannot be opened.
    pub fn preopened_dir(
        &mut self,
        host_path: impl AsRef<Path>,
        guest_path: impl AsRef<str>,
        dir_perms: DirPerms,
        file_perms: FilePerms,
    ) -> Result<&mut Self> {
        let path = host_path.as_ref();
        let directory = SystemDirectory::open(path, dir_perms, file_perms)
            .with_context(|| format!("cannot open the directory `{}`", path.display()))?;
        Ok(self.preopen(directory, guest_path))
    }
}
