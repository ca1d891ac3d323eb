//! Atomic accesses to memories.
//!
//! A memory belongs to one store, also a shared one. The executions of a store, which are the
//! threads of a shared memory, run one at a time. So ordinary accesses are atomic, and only their
//! alignment is to be checked.
//!
//! An execution that waits at an address is suspended at the instruction, which is executed again
//! when the execution is resumed. It ends once a notification or the embedder has ended the wait.

use super::cell::{Apply, Cell, Execute, OpType};
use super::memory::{LoadOp, StoreOp, Stored};
use super::operand::{Sink, Value};
use super::regs::{Regs, Step};
use crate::code::cells::AtomicFence;
use crate::code::shape::{AtomicExchange, AtomicLoad, AtomicStore, AtomicUpdate, Shape};
use crate::code::{FieldKind, Trap};
use crate::heap::StoreInner;
use crate::ids::MemoryIndex;
use crate::stack::WaitState;
use crate::support::vector::Level;
use core::sync::atomic::{Ordering, fence};

/// An operation on a value in memory.
pub trait UpdateOp: OpType {
    /// The type in memory.
    type Stored: Integer;
    /// The type of the former value on the stack.
    type Result: Value + From<Self::Stored>;
    /// Returns the new value.
    fn update(old: Self::Stored, value: Self::Stored) -> Self::Stored;
}

/// An exchange of a value in memory on a condition.
pub trait ExchangeOp: OpType {
    /// The type in memory.
    type Stored: Integer;
    /// The type of the former value on the stack.
    type Result: Value + From<Self::Stored>;
    /// Returns whether the value is replaced.
    fn replaces(old: Self::Stored, expected: Self::Stored) -> bool;
}

/// An unsigned integer in memory.
pub trait Integer: Stored {
    /// Returns the low bits of a slot.
    fn of_slot(bits: u64) -> Self;
}

macro_rules! integers {
    ($($ty:ident)*) => {$(
        impl Integer for $ty {
            #[inline(always)]
            fn of_slot(bits: u64) -> $ty {
                bits as $ty
            }
        }
    )*};
}

integers!(u8 u16 u32 u64);

/// Returns the effective address of an atomic access of `size` bytes to a memory of `len` bytes.
///
/// # Errors
///
/// The trap of an address that is not a multiple of the size, or that is out of bounds.
#[inline(always)]
pub(super) fn check_address(base: u64, offset: u64, size: u64, len: u64) -> Result<u64, Trap> {
    let at = base.wrapping_add(offset);
    if !at.is_multiple_of(size) {
        return Err(Trap::HeapMisaligned);
    }
    // The address of the last byte does not overflow, since that of the first is aligned.
    if at < base || at + (size - 1) >= len {
        return Err(Trap::MemoryOutOfBounds);
    }
    Ok(at)
}

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

impl<O: OpType, S: Shape> Apply<O, S> {
    /// Returns the address of `size` bytes that the cell accesses.
    ///
    /// # Safety
    ///
    /// X1 to X3, S1: the shape is that of an atomic access.
    #[inline(always)]
    unsafe fn aligned(r: &Regs, size: u64) -> Result<*mut u8, Trap> {
        // SAFETY: X1, X2, S1, H3.
        unsafe {
            let base = Self::operand(r, const { Self::LAYOUT.byte("base", FieldKind::NearSlot) });
            let memory = r.u32_at(const { Self::LAYOUT.byte("memory", FieldKind::U32) });
            let offset = r.u64_at(const { Self::LAYOUT.byte("offset", FieldKind::U64) });
            let core = *(*(*r.ctx).instance).memories.add(memory as usize);
            let at = check_address(base, offset, size, (*core).len as u64)?;
            Ok((*core).base.add(at as usize))
        }
    }

    /// Returns the operand in the slot that the field at a byte of the cell names.
    ///
    /// # Safety
    ///
    /// X1, S1: the cell has such a field.
    #[inline(always)]
    unsafe fn operand(r: &Regs, byte: usize) -> u64 {
        // SAFETY: X1, S1.
        unsafe { *r.slot_at(byte) }
    }
}

impl<O: LoadOp, R: Sink<O::Result>> Cell for Apply<O, AtomicLoad<R>> {
    const WORDS: usize = Self::LAYOUT.words();

    #[inline(always)]
    unsafe fn run<L: Level>(r: &mut Regs) -> Step {
        // SAFETY: X1 to X3, S1, H3.
        unsafe {
            match Self::aligned(r, O::Stored::SIZE) {
                Ok(address) => {
                    let value = O::extend::<L>(O::Stored::load(address));
                    R::write(r, const { Self::LAYOUT.operand("result") }, value);
                    r.advance(Self::WORDS)
                }
                Err(trap) => r.trap(trap),
            }
        }
    }
}

impl<O: StoreOp> Cell for Apply<O, AtomicStore> {
    const WORDS: usize = Self::LAYOUT.words();

    #[inline(always)]
    unsafe fn run<L: Level>(r: &mut Regs) -> Step {
        // SAFETY: X1 to X3, S1, H3.
        unsafe {
            match Self::aligned(r, O::Stored::SIZE) {
                Ok(address) => {
                    let slot = r.slot_at(const { Self::LAYOUT.byte("value", FieldKind::NearSlot) });
                    O::wrap(O::Operand::read(slot)).store(address);
                    r.advance(Self::WORDS)
                }
                Err(trap) => r.trap(trap),
            }
        }
    }
}

impl<O: UpdateOp, R: Sink<O::Result>> Cell for Apply<O, AtomicUpdate<R>> {
    const WORDS: usize = Self::LAYOUT.words();

    #[inline(always)]
    unsafe fn run<L: Level>(r: &mut Regs) -> Step {
        // SAFETY: X1 to X3, S1, H3.
        unsafe {
            match Self::aligned(r, O::Stored::SIZE) {
                Ok(address) => {
                    let value =
                        Self::operand(r, const { Self::LAYOUT.byte("value", FieldKind::NearSlot) });
                    let old = O::Stored::load(address);
                    O::update(old, Integer::of_slot(value)).store(address);
                    R::write(r, const { Self::LAYOUT.operand("result") }, old.into());
                    r.advance(Self::WORDS)
                }
                Err(trap) => r.trap(trap),
            }
        }
    }
}

impl<O: ExchangeOp, R: Sink<O::Result>> Cell for Apply<O, AtomicExchange<R>> {
    const WORDS: usize = Self::LAYOUT.words();

    #[inline(always)]
    unsafe fn run<L: Level>(r: &mut Regs) -> Step {
        // SAFETY: X1 to X3, S1, H3.
        unsafe {
            match Self::aligned(r, O::Stored::SIZE) {
                Ok(address) => {
                    let expected = Self::operand(
                        r,
                        const { Self::LAYOUT.byte("expected", FieldKind::NearSlot) },
                    );
                    let value =
                        Self::operand(r, const { Self::LAYOUT.byte("value", FieldKind::NearSlot) });
                    let old = O::Stored::load(address);
                    if O::replaces(old, Integer::of_slot(expected)) {
                        O::Stored::of_slot(value).store(address);
                    }
                    R::write(r, const { Self::LAYOUT.operand("result") }, old.into());
                    r.advance(Self::WORDS)
                }
                Err(trap) => r.trap(trap),
            }
        }
    }
}

impl Execute for AtomicFence {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        fence(Ordering::SeqCst);
        // SAFETY: X1.
        unsafe { r.next::<Self>() }
    }
}
