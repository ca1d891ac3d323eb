//! The epoch counter of an engine.

use core::sync::atomic::Ordering;

#[cfg(target_has_atomic = "64")]
use core::sync::atomic::AtomicU64 as Counter;
#[cfg(not(target_has_atomic = "64"))]
use core::sync::atomic::AtomicUsize as Counter;

/// An engine's epoch. It counts up to 2⁶⁴, or up to 2³² on targets without 64-bit atomics.
#[derive(Debug, Default)]
pub struct Epoch(Counter);

impl Epoch {
    /// Returns the current epoch.
    #[inline(always)]
    #[allow(
        clippy::unnecessary_cast,
        reason = "the counter's width depends on the target"
    )]
    pub fn now(&self) -> u64 {
        self.0.load(Ordering::Relaxed) as u64
    }

    /// Starts the next epoch.
    pub fn advance(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}
