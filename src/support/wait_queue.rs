//! Queues of waits at addresses of a shared memory.
//!
//! Suspended executions and threads of the operating system wait. Both hold a [`Ticket`], whose state
//! a notification or a timeout changes once, while the queue is locked.

use crate::support::sync::Mutex;
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::any::Any;
use core::sync::atomic::{AtomicU8, Ordering};
use core::task::Waker;
use smallvec::SmallVec;

/// The state of a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum WaitState {
    /// Nothing has ended the wait.
    Waiting,
    /// A notification has ended it.
    Woken,
    /// Its timeout has ended it.
    TimedOut,
}

/// A wait at an address.
#[derive(Debug)]
pub struct Ticket {
    address: u64,
    state: AtomicU8,
    waker: Mutex<Option<Waker>>,
    /// The execution that waits. It has been dropped once its stack alone refers to this.
    owner: Option<Weak<dyn Any + Send + Sync>>,
}

impl Ticket {
    /// Returns the address.
    pub fn address(&self) -> u64 {
        self.address
    }

    /// Returns the state of the wait.
    pub fn state(&self) -> WaitState {
        match self.state.load(Ordering::Acquire) {
            0 => WaitState::Waiting,
            1 => WaitState::Woken,
            _ => WaitState::TimedOut,
        }
    }

    /// Sets the waker that a notification calls. If the wait has ended, calls it at once.
    pub fn set_waker(&self, waker: &Waker) {
        let mut place = self.waker.lock();
        if self.state() == WaitState::Waiting {
            *place = Some(waker.clone());
        } else {
            drop(place);
            waker.wake_by_ref();
        }
    }

    /// Ends the wait, and returns the waker to call when the queue is not locked any more.
    fn end(&self, state: WaitState) -> Option<Waker> {
        let mut waker = self.waker.lock();
        self.state.store(state as u8, Ordering::Release);
        waker.take()
    }

    /// Returns whether the execution that waits was dropped.
    fn is_abandoned(&self) -> bool {
        let owner = self.owner.as_ref();
        owner.is_some_and(|owner| owner.strong_count() <= 1)
    }
}

/// The waits at addresses of a memory, in the order in which they began to.
#[derive(Debug, Default)]
pub struct WaitQueue(Mutex<Vec<Arc<Ticket>>>);

/// The outcome of an attempt to wait.
#[derive(Debug)]
pub enum Begun {
    /// The wait has begun.
    Waiting(Arc<Ticket>),
    /// The value at the address is another one.
    NotExpected,
    /// There is no memory for another one that waits.
    OutOfMemory,
}

impl WaitQueue {
    /// Begins a wait at an address, if the value there is the expected one. `is_expected` loads and
    /// compares it, and no notification takes place meanwhile. `owner` is the execution that waits,
    /// if it is one.
    pub fn begin(
        &self,
        address: u64,
        owner: Option<Weak<dyn Any + Send + Sync>>,
        is_expected: impl FnOnce() -> bool,
    ) -> Begun {
        let mut waiters = self.0.lock();
        if !is_expected() {
            return Begun::NotExpected;
        }
        if waiters.try_reserve(1).is_err() {
            return Begun::OutOfMemory;
        }
        let ticket = Arc::new(Ticket {
            address,
            state: AtomicU8::new(WaitState::Waiting as u8),
            waker: Mutex::new(None),
            owner,
        });
        waiters.push(Arc::clone(&ticket));
        Begun::Waiting(ticket)
    }

    /// Adds a wait that has begun before, which comes last if nothing has ended it. `owner` is the
    /// execution that waits, if it is one. Returns `None` if there is no memory.
    pub fn restore(
        &self,
        address: u64,
        state: WaitState,
        owner: Option<Weak<dyn Any + Send + Sync>>,
    ) -> Option<Arc<Ticket>> {
        let mut waiters = self.0.lock();
        waiters.try_reserve(1).ok()?;
        let ticket = Arc::new(Ticket {
            address,
            state: AtomicU8::new(state as u8),
            waker: Mutex::new(None),
            owner,
        });
        if state == WaitState::Waiting {
            waiters.push(Arc::clone(&ticket));
        }
        Some(ticket)
    }

    /// Copies a wait of another queue, which comes last if nothing has ended it. `owner` is the
    /// execution that waits, if it is one. Returns `None` if there is no memory.
    pub fn adopt(
        &self,
        ticket: &Ticket,
        owner: Option<Weak<dyn Any + Send + Sync>>,
    ) -> Option<Arc<Ticket>> {
        self.restore(ticket.address, ticket.state(), owner)
    }

    /// Ends up to `count` waits at an address, in the order in which they began. Returns their
    /// number. Those of executions that were dropped do not count.
    pub fn notify(&self, address: u64, count: u32) -> u32 {
        let mut woken = 0;
        let mut wakers = SmallVec::<[Waker; 4]>::new();
        self.0.lock().retain(|ticket| {
            if ticket.is_abandoned() {
                return false;
            }
            let ends = ticket.address == address && woken < count;
            if ends {
                wakers.extend(ticket.end(WaitState::Woken));
                woken += 1;
            }
            !ends
        });
        // A waker may be code of the embedder, which may notify in turn.
        wakers.into_iter().for_each(Waker::wake);
        woken
    }

    /// Ends a wait because its timeout has passed. Returns `false` if a notification has ended it
    /// before.
    pub fn time_out(&self, ticket: &Arc<Ticket>) -> bool {
        let mut waiters = self.0.lock();
        if ticket.state() != WaitState::Waiting {
            return false;
        }
        ticket.end(WaitState::TimedOut);
        waiters.retain(|other| !Arc::ptr_eq(other, ticket));
        true
    }

    /// Removes a wait that nobody waits for any more.
    pub fn remove(&self, ticket: &Arc<Ticket>) {
        self.0.lock().retain(|other| !Arc::ptr_eq(other, ticket));
    }
}
