//! Interruption by other threads.

use alloc::sync::Arc;
use core::sync::atomic::{AtomicBool, Ordering};

/// Flag that is raised to interrupt a store, and lowered when the interruption is taken.
#[derive(Debug, Default)]
pub struct InterruptFlag(AtomicBool);

impl InterruptFlag {
    /// Returns whether it is raised.
    #[inline(always)]
    pub fn is_raised(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }

    /// Lowers the flag, and returns whether it was raised.
    pub fn take(&self) -> bool {
        self.0.swap(false, Ordering::AcqRel)
    }
}

/// Handle that interrupts a store's code from any thread.
#[derive(Clone, Debug)]
pub struct InterruptHandle(pub(super) Arc<InterruptFlag>);

impl InterruptHandle {
    /// Interrupts the store's code at the next loop header or function entry that it reaches, now
    /// or when it runs again.
    pub fn interrupt(&self) {
        // A swap, not a store: if two threads interrupt at once, the thread that takes the
        // interruption sees what both did before.
        self.0.0.swap(true, Ordering::Release);
    }
}
