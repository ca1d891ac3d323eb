//! Accesses to structures and arrays.
//!
//! A write of a reference informs the collector while it marks: that is one test, whose outcome
//! is the same for as long as a collection marks or does not.

use super::cell::{Apply, Cell, Execute};
use super::memory::{LoadOp, StoreOp};
use super::operand::{Sink, Source};
use super::regs::{Regs, Step};
use crate::code::cells::{
    ArrayCopy, ArrayGetV128, ArraySetV128, Row, StructGetV128, StructSetV128,
};
use crate::code::shape::{GetElement, GetField, SetElement, SetField, Shape, Slot};
use crate::code::{FieldKind, Op, Trap};
use crate::heap::{ObjectCore, is_object};
use crate::module::{ARRAY_HEADER, ValBits};
use crate::stack::Exit;
use crate::support::vector::Level;

impl Regs {
    /// Leaves the op of this cell to the driver.
    #[inline(always)]
    pub(super) unsafe fn serve_op(&mut self, op: Op) -> Step {
        // SAFETY: X2.
        unsafe {
            (*self.ctx).service = op as u16;
            self.exit(Exit::Service)
        }
    }

    /// Returns the address of an object that is not null.
    #[inline(always)]
    pub(super) unsafe fn object(&self, object: u32) -> *mut u8 {
        // SAFETY: X2, H5.
        unsafe { ObjectCore::address((*self.ctx).objects, object) }
    }

    /// Returns the address of an element of `size` bytes of an array.
    #[inline(always)]
    unsafe fn array_element(&self, array: u32, index: u32, size: usize) -> Result<*mut u8, Trap> {
        if array == 0 {
            return Err(Trap::NullReference);
        }
        // SAFETY: X2, H5: an array has its length in the second word, and its elements behind that.
        unsafe {
            let address = self.object(array);
            if index >= *address.cast::<u32>().add(1) {
                return Err(Trap::ArrayOutOfBounds);
            }
            Ok(address.add(ARRAY_HEADER as usize + index as usize * size))
        }
    }

    /// Informs the collector, if it marks, that a reference is about to be written to an object.
    /// Returns false if the driver must make room first.
    #[inline(always)]
    unsafe fn shade(&self, bits: u32) -> bool {
        // SAFETY: X2, H5.
        unsafe {
            let core = (*self.ctx).objects;
            (*core).is_marking == 0
                || bits == 0
                || !is_object(bits)
                || ObjectCore::shade(core, bits)
        }
    }
}

/// Returns whether an op writes references to objects and host values.
const fn shades(op: Op) -> bool {
    matches!(op, Op::StructSetRef | Op::ArraySetRef)
}

/// A value that an object can hold, in the low bits of a slot.
pub trait Shadable: Copy {
    /// Returns the bits of a reference.
    fn reference(self) -> u32;
}

impl Shadable for u32 {
    #[inline(always)]
    fn reference(self) -> u32 {
        self
    }
}

impl Shadable for u64 {
    #[inline(always)]
    fn reference(self) -> u32 {
        self as u32
    }
}

impl<O: LoadOp, A: Source<u32>, R: Sink<O::Result>> Cell for Apply<O, GetField<A, R>>
where
    GetField<A, R>: Shape,
{
    const WORDS: usize = Self::LAYOUT.words();

    #[inline(always)]
    unsafe fn run<L: Level>(r: &mut Regs) -> Step {
        // SAFETY: X1, X2, S1, H5: the object has the field, by validation.
        unsafe {
            let object = A::read(r, const { Self::LAYOUT.operand("object") });
            if object == 0 {
                return r.trap(Trap::NullReference);
            }
            let offset = r.u32_at(const { Self::LAYOUT.byte("offset", FieldKind::U32) });
            let field = r.object(object).add(offset as usize);
            let value = O::extend::<L>(field.cast::<O::Stored>().read());
            R::write(r, const { Self::LAYOUT.operand("result") }, value);
            r.advance(Self::WORDS)
        }
    }
}

impl<O: StoreOp, A: Source<u32>, V: Source<O::Operand>> Cell for Apply<O, SetField<A, V>>
where
    SetField<A, V>: Shape,
    O::Operand: Shadable,
{
    const WORDS: usize = Self::LAYOUT.words();

    #[inline(always)]
    unsafe fn run<L: Level>(r: &mut Regs) -> Step {
        // SAFETY: X1, X2, S1, H5: the object has the field, by validation.
        unsafe {
            let object = A::read(r, const { Self::LAYOUT.operand("object") });
            if object == 0 {
                return r.trap(Trap::NullReference);
            }
            // The address first: it takes several registers to compute, and then one.
            let offset = r.u32_at(const { Self::LAYOUT.byte("offset", FieldKind::U32) });
            let field = r.object(object).add(offset as usize);
            let value = V::read(r, const { Self::LAYOUT.either("value", "value_constant") });
            if const { shades(O::OP) } && !r.shade(value.reference()) {
                return r.serve_op(O::OP);
            }
            field.cast::<O::Stored>().write(O::wrap(value));
            r.advance(Self::WORDS)
        }
    }
}

impl<O: LoadOp, A: Source<u32>, I: Source<u32>, R: Sink<O::Result>> Cell
    for Apply<O, GetElement<A, I, R>>
where
    GetElement<A, I, R>: Shape,
{
    const WORDS: usize = Self::LAYOUT.words();

    #[inline(always)]
    unsafe fn run<L: Level>(r: &mut Regs) -> Step {
        // SAFETY: X1, X2, S1, H5.
        unsafe {
            let array = A::read(r, const { Self::LAYOUT.operand("array") });
            let index = I::read(r, const { Self::LAYOUT.operand("index") });
            match r.array_element(array, index, size_of::<O::Stored>()) {
                Ok(element) => {
                    let value = O::extend::<L>(element.cast::<O::Stored>().read());
                    R::write(r, const { Self::LAYOUT.operand("result") }, value);
                    r.advance(Self::WORDS)
                }
                Err(trap) => r.trap(trap),
            }
        }
    }
}

impl<O: StoreOp, I: Source<u32>, V: Source<O::Operand>> Cell for Apply<O, SetElement<I, V>>
where
    SetElement<I, V>: Shape,
    O::Operand: Shadable,
{
    const WORDS: usize = Self::LAYOUT.words();

    #[inline(always)]
    unsafe fn run<L: Level>(r: &mut Regs) -> Step {
        // SAFETY: X1, X2, S1, H5.
        unsafe {
            let array = Slot::read(r, const { Self::LAYOUT.operand("array") });
            let index = I::read(r, const { Self::LAYOUT.operand("index") });
            match r.array_element(array, index, size_of::<O::Stored>()) {
                Ok(element) => {
                    let value =
                        V::read(r, const { Self::LAYOUT.either("value", "value_constant") });
                    if const { shades(O::OP) } && !r.shade(value.reference()) {
                        return r.serve_op(O::OP);
                    }
                    element.cast::<O::Stored>().write(O::wrap(value));
                    r.advance(Self::WORDS)
                }
                Err(trap) => r.trap(trap),
            }
        }
    }
}

/// Maximum number of bytes that a handler copies.
const MOST_COPIED: u64 = 256;

/// Copies bytes, the first ones first. The destination may overlap bytes behind it.
///
/// # Safety
///
/// `from` is valid for reads of `len` bytes and `to` for writes.
#[inline(always)]
unsafe fn copy_up(mut to: *mut u8, mut from: *const u8, mut len: usize) {
    // SAFETY: as promised. A word that has been written ends before the next one that is read.
    unsafe {
        while len >= size_of::<u64>() {
            let word = from.cast::<u64>().read_unaligned();
            to.cast::<u64>().write_unaligned(word);
            to = to.add(size_of::<u64>());
            from = from.add(size_of::<u64>());
            len -= size_of::<u64>();
        }
        while len > 0 {
            // Volatile keeps it a loop that is not unrolled.
            to.write_volatile(from.read());
            to = to.add(1);
            from = from.add(1);
            len -= 1;
        }
    }
}

impl Execute for ArrayCopy {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1, X2, S1, H5: there are five operands, and the elements of both arrays have one
        // size.
        unsafe {
            let operands = r.far_slot(ArrayCopy::operands);
            let operand = |index: usize| *operands.add(index) as u32;
            let (to, from) = (operand(0), operand(2));
            let (to_start, from_start, len) = (operand(1), operand(3), operand(4));
            let storage = (*(*r.layout(r.get(ArrayCopy::ty))).fields.as_ptr()).storage;
            let size = u64::from(storage.size());
            let bytes = u64::from(len) * size;
            // The driver does everything else, and traps.
            let is_simple = to != 0
                && from != 0
                && bytes <= MOST_COPIED
                && r.get(ArrayCopy::metered) == 0
                && (to != from || to_start <= from_start)
                && (!storage.is_traced() || (*(*r.ctx).objects).is_marking == 0);
            if !is_simple {
                return r.serve_op(Self::OP);
            }
            let (to, from) = (r.object(to), r.object(from));
            let is_within = |array: *mut u8, start: u32| {
                u64::from(start) + u64::from(len) <= u64::from(*array.cast::<u32>().add(1))
            };
            if !is_within(to, to_start) || !is_within(from, from_start) {
                return r.serve_op(Self::OP);
            }
            let byte = |start: u32| (u64::from(ARRAY_HEADER) + u64::from(start) * size) as usize;
            copy_up(
                to.add(byte(to_start)),
                from.add(byte(from_start)),
                bytes as usize,
            );
            r.next::<Self>()
        }
    }
}

impl Execute for StructGetV128 {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1, X2, S1, H5: the object has the field, which is aligned to a slot.
        unsafe {
            let object = *r.slot(StructGetV128::object) as u32;
            if object == 0 {
                return r.trap(Trap::NullReference);
            }
            let offset = r.get(StructGetV128::offset) as usize;
            let bits = *r.object(object).add(offset).cast::<ValBits>();
            *r.slot(StructGetV128::result).cast::<ValBits>() = bits;
            r.next::<Self>()
        }
    }
}

impl Execute for StructSetV128 {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1, X2, S1, H5: the object has the field, which is aligned to a slot.
        unsafe {
            let object = *r.slot(StructSetV128::object) as u32;
            if object == 0 {
                return r.trap(Trap::NullReference);
            }
            let offset = r.get(StructSetV128::offset) as usize;
            let bits = *r.slot(StructSetV128::value).cast::<ValBits>();
            *r.object(object).add(offset).cast::<ValBits>() = bits;
            r.next::<Self>()
        }
    }
}

impl Execute for ArrayGetV128 {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1, X2, S1, H5: elements are aligned to a slot.
        unsafe {
            let array = *r.slot(ArrayGetV128::array) as u32;
            let index = *r.slot(ArrayGetV128::index) as u32;
            match r.array_element(array, index, size_of::<ValBits>()) {
                Ok(element) => {
                    let bits = *element.cast::<ValBits>();
                    *r.slot(ArrayGetV128::result).cast::<ValBits>() = bits;
                    r.next::<Self>()
                }
                Err(trap) => r.trap(trap),
            }
        }
    }
}

impl Execute for ArraySetV128 {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1, X2, S1, H5: elements are aligned to a slot.
        unsafe {
            let array = *r.slot(ArraySetV128::array) as u32;
            let index = *r.slot(ArraySetV128::index) as u32;
            match r.array_element(array, index, size_of::<ValBits>()) {
                Ok(element) => {
                    *element.cast::<ValBits>() = *r.slot(ArraySetV128::value).cast::<ValBits>();
                    r.next::<Self>()
                }
                Err(trap) => r.trap(trap),
            }
        }
    }
}
