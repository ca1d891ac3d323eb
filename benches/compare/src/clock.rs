//! Time spent by this thread, where the system tells it.
//!
//! On a machine that is shared, time on the wall counts other people's work. Every runtime executes
//! guests on the calling thread, so its own time is all there is to count.

use std::time::Duration;

/// Measures from its making.
pub struct Stopwatch(Duration);

impl Stopwatch {
    pub fn start() -> Self {
        Self(now())
    }

    pub fn elapsed(&self) -> Duration {
        now() - self.0
    }
}

/// What [`Stopwatch`] measures, for the head of a report.
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
