//! A counter that any thread may advance.

use core::sync::atomic::Ordering;

#[cfg(target_has_atomic = "64")]
use core::sync::atomic::AtomicU64 as Counter;
#[cfg(not(target_has_atomic = "64"))]
use core::sync::atomic::AtomicUsize as Counter;

/// An engine's epoch. It counts to 2⁶⁴, or to 2³² where there are no wider atomics.
#[derive(Debug, Default)]
pub struct Epoch(Counter);

impl Epoch {
    /// The present epoch.
    #[inline(always)]
    #[allow(
        clippy::unnecessary_cast,
        reason = "the counter's width depends on the target"
    )]
    pub fn now(&self) -> u64 {
        self.0.load(Ordering::Relaxed) as u64
    }

    /// Begins the next epoch.
    pub fn advance(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}
