//! The operating system as a host.
//!
//! Flows in: what the embedder gives of the system: streams, directories. Flows out: what a
//! program does with it. Must never be: a path that is resolved here and not by `cap-std`,
//! which keeps it inside its directory.

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
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The longest that a thread sleeps before the clock is looked at again.
const MAX_SLEEP: Duration = Duration::from_secs(3600);

/// The operating system.
#[derive(Debug)]
pub struct System {
    /// When the monotonic clock began.
    start: Instant,
}

impl System {
    /// Its monotonic clock begins now.
    pub fn new() -> System {
        System {
            start: Instant::now(),
        }
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

/// A time as preview 1 has it; what was before 1970 is 1970.
fn since_1970(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH)
        .map(nanoseconds)
        .unwrap_or_default()
}

impl Host for System {
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
            Clock::Monotonic => Ok(nanoseconds(self.start.elapsed())),
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

/// On the operating system.
impl WasiCtxBuilder {
    /// An empty one, on the operating system: [`System`].
    #[allow(
        clippy::new_without_default,
        reason = "the host is a choice to be seen"
    )]
    pub fn new() -> WasiCtxBuilder {
        WasiCtxBuilder::with_host(System::new())
    }

    /// Gives the program the process's input and outputs.
    pub fn inherit_stdio(&mut self) -> &mut Self {
        self.inherit_stdin().inherit_stdout().inherit_stderr()
    }

    /// Gives the program the process's standard input; an empty one where there is none.
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

    /// Gives the program the process's arguments, but for those that are not UTF-8.
    pub fn inherit_args(&mut self) -> &mut Self {
        self.args(std::env::args_os().filter_map(|arg| arg.into_string().ok()))
    }

    /// Gives the program the process's environment, but for what is not UTF-8.
    pub fn inherit_env(&mut self) -> &mut Self {
        self.envs(std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        }))
    }

    /// Gives the program a directory of the system's and all below it, which it knows by
    /// `guest_path`, to do with what `dir_perms` and `file_perms` say.
    ///
    /// # Errors
    ///
    /// If it cannot be opened.
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
