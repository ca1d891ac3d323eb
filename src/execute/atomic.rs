//! Atomic accesses to memories.
//!
//! The executions of a store run one at a time. So ordinary accesses to an exclusive memory, which
//! one store alone has, are atomic, and only their alignment is to be checked. Accesses to other
//! memories are sequentially consistent atomic instructions.

use super::cell::{Apply, Cell, Execute, OpType};
use super::memory::{LoadOp, StoreOp, Stored};
use super::operand::{Sink, Value};
use super::regs::{Regs, Step};
use crate::code::cells::AtomicFence;
use crate::code::shape::{AtomicExchange, AtomicLoad, AtomicStore, AtomicUpdate, Shape};
use crate::code::{FieldKind, Trap};
use crate::support::vector::Level;
#[cfg(backstitch_threads)]
use core::sync::atomic;
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
    /// Loads the value at an aligned address of a memory that is exclusive or not.
    ///
    /// # Safety
    ///
    /// H3: the address is within the memory.
    unsafe fn load_atomic(address: *mut u8, exclusive: bool) -> Self;
    /// Stores the value at an aligned address, as [`Integer::load_atomic`] loads it.
    ///
    /// # Safety
    ///
    /// As [`Integer::load_atomic`].
    unsafe fn store_atomic(self, address: *mut u8, exclusive: bool);
    /// Replaces the value at an aligned address by the result of `update`, if it has one. Returns the
    /// former value.
    ///
    /// # Safety
    ///
    /// As [`Integer::load_atomic`].
    unsafe fn update_atomic(
        address: *mut u8,
        exclusive: bool,
        update: impl Fn(Self) -> Option<Self>,
    ) -> Self;
}

macro_rules! integers {
    ($($ty:ident $atomic:ident)*) => {$(
        impl Integer for $ty {
            #[inline(always)]
            fn of_slot(bits: u64) -> $ty {
                bits as $ty
            }
            #[inline(always)]
            unsafe fn load_atomic(address: *mut u8, exclusive: bool) -> $ty {
                // SAFETY: as promised.
                unsafe {
                    #[cfg(backstitch_threads)]
                    if !exclusive {
                        let value = atomic::$atomic::from_ptr(address.cast());
                        return $ty::from_le(value.load(Ordering::SeqCst));
                    }
                    let _ = exclusive;
                    $ty::load(address)
                }
            }
            #[inline(always)]
            unsafe fn store_atomic(self, address: *mut u8, exclusive: bool) {
                // SAFETY: as promised.
                unsafe {
                    #[cfg(backstitch_threads)]
                    if !exclusive {
                        let value = atomic::$atomic::from_ptr(address.cast());
                        return value.store(self.to_le(), Ordering::SeqCst);
                    }
                    let _ = exclusive;
                    self.store(address)
                }
            }
            #[inline(always)]
            unsafe fn update_atomic(
                address: *mut u8,
                exclusive: bool,
                update: impl Fn($ty) -> Option<$ty>,
            ) -> $ty {
                // SAFETY: as promised.
                unsafe {
                    #[cfg(backstitch_threads)]
                    if !exclusive {
                        let value = atomic::$atomic::from_ptr(address.cast());
                        let mut old = value.load(Ordering::SeqCst);
                        while let Some(new) = update($ty::from_le(old)) {
                            match value.compare_exchange_weak(
                                old,
                                new.to_le(),
                                Ordering::SeqCst,
                                Ordering::SeqCst,
                            ) {
                                Ok(_) => break,
                                Err(other) => old = other,
                            }
                        }
                        return $ty::from_le(old);
                    }
                    let _ = exclusive;
                    let old = $ty::load(address);
                    if let Some(new) = update(old) {
                        new.store(address);
                    }
                    old
                }
            }
        }
    )*};
}

integers!(u8 AtomicU8 u16 AtomicU16 u32 AtomicU32 u64 AtomicU64);

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
    /// Executes an atomic access of `size` bytes: `access` receives their address, and whether the
    /// memory is exclusive. Traps if the address is not aligned or out of bounds.
    ///
    /// # Safety
    ///
    /// X1 to X3, S1: the shape is that of an atomic access.
    #[inline(always)]
    unsafe fn access(
        r: &mut Regs,
        size: u64,
        access: impl FnOnce(&mut Regs, *mut u8, bool),
    ) -> Step {
        // SAFETY: X1, X2, S1, H3.
        unsafe {
            let base = Self::operand(r, const { Self::near_slot("base") });
            let memory = r.u32_at(const { Self::LAYOUT.byte("memory", FieldKind::U32) });
            let offset = r.u64_at(const { Self::LAYOUT.byte("offset", FieldKind::U64) });
            let core = *(*(*r.ctx).instance).memories.add(memory as usize);
            match check_address(base, offset, size, (*core).len() as u64) {
                Ok(at) => {
                    access(r, (*core).base.add(at as usize), (*core).exclusive);
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

impl<O: LoadOp<Stored: Integer>, R: Sink<O::Result>> Cell for Apply<O, AtomicLoad<R>> {
    const WORDS: usize = Self::LAYOUT.words();

    #[inline(always)]
    unsafe fn run<L: Level>(r: &mut Regs) -> Step {
        // SAFETY: X1 to X3, S1, H3.
        unsafe {
            Self::access(r, O::Stored::SIZE, |r, address, exclusive| {
                let value = O::extend::<L>(O::Stored::load_atomic(address, exclusive));
                R::write(r, const { Self::LAYOUT.operand("result") }, value);
            })
        }
    }
}

impl<O: StoreOp<Stored: Integer>> Cell for Apply<O, AtomicStore> {
    const WORDS: usize = Self::LAYOUT.words();

    #[inline(always)]
    unsafe fn run<L: Level>(r: &mut Regs) -> Step {
        // SAFETY: X1 to X3, S1, H3.
        unsafe {
            Self::access(r, O::Stored::SIZE, |r, address, exclusive| {
                let slot = r.slot_at(const { Self::near_slot("value") });
                O::wrap(O::Operand::read(slot)).store_atomic(address, exclusive);
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
            Self::access(r, O::Stored::SIZE, |r, address, exclusive| {
                let value = Self::operand(r, const { Self::near_slot("value") });
                let update = |old| Some(O::update(old, Integer::of_slot(value)));
                let old = O::Stored::update_atomic(address, exclusive, update);
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
            Self::access(r, O::Stored::SIZE, |r, address, exclusive| {
                let expected = Self::operand(r, const { Self::near_slot("expected") });
                let value = Self::operand(r, const { Self::near_slot("value") });
                let (expected, value) = (O::Stored::of_slot(expected), O::Stored::of_slot(value));
                let exchange = |old| O::replaces(old, expected).then_some(value);
                let old = O::Stored::update_atomic(address, exclusive, exchange);
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
