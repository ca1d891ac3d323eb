//! Atomic accesses to memories.
//!
//! A memory belongs to one store, also a shared one. The executions of a store, which are the
//! threads of a shared memory, run one at a time. So ordinary accesses are atomic, and only their
//! alignment is to be checked.

use super::cell::{Apply, Cell, Execute, OpType};
use super::memory::{LoadOp, StoreOp, Stored};
use super::operand::{Sink, Value};
use super::regs::{Regs, Step};
use crate::code::cells::AtomicFence;
use crate::code::shape::{AtomicExchange, AtomicLoad, AtomicStore, AtomicUpdate, Shape};
use crate::code::{FieldKind, Trap};
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

impl<O: OpType, S: Shape> Apply<O, S> {
    /// Executes an atomic access of `size` bytes: `access` receives their address. Traps if the
    /// address is not aligned or out of bounds.
    ///
    /// # Safety
    ///
    /// X1 to X3, S1: the shape is that of an atomic access.
    #[inline(always)]
    unsafe fn access(r: &mut Regs, size: u64, access: impl FnOnce(&mut Regs, *mut u8)) -> Step {
        // SAFETY: X1, X2, S1, H3.
        unsafe {
            let base = Self::operand(r, const { Self::near_slot("base") });
            let memory = r.u32_at(const { Self::LAYOUT.byte("memory", FieldKind::U32) });
            let offset = r.u64_at(const { Self::LAYOUT.byte("offset", FieldKind::U64) });
            let core = *(*(*r.ctx).instance).memories.add(memory as usize);
            match check_address(base, offset, size, (*core).len as u64) {
                Ok(at) => {
                    access(r, (*core).base.add(at as usize));
                    r.advance(const { Self::LAYOUT.words() })
                }
                Err(trap) => r.trap(trap),
            }
        }
    }

    /// Returns the byte of the field that names an operand's slot.
    const fn near_slot(field: &str) -> usize {
        Self::LAYOUT.byte(field, FieldKind::NearSlot)
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
            Self::access(r, O::Stored::SIZE, |r, address| {
                let value = O::extend::<L>(O::Stored::load(address));
                R::write(r, const { Self::LAYOUT.operand("result") }, value);
            })
        }
    }
}

impl<O: StoreOp> Cell for Apply<O, AtomicStore> {
    const WORDS: usize = Self::LAYOUT.words();

    #[inline(always)]
    unsafe fn run<L: Level>(r: &mut Regs) -> Step {
        // SAFETY: X1 to X3, S1, H3.
        unsafe {
            Self::access(r, O::Stored::SIZE, |r, address| {
                let slot = r.slot_at(const { Self::near_slot("value") });
                O::wrap(O::Operand::read(slot)).store(address);
            })
        }
    }
}

impl<O: UpdateOp, R: Sink<O::Result>> Cell for Apply<O, AtomicUpdate<R>> {
    const WORDS: usize = Self::LAYOUT.words();

    #[inline(always)]
    unsafe fn run<L: Level>(r: &mut Regs) -> Step {
        // SAFETY: X1 to X3, S1, H3.
        unsafe {
            Self::access(r, O::Stored::SIZE, |r, address| {
                let value = Self::operand(r, const { Self::near_slot("value") });
                let old = O::Stored::load(address);
                O::update(old, Integer::of_slot(value)).store(address);
                R::write(r, const { Self::LAYOUT.operand("result") }, old.into());
            })
        }
    }
}

impl<O: ExchangeOp, R: Sink<O::Result>> Cell for Apply<O, AtomicExchange<R>> {
    const WORDS: usize = Self::LAYOUT.words();

    #[inline(always)]
    unsafe fn run<L: Level>(r: &mut Regs) -> Step {
        // SAFETY: X1 to X3, S1, H3.
        unsafe {
            Self::access(r, O::Stored::SIZE, |r, address| {
                let expected = Self::operand(r, const { Self::near_slot("expected") });
                let value = Self::operand(r, const { Self::near_slot("value") });
                let old = O::Stored::load(address);
                if O::replaces(old, Integer::of_slot(expected)) {
                    O::Stored::of_slot(value).store(address);
                }
                R::write(r, const { Self::LAYOUT.operand("result") }, old.into());
            })
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
