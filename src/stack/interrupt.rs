//! Interruption by other threads.

use crate::support::sync::Mutex;
use alloc::sync::Arc;
use core::sync::atomic::{AtomicBool, Ordering};
use core::task::Waker;

/// Flag that is raised to interrupt a store, and lowered when the interruption is taken.
#[derive(Debug, Default)]
pub struct InterruptFlag {
    raised: AtomicBool,
    /// Waker of the thread that runs the store's code, while it is parked.
    parked: Mutex<Option<Waker>>,
}

impl InterruptFlag {
    /// Returns whether it is raised.
    #[inline(always)]
    pub fn is_raised(&self) -> bool {
        self.raised.load(Ordering::Acquire)
    }

    /// Lowers the flag, and returns whether it was raised.
    pub fn take(&self) -> bool {
        self.raised.swap(false, Ordering::AcqRel)
    }

    /// Sets the waker that an interruption calls, or none. Before the thread parks, it must test
    /// whether the flag is raised: an interruption before this does not call the waker.
    pub fn set_waker(&self, waker: Option<Waker>) {
        *self.parked.lock() = waker;
    }
}

/// Handle that interrupts a store's code from any thread.
#[derive(Clone, Debug)]
pub struct InterruptHandle(pub(super) Arc<InterruptFlag>);

impl InterruptHandle {
    /// Interrupts the store's code at the next loop header or function entry that it reaches, now
    /// or when it runs again, or while it waits at an address of a shared memory.
    pub fn interrupt(&self) {
        // A swap, not a store: if two threads interrupt at once, the thread that takes the
        // interruption sees what both did before.
        self.0.raised.swap(true, Ordering::Release);
        let waker = self.0.parked.lock().take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}
