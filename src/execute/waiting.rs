//! Waiting at addresses of shared memories, and notifying those that wait.
//!
//! An execution that waits is suspended at the instruction, which is executed again when the
//! execution is resumed. The instruction has a result once a notification or the embedder has ended
//! the wait.

use super::atomic::check_address;
use crate::code::Trap;
use crate::heap::StoreInner;
use crate::ids::MemoryIndex;
use crate::stack::WaitState;

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
    let bytes = memory.bytes();
    let address = check_address(base, offset, size, bytes.len() as u64)?;
    if !memory.ty().shared {
        return Err(Trap::AtomicWaitNonSharedMemory);
    }
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
            let value = &bytes[address as usize..][..size as usize];
            if value != &operands.expected.to_le_bytes()[..size as usize] {
                return Ok(Ok(NOT_EQUAL));
            }
            if operands.timeout == 0 {
                return Ok(Ok(TIMED_OUT));
            }
            if !store.stacks.waiters.begin(stack, operands.memory, address) {
                return Err(Trap::AllocationTooLarge);
            }
        }
    }
    Ok(Err(Wait {
        memory: operands.memory,
        address,
        timeout: u64::try_from(operands.timeout).ok(),
    }))
}

/// Wakes up to `count` stacks that wait at an address of a memory, in the order in which they
/// began to. Returns their number.
///
/// # Errors
///
/// The trap of an address that is not aligned or out of bounds.
pub fn notify(
    store: &mut StoreInner,
    memory: MemoryIndex,
    base: u64,
    offset: u64,
    count: u32,
) -> Result<u32, Trap> {
    let len = store.memory(memory).byte_size() as u64;
    let address = check_address(base, offset, 4, len)?;
    Ok(store.stacks.notify(memory, address, count))
}
