//! Stacks that wait at addresses of shared memories.

use super::directory::Owner;
use super::stacks::Stacks;
use crate::ids::StackId;
use crate::support::wait_queue::{Begun, Ticket, WaitQueue, WaitState};
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;

#[derive(Debug)]
struct Waiter {
    stack: StackId,
    queue: Arc<WaitQueue>,
    ticket: Arc<Ticket>,
}

/// The stacks of a store that wait.
#[derive(Debug, Default)]
pub struct Waiters {
    waiters: Vec<Waiter>,
}

impl Waiters {
    fn waiter(&self, stack: StackId) -> Option<&Waiter> {
        self.waiters.iter().find(|waiter| waiter.stack == stack)
    }

    /// Returns the wait that a stack has begun and not finished.
    pub fn ticket(&self, stack: StackId) -> Option<&Arc<Ticket>> {
        Some(&self.waiter(stack)?.ticket)
    }

    /// Returns the queue in which a stack waits, and the address, if nothing has ended its wait.
    pub fn place(&self, stack: StackId) -> Option<(&Arc<WaitQueue>, u64)> {
        let waiter = self.waiter(stack)?;
        let waits = waiter.ticket.state() == WaitState::Waiting;
        waits.then(|| (&waiter.queue, waiter.ticket.address()))
    }

    /// Returns the state of a stack's wait, if it has begun one and has not finished it.
    pub fn state(&self, stack: StackId) -> Option<WaitState> {
        Some(self.ticket(stack)?.state())
    }

    /// Ends the wait of a stack because its timeout has passed. Returns `false` if it does not
    /// wait, or was woken before.
    pub fn time_out(&mut self, stack: StackId) -> bool {
        self.waiter(stack)
            .is_some_and(|waiter| waiter.queue.time_out(&waiter.ticket))
    }

    /// Returns the stacks that wait or whose waits have ended, with queues and tickets, in the order
    /// in which they began.
    pub fn all(&self) -> impl Iterator<Item = (StackId, &Arc<WaitQueue>, &Ticket)> {
        let waiters = self.waiters.iter();
        waiters.map(|waiter| (waiter.stack, &waiter.queue, &*waiter.ticket))
    }

    /// Adds a stack. Returns `None` if there is no memory.
    pub(super) fn add(
        &mut self,
        stack: StackId,
        queue: Arc<WaitQueue>,
        ticket: Arc<Ticket>,
    ) -> Option<()> {
        self.waiters.try_reserve(1).ok()?;
        self.waiters.push(Waiter {
            stack,
            queue,
            ticket,
        });
        Some(())
    }

    /// Adds a stack whose wait at an address of a memory has begun before. Returns `None` if there is
    /// no memory.
    pub fn restore(
        &mut self,
        stack: StackId,
        queue: &Arc<WaitQueue>,
        address: u64,
        state: WaitState,
        owner: Option<Weak<Owner>>,
    ) -> Option<()> {
        let owner = owner.map(|owner| owner as _);
        let ticket = queue.restore(address, state, owner)?;
        self.add(stack, Arc::clone(queue), ticket)
    }

    /// Removes a stack, whose wait has ended or which is released.
    pub fn remove(&mut self, stack: StackId) {
        self.waiters.retain(|waiter| {
            if waiter.stack == stack {
                waiter.queue.remove(&waiter.ticket);
            }
            waiter.stack != stack
        });
    }
}

/// The outcome of an attempt of a stack to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitBegun {
    /// The stack waits.
    Waiting,
    /// The value at the address is another one.
    NotExpected,
    /// There is no memory for another stack that waits.
    OutOfMemory,
}

impl Stacks {
    /// Lets a stack wait at an address, if the value there is the expected one. `is_expected` loads
    /// and compares it.
    pub fn begin_wait(
        &mut self,
        stack: StackId,
        queue: &Arc<WaitQueue>,
        address: u64,
        is_expected: impl FnOnce() -> bool,
    ) -> WaitBegun {
        let owner = self.owner_of(stack);
        if self.waiters.waiters.try_reserve(1).is_err() {
            return WaitBegun::OutOfMemory;
        }
        let owner = owner.map(|owner| owner as _);
        match queue.begin(address, owner, is_expected) {
            Begun::Waiting(ticket) => {
                let queue = Arc::clone(queue);
                self.waiters.waiters.push(Waiter {
                    stack,
                    queue,
                    ticket,
                });
                WaitBegun::Waiting
            }
            Begun::NotExpected => WaitBegun::NotExpected,
            Begun::OutOfMemory => WaitBegun::OutOfMemory,
        }
    }

    /// Returns whether the execution that a suspended stack belongs to was dropped.
    pub fn was_dropped(&self, stack: StackId) -> bool {
        self.owner_of(stack)
            .is_some_and(|owner| owner.strong_count() <= 1)
    }

    /// Returns what the execution that a stack belongs to shares with the initial stack, if the call
    /// is an execution.
    pub fn owner_of(&self, stack: StackId) -> Option<Weak<Owner>> {
        let mut initial = stack;
        while let Some(parent) = self.stack(initial).parent() {
            initial = parent;
        }
        self.stack(initial).owner.as_ref().map(Arc::downgrade)
    }
}
