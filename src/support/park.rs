//! Threads of the operating system that wait.

use super::wait_queue::{Ticket, WaitState};
use std::sync::Arc;
use std::task::{Wake, Waker};
use std::thread::{self, Thread};
use std::time::Instant;

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Returns a waker of the current thread.
pub fn waker() -> Waker {
    Waker::from(Arc::new(Unpark(thread::current())))
}

/// Parks the current thread while a wait goes on, until a time, or until `is_interrupted` returns
/// `true`. Who interrupts it calls its [`waker`].
pub fn park(
    ticket: &Ticket,
    waker: &Waker,
    end: Option<Instant>,
    mut is_interrupted: impl FnMut() -> bool,
) {
    ticket.set_waker(waker);
    while ticket.state() == WaitState::Waiting && !is_interrupted() {
        match end.map(|end| end.saturating_duration_since(Instant::now())) {
            None => thread::park(),
            Some(left) if left.is_zero() => return,
            Some(left) => thread::park_timeout(left),
        }
    }
}
