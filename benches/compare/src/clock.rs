//! CPU time of this thread, on systems that provide it.
//!
//! On a shared machine, wall-clock time includes the work of other processes. Every runtime
//! executes guests on the calling thread, so this thread's time is sufficient.

use std::time::Duration;

/// Measures the time since its creation.
pub struct Stopwatch(Duration);

impl Stopwatch {
    pub fn start() -> Self {
        Self(now())
    }

    pub fn elapsed(&self) -> Duration {
        now() - self.0
    }
}

/// Description of the time that [`Stopwatch`] measures, for the head of a report.
pub const KIND: &str = if cfg!(unix) {
    "CPU time of the thread"
} else {
    "wall-clock time"
};

#[cfg(unix)]
fn now() -> Duration {
    use rustix::time::{ClockId, clock_gettime};

    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec as u32)
}

#[cfg(not(unix))]
fn now() -> Duration {
    use std::sync::LazyLock;
    use std::time::Instant;

    static EPOCH: LazyLock<Instant> = LazyLock::new(Instant::now);
    EPOCH.elapsed()
}
