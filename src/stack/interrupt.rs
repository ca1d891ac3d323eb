//! Interruption from other threads.

use alloc::sync::Arc;
use core::sync::atomic::{AtomicBool, Ordering};

/// Raised to interrupt a store, lowered when the interruption is taken.
#[derive(Debug, Default)]
pub struct InterruptFlag(AtomicBool);

impl InterruptFlag {
    /// Whether an interruption is wanted.
    #[inline(always)]
    pub fn is_raised(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }

    /// Takes the interruption, if one is wanted: each is taken once.
    pub fn take(&self) -> bool {
        self.0.swap(false, Ordering::AcqRel)
    }
}

/// Interrupts a store's running code from any thread.
#[derive(Clone, Debug)]
pub struct InterruptHandle(pub(super) Arc<InterruptFlag>);

impl InterruptHandle {
    /// Interrupts: running code stops at its next loop iteration or function entry, code
    /// that is not running as soon as it runs.
    pub fn interrupt(&self) {
        // Swapped, not stored: where two threads interrupt at once, whoever takes the later
        // one has seen what both did before.
        self.0.0.swap(true, Ordering::Release);
    }
}
