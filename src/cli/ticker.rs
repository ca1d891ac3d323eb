//! A thread that interrupts a store at regular times.

use backstitch::InterruptHandle;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

/// Interrupts a store again and again, until it is dropped.
pub(super) struct Ticker {
    ends: Arc<AtomicBool>,
}

impl Ticker {
    /// Starts the thread. `interval` is the time between two interruptions.
    pub(super) fn new(store: InterruptHandle, interval: Duration) -> Ticker {
        let ends = Arc::new(AtomicBool::new(false));
        let ended = Arc::clone(&ends);
        thread::spawn(move || {
            while !ended.load(Ordering::Relaxed) {
                thread::sleep(interval);
                store.interrupt();
            }
        });
        Ticker { ends }
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Relaxed);
    }
}
