//! Creation of structures and arrays.
//!
//! Handlers take a free cell of the object's size class and initialise it. If there is none, the
//! driver makes some, or the object is large, and the cell is executed again or done by the driver.

use super::cell::Execute;
use super::regs::{Regs, Step};
use crate::code::cells::{
    ArrayNew, ArrayNewData, ArrayNewDataRest, ArrayNewDefault, ArrayNewElem, ArrayNewElemRest,
    ArrayNewFixed, ArrayNewRest, Row, StructNew, StructNew1, StructNew2, StructNew3, StructNew4,
    StructNewDefault,
};
use crate::heap::ObjectCore;
use crate::ids::TypeId;
use crate::module::{ARRAY_HEADER, FieldLayout, ObjectLayout, Storage};
use crate::support::size_class::{BY_SIZE, LARGE};

/// Size of the arrays that handlers create, in bytes.
const MOST_BYTES: u64 = 2048;

/// Writes the value in a slot, or in two, to a field. Returns the slot behind it.
///
/// # Safety
///
/// The field is within a live object, and the slots within the frame.
#[inline(always)]
unsafe fn write_field(field: *mut u8, storage: Storage, slot: *const u64) -> *const u64 {
    // SAFETY: as promised; fields are aligned to their size, or to 8 bytes.
    unsafe {
        match storage {
            Storage::I8 => *field = *slot as u8,
            Storage::I16 => *field.cast::<u16>() = *slot as u16,
            Storage::Word | Storage::Object | Storage::Exn => *field.cast::<u32>() = *slot as u32,
            Storage::Double | Storage::Cont => *field.cast::<u64>() = *slot,
            Storage::Vector => {
                *field.cast::<u64>() = *slot;
                *field.cast::<u64>().add(1) = *slot.add(1);
                return slot.add(2);
            }
        }
        slot.add(1)
    }
}

impl Regs {
    /// Returns the layout of a type that the running instance has.
    #[inline(always)]
    pub(super) unsafe fn layout(&self, ty: TypeId) -> *const ObjectLayout {
        // SAFETY: X2, H5.
        unsafe { (*ObjectCore::type_entry((*self.ctx).objects, ty.0)).layout }
    }

    /// Takes a free cell of a size class, if handlers create objects of that class and there is one.
    #[inline(always)]
    unsafe fn take_cell(&mut self, class: u32) -> Option<(u32, *mut u8)> {
        if class == u32::from(LARGE) {
            return None;
        }
        // SAFETY: X2, H5.
        unsafe { ObjectCore::take_cell((*self.ctx).objects, class as usize) }
    }

    /// Takes a free cell for an array, if handlers create arrays of that size and there is one.
    /// Writes the type and the length.
    #[inline(always)]
    unsafe fn take_array(&mut self, ty: TypeId, len: u32, size: u32) -> Option<(u32, *mut u8)> {
        let bytes = u64::from(len) * u64::from(size) + u64::from(ARRAY_HEADER);
        if bytes > MOST_BYTES {
            return None;
        }
        // SAFETY: X2, H5: the table has an entry for each such size.
        unsafe {
            let class = *BY_SIZE.as_ptr().add((bytes as usize).div_ceil(8));
            let (object, address) = ObjectCore::take_cell((*self.ctx).objects, class.into())?;
            *address.cast::<u32>() = ty.0;
            *address.cast::<u32>().add(1) = len;
            Some((object, address.add(ARRAY_HEADER as usize)))
        }
    }

    /// Puts a new object into the first operand's slot and into the accumulator.
    #[inline(always)]
    unsafe fn created(&mut self, operands: *mut u64, object: u32, words: usize) -> Step {
        // SAFETY: X1, S1.
        unsafe {
            self.acc = u64::from(object);
            *operands = self.acc;
            self.advance(words)
        }
    }
}

impl Execute for StructNew {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1, X2, S1, H5: the operands are as many as the fields.
        unsafe {
            let Some((object, address)) = r.take_cell(r.get(StructNew::class)) else {
                return r.serve_op(Self::OP);
            };
            let ty = r.get(StructNew::ty);
            let operands = r.far_slot(StructNew::operands);
            *address.cast::<u32>() = ty.0;
            let fields = &(*r.layout(ty)).fields;
            let mut field: *const FieldLayout = fields.as_ptr();
            let end = field.add(fields.len());
            let mut slot = operands.cast_const();
            while field < end {
                let FieldLayout { offset, storage } = *field;
                slot = write_field(address.add(offset as usize), storage, slot);
                field = field.add(1);
            }
            r.created(operands, object, Self::WORDS)
        }
    }
}

/// Defines the creation of a structure whose fields are 32-bit operands in slots.
macro_rules! small_structs {
    ($($op:ident: $($field:ident)*;)*) => {$(
        impl Execute for $op {
            #[inline(always)]
            unsafe fn run(r: &mut Regs) -> Step {
                // SAFETY: X1, X2, S1, H5: the cell is as large as the object.
                unsafe {
                    let Some((object, address)) = r.take_cell(r.get($op::class).into()) else {
                        return r.serve_op(Self::OP);
                    };
                    let mut word = address.cast::<u32>();
                    *word = r.get($op::ty).0;
                    $(
                        word = word.add(1);
                        *word = *r.slot($op::$field) as u32;
                    )*
                    r.acc = u64::from(object);
                    *r.slot($op::result) = r.acc;
                    r.next::<Self>()
                }
            }
        }
    )*};
}

small_structs! {
    StructNew1: a;
    StructNew2: a b;
    StructNew3: a b c;
    StructNew4: a b c d;
}

impl Execute for StructNewDefault {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1, X2, S1, H5: the cell is as large as the object.
        unsafe {
            let Some((object, address)) = r.take_cell(r.get(StructNewDefault::class)) else {
                return r.serve_op(Self::OP);
            };
            let ty = r.get(StructNewDefault::ty);
            let mut next = address.cast::<u64>();
            let end = address.add((*r.layout(ty)).size as usize).cast::<u64>();
            while next < end {
                // Volatile keeps it a loop: a call of `memset` would cost the handler a frame.
                next.write_volatile(0);
                next = next.add(1);
            }
            *address.cast::<u32>() = ty.0;
            r.created(r.far_slot(StructNewDefault::operands), object, Self::WORDS)
        }
    }
}

impl Execute for ArrayNew {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1, X2, S1, H5: the value is in one slot, or in two, and the length behind it.
        unsafe {
            let ty = r.get(ArrayNew::ty);
            let operands = r.far_slot(ArrayNew::operands);
            let storage = (*(*r.layout(ty)).fields.as_ptr()).storage;
            let size = storage.size();
            let len = *operands.add(if size == 16 { 2 } else { 1 }) as u32;
            let metered = r.get(ArrayNew::metered) != 0;
            let taken = if metered {
                None
            } else {
                r.take_array(ty, len, size)
            };
            let Some((object, mut element)) = taken else {
                // The collector must not find a former value there.
                *r.far_slot(ArrayNew::hidden) = 0;
                return r.serve_op(Self::OP);
            };
            let end = element.add((len * size) as usize);
            while element < end {
                write_field(element, storage, operands);
                element = element.add(size as usize);
            }
            r.created(operands, object, Self::WORDS + ArrayNewRest::WORDS)
        }
    }
}

impl Execute for ArrayNewDefault {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1, X2, S1, H5: the cell is as large as the array.
        unsafe {
            let ty = r.get(ArrayNewDefault::ty);
            let operands = r.far_slot(ArrayNewDefault::operands);
            let size = (*(*r.layout(ty)).fields.as_ptr()).storage.size();
            let len = *operands as u32;
            let metered = r.get(ArrayNewDefault::metered) != 0;
            let taken = if metered {
                None
            } else {
                r.take_array(ty, len, size)
            };
            let Some((object, elements)) = taken else {
                return r.serve_op(Self::OP);
            };
            let mut next = elements.cast::<u64>();
            let end = elements.add((len * size) as usize).cast::<u64>();
            while next < end {
                // Volatile keeps it a loop: a call of `memset` would cost the handler a frame.
                next.write_volatile(0);
                next = next.add(1);
            }
            r.created(operands, object, Self::WORDS)
        }
    }
}

impl Execute for ArrayNewFixed {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1, X2, S1, H5: there are `count` operands.
        unsafe {
            let ty = r.get(ArrayNewFixed::ty);
            let operands = r.far_slot(ArrayNewFixed::operands);
            let storage = (*(*r.layout(ty)).fields.as_ptr()).storage;
            let size = storage.size();
            let len = r.get(ArrayNewFixed::count);
            let Some((object, mut element)) = r.take_array(ty, len, size) else {
                return r.serve_op(Self::OP);
            };
            let end = element.add((len * size) as usize);
            let mut slot = operands.cast_const();
            while element < end {
                slot = write_field(element, storage, slot);
                element = element.add(size as usize);
            }
            r.created(operands, object, Self::WORDS)
        }
    }
}

impl Execute for ArrayNewData {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        const { assert!(Self::WORDS == ArrayNewDataRest::WORDS) };
        // SAFETY: X1, X2, S1.
        unsafe {
            *r.far_slot(ArrayNewData::hidden) = 0;
            r.serve_op(Self::OP)
        }
    }
}

impl Execute for ArrayNewElem {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        const { assert!(Self::WORDS == ArrayNewElemRest::WORDS) };
        // SAFETY: X1, X2, S1.
        unsafe {
            *r.far_slot(ArrayNewElem::hidden) = 0;
            r.serve_op(Self::OP)
        }
    }
}
