//! Waiting at addresses of shared memories, and notifying those that wait.
//!
//! An execution that waits is suspended at the instruction, which is executed again when the
//! execution is resumed. The instruction has a result once a notification or the embedder has ended
//! the wait. A call that cannot be suspended parks its thread.

use super::atomic::{Integer, check_address};
use crate::code::Trap;
use crate::heap::{Memory, StoreInner};
use crate::ids::MemoryIndex;
use crate::stack::WaitBegun;
#[cfg(backstitch_threads)]
use crate::support::park::{park, waker};
#[cfg(backstitch_threads)]
use crate::support::wait_queue::Begun;
use crate::support::wait_queue::WaitState;
#[cfg(backstitch_threads)]
use std::time::{Duration, Instant};

/// A wait at an address of a shared memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// The memory.
    pub memory: MemoryIndex,
    /// The address.
    pub address: u64,
    /// The number of nanoseconds after which the wait ends, if it is limited.
    pub timeout: Option<u64>,
}

/// The operands of an instruction that waits.
pub(super) struct WaitOperands {
    /// The memory.
    pub memory: MemoryIndex,
    /// The address without the offset.
    pub base: u64,
    /// The constant that is added to the base.
    pub offset: u64,
    /// The size of the value in memory, in bytes: 4 or 8.
    pub size: u64,
    /// The expected value.
    pub expected: u64,
    /// The timeout in nanoseconds; no limit if negative.
    pub timeout: i64,
}

/// The results of the instructions that wait.
const WOKEN: u64 = 0;
const NOT_EQUAL: u64 = 1;
const TIMED_OUT: u64 = 2;

/// Begins the wait of the running stack, or ends it. Returns the result of the instruction, or the
/// wait if it goes on.
///
/// # Errors
///
/// A trap: the address is not aligned or out of bounds, or the memory is not shared.
pub(super) fn wait(
    store: &mut StoreInner,
    operands: &WaitOperands,
) -> Result<Result<u64, Wait>, Trap> {
    let &WaitOperands {
        base, offset, size, ..
    } = operands;
    let memory = store.memory(operands.memory);
    let address = check_address(base, offset, size, memory.byte_size() as u64)?;
    let Some(queue) = memory.waiters().cloned() else {
        return Err(Trap::AtomicWaitNonSharedMemory);
    };
    let stack = store.stacks.running();
    match store.stacks.waiters.state(stack) {
        Some(WaitState::Woken) => {
            store.stacks.waiters.remove(stack);
            return Ok(Ok(WOKEN));
        }
        Some(WaitState::TimedOut) => {
            store.stacks.waiters.remove(stack);
            return Ok(Ok(TIMED_OUT));
        }
        Some(WaitState::Waiting) => {}
        None => {
            let (memories, stacks) = store.memories_and_stacks_mut();
            let memory = &memories[operands.memory.0 as usize];
            let is_expected = || has_value(memory, address, size, operands.expected);
            if operands.timeout == 0 {
                return Ok(Ok(if is_expected() { TIMED_OUT } else { NOT_EQUAL }));
            }
            match stacks.begin_wait(stack, &queue, address, is_expected) {
                WaitBegun::Waiting => {}
                WaitBegun::NotExpected => return Ok(Ok(NOT_EQUAL)),
                WaitBegun::OutOfMemory => return Err(Trap::AllocationTooLarge),
            }
        }
    }
    Ok(Err(Wait {
        memory: operands.memory,
        address,
        timeout: u64::try_from(operands.timeout).ok(),
    }))
}

/// Returns whether the value of `size` bytes at an aligned address, which is loaded atomically, is
/// the expected one.
fn has_value(memory: &Memory, address: u64, size: u64, expected: u64) -> bool {
    let exclusive = memory.is_exclusive();
    // SAFETY: H3: the caller has checked the address.
    unsafe {
        let address = memory.as_ptr().add(address as usize);
        match size {
            4 => u32::load_atomic(address, exclusive) == expected as u32,
            _ => u64::load_atomic(address, exclusive) == expected,
        }
    }
}

/// Wakes up to `count` stacks and threads that wait at an address of a memory, in the order in which
/// they began to. Returns their number.
///
/// # Errors
///
/// The trap of an address that is not aligned or out of bounds.
pub fn notify(memory: &Memory, base: u64, offset: u64, count: u32) -> Result<u32, Trap> {
    let address = check_address(base, offset, 4, memory.byte_size() as u64)?;
    let queue = memory.waiters();
    Ok(queue.map_or(0, |queue| queue.notify(address, count)))
}

/// The outcome of a wait of the host.
#[cfg(backstitch_threads)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waited {
    /// A notification has ended it.
    Woken,
    /// The value at the address is not the expected one.
    NotEqual,
    /// The timeout has ended it.
    TimedOut,
}

/// Parks the thread while the value of `size` bytes at an address of a shared memory is the expected
/// one and no notification has taken place.
///
/// # Errors
///
/// The trap of an address that is not aligned or out of bounds, and
/// [`Trap::AllocationTooLarge`] if there is no memory for another thread that waits.
#[cfg(backstitch_threads)]
pub fn wait_in_host(
    memory: &Memory,
    address: u64,
    size: u64,
    expected: u64,
    timeout: Option<Duration>,
) -> Result<Waited, Trap> {
    let address = check_address(address, 0, size, memory.byte_size() as u64)?;
    let queue = memory.waiters().ok_or(Trap::AtomicWaitNonSharedMemory)?;
    let end = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
    let ticket = match queue.begin(address, None, || has_value(memory, address, size, expected)) {
        Begun::Waiting(ticket) => ticket,
        Begun::NotExpected => return Ok(Waited::NotEqual),
        Begun::OutOfMemory => return Err(Trap::AllocationTooLarge),
    };
    park(&ticket, &waker(), end, || false);
    match queue.time_out(&ticket) {
        true => Ok(Waited::TimedOut),
        false => Ok(Waited::Woken),
    }
}
