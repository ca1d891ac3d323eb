//! Loads, stores and bulk operations on memories.
//!
//! For memory 0, where it is a 32-bit one, the effective address is formed in 64 bits and
//! compared once with the size in `len`. All other memories take the `any` cells, which
//! fetch base and size first and allow for addresses that overflow.

use super::bulk::PIECE;
use super::cell::Cell;
use super::opaque::opaque;
use super::operand::{Sink, Source, Value};
use super::regs::{Regs, Step};
use crate::code::{Op, Trap};
use crate::stack::Exit;
use core::marker::PhantomData;
use core::ptr;

/// Something that memory can hold, little-endian.
pub trait Stored: Copy {
    /// Its size in bytes.
    const SIZE: u64 = size_of::<Self>() as u64;
    /// Reads it.
    ///
    /// # Safety
    ///
    /// `SIZE` bytes at `address` are readable.
    unsafe fn load(address: *const u8) -> Self;
    /// Writes it.
    ///
    /// # Safety
    ///
    /// `SIZE` bytes at `address` are writable.
    unsafe fn store(self, address: *mut u8);
}

macro_rules! stored {
    ($($ty:ident)*) => {$(
        impl Stored for $ty {
            #[inline(always)]
            unsafe fn load(address: *const u8) -> $ty {
                // SAFETY: as promised.
                $ty::from_le(unsafe { address.cast::<$ty>().read_unaligned() })
            }
            #[inline(always)]
            unsafe fn store(self, address: *mut u8) {
                // SAFETY: as promised.
                unsafe { address.cast::<$ty>().write_unaligned(self.to_le()) }
            }
        }
    )*};
}

stored!(u8 u16 u32 u64);

/// A load: what memory holds, and what becomes of it.
pub trait Load {
    /// In memory.
    type Stored: Stored;
    /// On the stack.
    type Result: Value;
    /// From one to the other.
    fn extend(stored: Self::Stored) -> Self::Result;
}

/// A store: what is on the stack, and what memory holds of it.
pub trait Store {
    /// On the stack.
    type Operand: Value;
    /// In memory.
    type Stored: Stored;
    /// From one to the other.
    fn wrap(value: Self::Operand) -> Self::Stored;
}

/// A 32-bit address and a 32-bit offset: no sum of the two overflows 64 bits.
#[inline(always)]
fn sum(address: u32, offset: u32) -> u64 {
    u64::from(address) + u64::from(offset)
}

impl Regs {
    /// The address in memory 0 of `size` bytes at `at`, if they are within its bounds.
    #[inline(always)]
    unsafe fn within(&self, at: u64, size: u64) -> Option<*mut u8> {
        // The end is what is compared and what the address is counted from: one register
        // less than with both ends, and handlers have few.
        let end = opaque(at + size);
        if end > self.len as u64 {
            return None;
        }
        // SAFETY: H3: `mem` is the base of `len` bytes (X3).
        Some(unsafe { self.mem.add(end as usize).sub(size as usize) })
    }

    /// As [`Regs::within`], for memory `memory` and any address and offset.
    #[inline(always)]
    unsafe fn within_any(
        &self,
        memory: u32,
        address: u64,
        offset: u64,
        size: u64,
    ) -> Option<*mut u8> {
        // SAFETY: X2, H1: the instance has such a memory, by validation; H3.
        unsafe {
            let core = *(*(*self.ctx).instance).memories.add(memory as usize);
            let at = address.checked_add(offset)?;
            let end = at.checked_add(size)?;
            (end <= (*core).len as u64).then(|| (*core).base.add(at as usize))
        }
    }
}

/// How a cell forms the address of its access to memory 0.
pub trait Address {
    /// The effective address.
    ///
    /// # Safety
    ///
    /// X1: the cell has such an address.
    unsafe fn effective(r: &Regs) -> u64;
}

/// An address and a 32-bit offset.
pub struct Based<A>(PhantomData<A>);
/// A sum of two addresses, which wraps, and a 16-bit offset.
pub struct Indexed<A, B>(PhantomData<(A, B)>);
/// A constant.
pub struct Fixed;

impl<A: Source<u32>> Address for Based<A> {
    #[inline(always)]
    unsafe fn effective(r: &Regs) -> u64 {
        // SAFETY: X1.
        unsafe { sum(A::read(r), r.u32_at::<12>()) }
    }
}

impl<A: Source<u32>, B: Source<u32>> Address for Indexed<A, B> {
    #[inline(always)]
    unsafe fn effective(r: &Regs) -> u64 {
        // SAFETY: X1.
        unsafe {
            sum(
                A::read(r).wrapping_add(B::read(r)),
                u32::from(r.u16_at::<14>()),
            )
        }
    }
}

impl Address for Fixed {
    #[inline(always)]
    unsafe fn effective(r: &Regs) -> u64 {
        // SAFETY: X1.
        u64::from(unsafe { r.u32_at::<12>() })
    }
}

/// A cell that loads from memory 0.
pub struct LoadCell<O, A, Out>(PhantomData<(O, A, Out)>);

impl<O: Load, A: Address, Out: Sink<O::Result>> Cell for LoadCell<O, A, Out> {
    const WORDS: usize = 2;

    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1, H3.
        unsafe {
            match r.within(A::effective(r), O::Stored::SIZE) {
                Some(address) => {
                    Out::write(r, O::extend(O::Stored::load(address)));
                    r.advance(Self::WORDS)
                }
                None => r.trap(Trap::MemoryOutOfBounds),
            }
        }
    }
}

/// A cell that loads from any memory.
pub struct LoadAnyCell<O, Out>(PhantomData<(O, Out)>);

impl<O: Load, Out: Sink<O::Result>> Cell for LoadAnyCell<O, Out> {
    const WORDS: usize = 3;

    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1, H3.
        unsafe {
            let address = *r.slot::<1>();
            match r.within_any(r.u32_at::<12>(), address, r.word_at::<2>(), O::Stored::SIZE) {
                Some(address) => {
                    Out::write(r, O::extend(O::Stored::load(address)));
                    r.advance(Self::WORDS)
                }
                None => r.trap(Trap::MemoryOutOfBounds),
            }
        }
    }
}

/// A cell that stores to memory 0.
pub struct StoreCell<O, A, V>(PhantomData<(O, A, V)>);

impl<O: Store, A: Address, V: Source<O::Operand>> Cell for StoreCell<O, A, V> {
    const WORDS: usize = 2 + V::WORDS;

    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1, H3.
        unsafe {
            match r.within(A::effective(r), O::Stored::SIZE) {
                Some(address) => {
                    O::wrap(V::read(r)).store(address);
                    r.advance(Self::WORDS)
                }
                None => r.trap(Trap::MemoryOutOfBounds),
            }
        }
    }
}

/// A cell that stores to any memory.
pub struct StoreAnyCell<O>(PhantomData<O>);

impl<O: Store> Cell for StoreAnyCell<O> {
    const WORDS: usize = 3;

    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1, H3.
        unsafe {
            let address = *r.slot::<0>();
            match r.within_any(r.u32_at::<12>(), address, r.word_at::<2>(), O::Stored::SIZE) {
                Some(address) => {
                    O::wrap(O::Operand::from_slot(*r.slot::<1>())).store(address);
                    r.advance(Self::WORDS)
                }
                None => r.trap(Trap::MemoryOutOfBounds),
            }
        }
    }
}

/// `memory.size`.
pub struct MemorySize;

impl Cell for MemorySize {
    const WORDS: usize = 2;

    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1, X2, H1. The immediate is the memory's index and, in its upper half,
        // the logarithm of the page size.
        unsafe {
            let immediate = r.u32_at::<12>();
            let core = *(*(*r.ctx).instance)
                .memories
                .add((immediate & 0xffff) as usize);
            *r.slot::<0>() = ((*core).len >> (immediate >> 16)) as u64;
            r.advance(Self::WORDS)
        }
    }
}

/// Leaves more than a piece of a bulk operation to the driver.
#[inline(always)]
unsafe fn serve_in_pieces(r: &mut Regs, op: Op) -> Step {
    // SAFETY: X2.
    unsafe {
        (*r.ctx).service = op as u8;
        r.exit(Exit::Service)
    }
}

/// `memory.copy` within memory 0: destination, source and size in three slots.
pub struct MemoryCopy;

impl Cell for MemoryCopy {
    const WORDS: usize = 2;

    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1, H3.
        unsafe {
            let operands = r.far_slot::<8>();
            let size = u64::from(*operands.add(2) as u32);
            let to = r.within(u64::from(*operands as u32), size);
            let from = r.within(u64::from(*operands.add(1) as u32), size);
            match (to, from) {
                (Some(to), Some(from)) if size <= PIECE => {
                    ptr::copy(from, to, size as usize);
                    r.advance(Self::WORDS)
                }
                (Some(_), Some(_)) => serve_in_pieces(r, Op::MemoryCopy),
                _ => r.trap(Trap::MemoryOutOfBounds),
            }
        }
    }
}

/// `memory.fill` of memory 0: destination, value and size in three slots.
pub struct MemoryFill;

impl Cell for MemoryFill {
    const WORDS: usize = 2;

    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1, H3.
        unsafe {
            let operands = r.far_slot::<8>();
            let size = u64::from(*operands.add(2) as u32);
            match r.within(u64::from(*operands as u32), size) {
                Some(to) if size <= PIECE => {
                    ptr::write_bytes(to, *operands.add(1) as u8, size as usize);
                    r.advance(Self::WORDS)
                }
                Some(_) => serve_in_pieces(r, Op::MemoryFill),
                None => r.trap(Trap::MemoryOutOfBounds),
            }
        }
    }
}
