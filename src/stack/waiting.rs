//! Executions that wait at an address of a shared memory.

use super::directory::StackState;
use super::stacks::Stacks;
use crate::ids::{MemoryIndex, StackId};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::mem;

/// The state of a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitState {
    /// Nothing has ended the wait.
    Waiting,
    /// A notification has ended it.
    Woken,
    /// Its timeout has ended it.
    TimedOut,
}

#[derive(Debug)]
struct Waiter {
    stack: StackId,
    memory: MemoryIndex,
    address: u64,
    state: WaitState,
}

/// The stacks of a store that wait, in the order in which they began to.
#[derive(Debug, Default)]
pub struct Waiters {
    waiters: Vec<Waiter>,
}

impl Waiters {
    /// Adds a stack that waits at an address of a memory. Returns `false` if there is no room for
    /// it.
    pub fn begin(&mut self, stack: StackId, memory: MemoryIndex, address: u64) -> bool {
        if self.waiters.try_reserve(1).is_err() {
            return false;
        }
        self.waiters.push(Waiter {
            stack,
            memory,
            address,
            state: WaitState::Waiting,
        });
        true
    }

    /// Returns the state of a stack's wait, if it has begun one and has not ended it.
    pub fn state(&self, stack: StackId) -> Option<WaitState> {
        let waiter = self.waiters.iter().find(|waiter| waiter.stack == stack)?;
        Some(waiter.state)
    }

    /// Wakes up to `count` stacks that wait at an address of a memory, in the order in which they
    /// began to. Returns their number.
    fn notify(&mut self, memory: MemoryIndex, address: u64, count: u32) -> u32 {
        let mut woken = 0;
        for waiter in &mut self.waiters {
            if woken == count {
                break;
            }
            if (waiter.memory, waiter.address, waiter.state)
                == (memory, address, WaitState::Waiting)
            {
                waiter.state = WaitState::Woken;
                woken += 1;
            }
        }
        woken
    }

    /// Ends the wait of a stack because its timeout has passed. Returns `false` if it does not
    /// wait, or was woken before.
    pub fn time_out(&mut self, stack: StackId) -> bool {
        let waiting =
            |waiter: &&mut Waiter| waiter.stack == stack && waiter.state == WaitState::Waiting;
        match self.waiters.iter_mut().find(waiting) {
            Some(waiter) => {
                waiter.state = WaitState::TimedOut;
                true
            }
            None => false,
        }
    }

    /// Removes a stack, whose wait has ended or which is released.
    pub fn remove(&mut self, stack: StackId) {
        self.waiters.retain(|waiter| waiter.stack != stack);
    }
}

impl Stacks {
    /// Wakes up to `count` stacks that wait at an address of a memory, in the order in which they
    /// began to. Returns their number. Executions that were dropped wait no longer.
    pub fn notify(&mut self, memory: MemoryIndex, address: u64, count: u32) -> u32 {
        let mut waiters = mem::take(&mut self.waiters);
        waiters
            .waiters
            .retain(|waiter| !self.was_dropped(waiter.stack));
        let woken = waiters.notify(memory, address, count);
        self.waiters = waiters;
        woken
    }

    /// Returns whether the execution that a suspended stack belongs to was dropped.
    fn was_dropped(&self, stack: StackId) -> bool {
        let mut initial = stack;
        while let Some(parent) = self.stack(initial).parent() {
            initial = parent;
        }
        let stack = self.stack(initial);
        let owner = stack.owner.as_ref();
        stack.state != StackState::Running
            && owner.is_some_and(|owner| Arc::strong_count(owner) == 1)
    }
}
