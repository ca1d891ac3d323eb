//! Listeners, which are called for what threads do.

use super::{Switch, ThreadId};
use crate::api::{Access, Memory, WasmBacktrace};
use core::fmt;

/// A thread between two steps.
pub struct Position<'a> {
    /// The thread.
    pub thread: ThreadId,
    /// The access that the thread performs when it runs next, if its last step ended before one.
    pub access: Option<Access>,
    pub(super) capture: &'a dyn Fn() -> WasmBacktrace,
}

impl Position<'_> {
    /// Captures the backtrace of the thread.
    pub fn backtrace(&self) -> WasmBacktrace {
        (self.capture)()
    }
}

impl fmt::Debug for Position<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Position")
            .field("thread", &self.thread)
            .field("access", &self.access)
            .finish_non_exhaustive()
    }
}

/// An object that a [`Scheduler`](super::Scheduler) whose steps end before accesses calls for what
/// the threads do.
pub trait Listener: Send {
    /// A thread was added, after a step of the thread `by` if any thread has run.
    fn added(&mut self, thread: ThreadId, by: Option<ThreadId>) {
        let _ = (thread, by);
    }

    /// A step begins that the usual order would give to another thread: see
    /// [`Schedule`](super::Schedule). `from` is the thread that has run last, unless it has ended,
    /// and `to` the thread that runs.
    fn switched(&mut self, switch: Switch, from: Option<&Position<'_>>, to: &Position<'_>) {
        let _ = (switch, from, to);
    }

    /// A thread performs an access, before any other thread runs. An access that is out of bounds is
    /// left out: it traps.
    fn accesses(&mut self, access: Access, position: &Position<'_>) {
        let _ = (access, position);
    }

    /// A notification has ended the wait of a thread at an address.
    fn woken(&mut self, thread: ThreadId, memory: Memory, address: u64) {
        let _ = (thread, memory, address);
    }
}
