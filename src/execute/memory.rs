//! Loads, stores and bulk operations on memories.
//!
//! For memory 0, if it has 32-bit addresses, the effective address is formed in 64 bits and
//! compared once with the size in `len`. All other memories take the `any` cells, which
//! fetch base and size first and allow for addresses that overflow.

use super::bulk::PIECE;
use super::cell::{Apply, Cell, Execute, OpType};
use super::opaque::opaque;
use super::operand::{Sink, Source, Value};
use super::regs::{Regs, Step};
use crate::code::cells::{
    MemoryCopy, MemoryCopyMetered, MemoryFill, MemoryFillMetered, MemorySize, Row,
};
use crate::code::shape::{
    Acc, Address, Based, Fixed, Indexed, LoadAny, LoadFrom, Marks, Shape, Slot, StoreAny, StoreTo,
};
use crate::code::{FieldKind, Layout, Trap};
use crate::stack::Exit;
#[cfg(backstitch_threads)]
use crate::support::relaxed;
use crate::support::vector::Level;
#[cfg(feature = "simd")]
use crate::support::vector::V128;
use core::ptr;

/// A number, or a vector, as memories hold it, in little-endian byte order.
pub trait Stored: Copy {
    /// The size in bytes.
    const SIZE: u64 = size_of::<Self>() as u64;
    /// Reads the number at an address.
    ///
    /// # Safety
    ///
    /// `SIZE` bytes at `address` are readable.
    unsafe fn load(address: *const u8) -> Self;
    /// Reads the number in the target's byte order.
    ///
    /// # Safety
    ///
    /// `SIZE` bytes at `address` are readable.
    #[cfg(feature = "simd")]
    #[inline(always)]
    unsafe fn read_native(address: *const u8) -> Self {
        // SAFETY: as promised; a number is valid whatever its bits are.
        unsafe { address.cast::<Self>().read_unaligned() }
    }
    /// Writes the number to an address.
    ///
    /// # Safety
    ///
    /// `SIZE` bytes at `address` are writable.
    unsafe fn store(self, address: *mut u8);
    /// Reads the number at an address that other threads may access: by one relaxed atomic access
    /// if it is aligned, else by one for each byte.
    ///
    /// # Safety
    ///
    /// As [`Stored::load`]; the other threads access the bytes with atomic instructions only.
    #[cfg(backstitch_threads)]
    unsafe fn load_relaxed(address: *const u8) -> Self;
    /// Writes the number to an address that other threads may access, as [`Stored::load_relaxed`]
    /// reads it.
    ///
    /// # Safety
    ///
    /// As [`Stored::store`]; the other threads access the bytes with atomic instructions only.
    #[cfg(backstitch_threads)]
    unsafe fn store_relaxed(self, address: *mut u8);
}

macro_rules! stored {
    ($($ty:ident $load:ident $store:ident)*) => {$(
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
            #[cfg(backstitch_threads)]
            #[inline(always)]
            unsafe fn load_relaxed(address: *const u8) -> $ty {
                // SAFETY: as promised.
                $ty::from_le(unsafe { relaxed::$load(address) })
            }
            #[cfg(backstitch_threads)]
            #[inline(always)]
            unsafe fn store_relaxed(self, address: *mut u8) {
                // SAFETY: as promised.
                unsafe { relaxed::$store(address, self.to_le()) }
            }
        }
    )*};
}

stored! {
    u8 load_u8 store_u8
    u16 load_u16 store_u16
    u32 load_u32 store_u32
    u64 load_u64 store_u64
}

#[cfg(feature = "simd")]
impl Stored for V128 {
    #[inline(always)]
    unsafe fn load(address: *const u8) -> V128 {
        // SAFETY: as promised.
        V128::from_bytes(unsafe { address.cast::<[u8; 16]>().read() })
    }
    #[inline(always)]
    unsafe fn store(self, address: *mut u8) {
        // SAFETY: as promised.
        unsafe { address.cast::<[u8; 16]>().write(self.to_bytes()) };
    }
    #[cfg(backstitch_threads)]
    #[inline(always)]
    unsafe fn load_relaxed(address: *const u8) -> V128 {
        // SAFETY: as promised.
        let [low, high] = unsafe {
            [
                u64::load_relaxed(address),
                u64::load_relaxed(address.add(8)),
            ]
        };
        V128::from_slots(low, high)
    }
    #[cfg(backstitch_threads)]
    #[inline(always)]
    unsafe fn store_relaxed(self, address: *mut u8) {
        let [low, high] = self.to_slots();
        // SAFETY: as promised.
        unsafe {
            low.store_relaxed(address);
            high.store_relaxed(address.add(8));
        }
    }
}

/// A load.
pub trait LoadOp: OpType {
    /// The type in memory.
    type Stored: Stored;
    /// The type on the stack.
    type Result: Value;
    /// Converts the loaded value.
    fn extend<L: Level>(stored: Self::Stored) -> Self::Result;
}

/// A store.
pub trait StoreOp: OpType {
    /// The type on the stack.
    type Operand: Value;
    /// The type in memory.
    type Stored: Stored;
    /// Converts the value to be stored.
    fn wrap(value: Self::Operand) -> Self::Stored;
}

impl Regs {
    /// Returns the address of `size` bytes of memory 0, which end at `end`, if they are within its bounds.
    #[inline(always)]
    unsafe fn within(&self, end: u64, size: u64) -> Option<*mut u8> {
        // The end is compared, and the address is computed from the end: that takes one
        // register less than keeping both, and handlers have few.
        let end = opaque(end);
        if end > self.len as u64 {
            return None;
        }
        // SAFETY: H3: `mem` is the base of `len` bytes (X3).
        Some(unsafe { self.mem.add(end as usize).sub(size as usize) })
    }

    /// As [`Regs::within`], of a memory that other threads may make larger: `len` may be less than
    /// its size.
    #[cfg(backstitch_threads)]
    #[inline(always)]
    pub(super) unsafe fn within_shared(&mut self, end: u64, size: u64) -> Option<*mut u8> {
        let end = opaque(end);
        // SAFETY: X2, H1; H3: the base of a memory that is not exclusive never changes.
        unsafe {
            if end > self.len as u64 {
                self.len = (*(*(*self.ctx).instance).memory0).len();
                if end > self.len as u64 {
                    return None;
                }
            }
            Some(self.mem.add(end as usize).sub(size as usize))
        }
    }

    /// Returns the address of `size` bytes at `address` plus `offset` of memory `memory`, if
    /// they are within its bounds.
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
            // As in `within`, the address is computed from the end.
            let end = opaque(address.checked_add(offset)?.checked_add(size)?);
            if end > (*core).len() as u64 {
                return None;
            }
            Some((*core).base.add(end as usize).sub(size as usize))
        }
    }
}

/// The form of an address in memory 0: one of the markers of
/// [`shape`](crate::code::shape).
pub trait Form: Marks<Address> {
    /// Returns the end of the access, whose fields the layout has.
    ///
    /// # Safety
    ///
    /// X1: the cell has such an address.
    unsafe fn end(r: &Regs, fields: Fields) -> u64;
}

/// The source of an address with 32 bits.
pub trait AddressSource: Source<u32> {
    /// Reads the address, whose field, if it has one, begins at a byte of the cell.
    ///
    /// # Safety
    ///
    /// X1: the cell has such an operand.
    unsafe fn read_address(r: &Regs, byte: usize) -> u64;
}

impl AddressSource for Slot {
    #[inline(always)]
    unsafe fn read_address(r: &Regs, byte: usize) -> u64 {
        // SAFETY: X1.
        let address: u32 = unsafe { Slot::read(r, byte) };
        u64::from(address)
    }
}

impl AddressSource for Acc {
    #[inline(always)]
    unsafe fn read_address(r: &Regs, _: usize) -> u64 {
        // X4: there is nothing to extend.
        debug_assert!(r.acc <= u64::from(u32::MAX), "the accumulator has an i32");
        r.acc
    }
}

/// The places of the fields of an address.
#[derive(Clone, Copy)]
pub struct Fields {
    base: usize,
    index: usize,
    offset: usize,
}

impl Fields {
    /// Returns the places in a layout.
    pub(super) const fn of(layout: &Layout) -> Fields {
        Fields {
            base: layout.operand("base"),
            index: layout.operand("index"),
            offset: layout.operand("offset"),
        }
    }
}

impl<A: AddressSource> Form for Based<A>
where
    Based<A>: Marks<Address>,
{
    #[inline(always)]
    unsafe fn end(r: &Regs, fields: Fields) -> u64 {
        // SAFETY: X1.
        unsafe { A::read_address(r, fields.base) + u64::from(r.u32_at(fields.offset)) }
    }
}

impl<A: Source<u32>> Form for Indexed<A>
where
    Indexed<A>: Marks<Address>,
{
    #[inline(always)]
    unsafe fn end(r: &Regs, fields: Fields) -> u64 {
        // SAFETY: X1.
        unsafe {
            let index: u32 = Slot::read(r, fields.index);
            let address = A::read(r, fields.base).wrapping_add(index);
            u64::from(address) + u64::from(r.u16_at(fields.offset))
        }
    }
}

impl Form for Fixed {
    #[inline(always)]
    unsafe fn end(r: &Regs, fields: Fields) -> u64 {
        // SAFETY: X1.
        u64::from(unsafe { r.u32_at(fields.offset) })
    }
}

impl<O: OpType, S: Shape> Apply<O, S> {
    /// Returns the address of the `size` bytes that the base, the memory and the offset of the cell
    /// name, if they are within its bounds.
    ///
    /// # Safety
    ///
    /// X1, X2, S1: the shape has these fields.
    #[inline(always)]
    pub(super) unsafe fn any_address(r: &Regs, size: u64) -> Option<*mut u8> {
        // SAFETY: X1, X2, S1.
        unsafe {
            let base = *r.slot_at(const { Self::LAYOUT.byte("base", FieldKind::NearSlot) });
            let memory = r.u32_at(const { Self::LAYOUT.byte("memory", FieldKind::U32) });
            let offset = r.u64_at(const { Self::LAYOUT.byte("offset", FieldKind::U64) });
            r.within_any(memory, base, offset, size)
        }
    }

    /// Returns the operand that is stored by a cell with a slot for it.
    ///
    /// # Safety
    ///
    /// X1, S1: the shape has such a field.
    #[inline(always)]
    pub(super) unsafe fn any_value<V: Value>(r: &Regs) -> V {
        // SAFETY: X1, S1.
        unsafe { V::read(r.slot_at(const { Self::LAYOUT.byte("value", FieldKind::NearSlot) })) }
    }
}

impl<O: LoadOp, S: Shape> Apply<O, S> {
    /// Finishes a load by the cell: `load` loads from the address, unless it is out of bounds.
    ///
    /// # Safety
    ///
    /// X1, S1, H3: the shape is that of a load.
    #[inline(always)]
    pub(super) unsafe fn finish_load<L: Level, R: Sink<O::Result>>(
        r: &mut Regs,
        address: Option<*mut u8>,
        load: impl FnOnce(*const u8) -> O::Stored,
    ) -> Step {
        // SAFETY: X1, S1.
        unsafe {
            match address {
                Some(address) => {
                    let value = O::extend::<L>(load(address));
                    R::write(r, const { Self::LAYOUT.operand("result") }, value);
                    r.advance(const { Self::LAYOUT.words() })
                }
                None => r.trap(Trap::MemoryOutOfBounds),
            }
        }
    }
}

impl<O: StoreOp, S: Shape> Apply<O, S> {
    /// Finishes a store by the cell: `store` stores to the address, unless it is out of bounds.
    ///
    /// # Safety
    ///
    /// X1, S1, H3: the shape is that of a store.
    #[inline(always)]
    pub(super) unsafe fn finish_store(
        r: &mut Regs,
        address: Option<*mut u8>,
        store: impl FnOnce(&Regs, *mut u8),
    ) -> Step {
        // SAFETY: X1, S1.
        unsafe {
            match address {
                Some(address) => {
                    store(r, address);
                    r.advance(const { Self::LAYOUT.words() })
                }
                None => r.trap(Trap::MemoryOutOfBounds),
            }
        }
    }
}

impl<O: LoadOp, A: Form, R: Sink<O::Result>> Cell for Apply<O, LoadFrom<A, R>> {
    const WORDS: usize = Self::LAYOUT.words();
    const VECTOR: bool = Self::VECTOR;

    #[inline(always)]
    unsafe fn run<L: Level>(r: &mut Regs) -> Step {
        // SAFETY: X1, X3, S1, H3.
        unsafe {
            let end = A::end(r, const { Fields::of(&Self::LAYOUT) });
            let address = r.within(end, O::Stored::SIZE);
            Self::finish_load::<L, R>(r, address, |address| O::Stored::load(address))
        }
    }
}

impl<O: LoadOp, R: Sink<O::Result>> Cell for Apply<O, LoadAny<R>> {
    const WORDS: usize = Self::LAYOUT.words();
    const VECTOR: bool = Self::VECTOR;

    #[inline(always)]
    unsafe fn run<L: Level>(r: &mut Regs) -> Step {
        // SAFETY: X1, X2, S1, H3.
        unsafe {
            let address = Self::any_address(r, O::Stored::SIZE);
            Self::finish_load::<L, R>(r, address, |address| O::Stored::load(address))
        }
    }
}

impl<O: StoreOp, A: Form, V: Source<O::Operand>> Cell for Apply<O, StoreTo<A, V>> {
    const WORDS: usize = Self::LAYOUT.words();
    const VECTOR: bool = Self::VECTOR;

    #[inline(always)]
    unsafe fn run<L: Level>(r: &mut Regs) -> Step {
        // SAFETY: X1, X3, S1, H3.
        unsafe {
            let end = A::end(r, const { Fields::of(&Self::LAYOUT) });
            let address = r.within(end, O::Stored::SIZE);
            Self::finish_store(r, address, |r, address| {
                let value = const { Self::LAYOUT.either("value", "value_constant") };
                O::wrap(V::read_indexed(r, value)).store(address);
            })
        }
    }
}

impl<O: StoreOp> Cell for Apply<O, StoreAny> {
    const WORDS: usize = Self::LAYOUT.words();
    const VECTOR: bool = Self::VECTOR;

    #[inline(always)]
    unsafe fn run<L: Level>(r: &mut Regs) -> Step {
        // SAFETY: X1, X2, S1, H3.
        unsafe {
            let address = Self::any_address(r, O::Stored::SIZE);
            Self::finish_store(r, address, |r, address| {
                O::wrap(Self::any_value::<O::Operand>(r)).store(address);
            })
        }
    }
}

impl Execute for MemorySize {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1, X2, S1, H1: the instance has such a memory, by validation.
        unsafe {
            let memory = r.get(MemorySize::memory);
            let core = *(*(*r.ctx).instance).memories.add(memory.memory() as usize);
            *r.slot(MemorySize::result) = ((*core).len() >> memory.page_size_log2()) as u64;
            r.next::<Self>()
        }
    }
}

impl Regs {
    /// Leaves the op of this cell, which has more to do than a piece or is out of fuel, to the
    /// driver.
    #[inline(always)]
    unsafe fn serve<C: Row>(&mut self) -> Step {
        // SAFETY: X2.
        unsafe {
            (*self.ctx).service = C::OP as u16;
            self.exit(Exit::Service)
        }
    }

    /// Returns whether `size` bytes are one piece, and charges them if the op is metered. If there
    /// is not enough fuel for them, the driver does the op.
    #[inline(always)]
    unsafe fn begin_piece<const METERED: bool>(&mut self, size: u64) -> bool {
        // SAFETY: X2.
        unsafe {
            if METERED {
                let left = (*self.ctx).fuel - size.cast_signed();
                if left < 0 {
                    return false;
                }
                if size <= PIECE {
                    (*self.ctx).fuel = left;
                }
            }
        }
        size <= PIECE
    }

    /// Copies bytes within memory 0 by the cell of `C`, whose operands begin at `operands`.
    #[inline(always)]
    unsafe fn copy_bytes<C: Row, const METERED: bool>(&mut self, operands: *mut u64) -> Step {
        // SAFETY: X1, X3, S1, H3: both ranges are within the memory.
        unsafe {
            let size = u64::from(*operands.add(2) as u32);
            let to = self.within(u64::from(*operands as u32) + size, size);
            let from = self.within(u64::from(*operands.add(1) as u32) + size, size);
            match (to, from) {
                (Some(to), Some(from)) if self.begin_piece::<METERED>(size) => {
                    ptr::copy(from, to, size as usize);
                    self.next::<C>()
                }
                (Some(_), Some(_)) => self.serve::<C>(),
                _ => self.trap(Trap::MemoryOutOfBounds),
            }
        }
    }

    /// Fills bytes of memory 0 by the cell of `C`, whose operands begin at `operands`.
    #[inline(always)]
    unsafe fn fill_bytes<C: Row, const METERED: bool>(&mut self, operands: *mut u64) -> Step {
        // SAFETY: X1, X3, S1, H3: the range is within the memory.
        unsafe {
            let size = u64::from(*operands.add(2) as u32);
            match self.within(u64::from(*operands as u32) + size, size) {
                Some(to) if self.begin_piece::<METERED>(size) => {
                    ptr::write_bytes(to, *operands.add(1) as u8, size as usize);
                    self.next::<C>()
                }
                Some(_) => self.serve::<C>(),
                None => self.trap(Trap::MemoryOutOfBounds),
            }
        }
    }
}

impl Execute for MemoryCopy {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1, S1.
        unsafe { r.copy_bytes::<Self, false>(r.far_slot(MemoryCopy::operands)) }
    }
}

impl Execute for MemoryFill {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1, S1.
        unsafe { r.fill_bytes::<Self, false>(r.far_slot(MemoryFill::operands)) }
    }
}

impl Execute for MemoryCopyMetered {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1, S1.
        unsafe { r.copy_bytes::<Self, true>(r.far_slot(MemoryCopyMetered::operands)) }
    }
}

impl Execute for MemoryFillMetered {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1, S1.
        unsafe { r.fill_bytes::<Self, true>(r.far_slot(MemoryFillMetered::operands)) }
    }
}
