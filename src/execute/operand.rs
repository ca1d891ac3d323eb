//! Values, the sources of operands, and the destinations of results.

use super::regs::Regs;
use crate::code::Scalar;
use crate::code::shape::{Acc, AccAndSlot, Imm, Marks, Out, Place, Slot, Wide};
#[cfg(feature = "simd")]
use crate::support::vector::{Saved, V128};

/// A WebAssembly value, as a Rust type.
pub trait Value: Copy {
    /// Whether immediates have 64 bits.
    const WIDE: bool = Self::SCALAR.has_wide_immediates();
    /// The type in the op table.
    const SCALAR: Scalar;
    /// Reads the value in a slot.
    ///
    /// # Safety
    ///
    /// S1: the slots of the value lie within the frame.
    unsafe fn read(slot: *const u64) -> Self;
    /// Writes the value to a slot.
    ///
    /// # Safety
    ///
    /// As for `read`.
    unsafe fn write(self, slot: *mut u64);
    /// Returns the slot that the 16-bit field at a byte of the cell names.
    ///
    /// # Safety
    ///
    /// X1: the cell has such a field.
    unsafe fn slot(r: &Regs, byte: usize) -> *mut u64;
    /// Reads the accumulator of the type.
    fn from_acc(r: &Regs) -> Self;
    /// Writes the accumulator of the type.
    fn to_acc(self, r: &mut Regs);
}

/// A value that takes one slot.
pub trait Word: Value {
    /// Returns the value in a slot.
    fn from_slot(bits: u64) -> Self;
    /// Returns the bits of a slot that holds the value.
    fn to_slot(self) -> u64;
    /// Returns the value of a 32-bit immediate.
    fn from_immediate(bits: u32) -> Self;
}

/// Defines how a [`Word`] is read from a slot, and written to one.
macro_rules! in_one_slot {
    () => {
        #[inline(always)]
        unsafe fn read(slot: *const u64) -> Self {
            // SAFETY: as promised.
            Self::from_slot(unsafe { *slot })
        }
        #[inline(always)]
        unsafe fn write(self, slot: *mut u64) {
            // SAFETY: as promised.
            unsafe { *slot = self.to_slot() };
        }
    };
}

macro_rules! integer {
    ($ty:ident, $unsigned:ident, |$bits:ident| $extended:expr) => {
        impl Value for $ty {
            const SCALAR: Scalar = Scalar::$ty;
            in_one_slot!();
            #[inline(always)]
            unsafe fn slot(r: &Regs, byte: usize) -> *mut u64 {
                // SAFETY: X1.
                unsafe { r.slot_at(byte) }
            }
            #[inline(always)]
            fn from_acc(r: &Regs) -> $ty {
                r.acc as $ty
            }
            #[inline(always)]
            fn to_acc(self, r: &mut Regs) {
                r.acc = self.to_slot();
            }
        }

        impl Word for $ty {
            #[inline(always)]
            fn from_slot(bits: u64) -> $ty {
                bits as $ty
            }
            #[inline(always)]
            fn to_slot(self) -> u64 {
                u64::from(self as $unsigned)
            }
            #[inline(always)]
            fn from_immediate($bits: u32) -> $ty {
                $extended
            }
        }
    };
}

integer!(u32, u32, |bits| bits);
integer!(i32, u32, |bits| bits as i32);
integer!(u64, u64, |bits| bits as i32 as u64);
integer!(i64, u64, |bits| i64::from(bits as i32));

impl Value for f32 {
    const SCALAR: Scalar = Scalar::f32;
    in_one_slot!();
    #[inline(always)]
    unsafe fn slot(r: &Regs, byte: usize) -> *mut u64 {
        // SAFETY: X1.
        unsafe { r.indexed_slot_at(byte) }
    }
    #[inline(always)]
    fn from_acc(r: &Regs) -> f32 {
        r.f32acc
    }
    #[inline(always)]
    fn to_acc(self, r: &mut Regs) {
        r.f32acc = self;
    }
}

impl Word for f32 {
    #[inline(always)]
    fn from_slot(bits: u64) -> f32 {
        f32::from_bits(bits as u32)
    }
    #[inline(always)]
    fn to_slot(self) -> u64 {
        u64::from(self.to_bits())
    }
    #[inline(always)]
    fn from_immediate(bits: u32) -> f32 {
        f32::from_bits(bits)
    }
}

impl Value for f64 {
    const SCALAR: Scalar = Scalar::f64;
    in_one_slot!();
    #[inline(always)]
    unsafe fn slot(r: &Regs, byte: usize) -> *mut u64 {
        // SAFETY: X1.
        unsafe { r.indexed_slot_at(byte) }
    }
    #[inline(always)]
    fn from_acc(r: &Regs) -> f64 {
        r.f64acc
    }
    #[inline(always)]
    fn to_acc(self, r: &mut Regs) {
        r.f64acc = self;
    }
}

impl Word for f64 {
    #[inline(always)]
    fn from_slot(bits: u64) -> f64 {
        f64::from_bits(bits)
    }
    #[inline(always)]
    fn to_slot(self) -> u64 {
        self.to_bits()
    }
    #[inline(always)]
    fn from_immediate(_: u32) -> f64 {
        unreachable!("immediates of 64-bit floats have 64 bits")
    }
}

#[cfg(feature = "simd")]
impl Value for V128 {
    const SCALAR: Scalar = Scalar::v128;
    #[inline(always)]
    unsafe fn read(slot: *const u64) -> V128 {
        // SAFETY: as promised; a vector is in two slots, the lower one first.
        unsafe { V128::restore(slot.cast::<Saved>().read()) }
    }
    #[inline(always)]
    unsafe fn write(self, slot: *mut u64) {
        // SAFETY: as promised; a vector is in two slots, the lower one first.
        unsafe { slot.cast::<Saved>().write(self.save()) };
    }
    #[inline(always)]
    unsafe fn slot(r: &Regs, byte: usize) -> *mut u64 {
        // SAFETY: X1.
        unsafe { r.indexed_slot_at(byte) }
    }
    #[inline(always)]
    fn from_acc(r: &Regs) -> V128 {
        r.v128acc
    }
    #[inline(always)]
    fn to_acc(self, r: &mut Regs) {
        r.v128acc = self;
    }
}

/// The source of an operand: one of the markers of [`shape`](crate::code::shape).
pub trait Source<T>: Marks<Place> {
    /// Reads the operand, whose field begins at a byte of the cell.
    ///
    /// # Safety
    ///
    /// X1: the cell has such an operand.
    unsafe fn read(r: &Regs, byte: usize) -> T;

    /// Reads the operand with one instruction less. If its slot was written just now, that takes some
    /// cycles more (see [`Regs::indexed_slot_at`]). So this is for operands that were probably written
    /// long ago, and for those on which no later cell waits: of branches, and values that are stored.
    ///
    /// # Safety
    ///
    /// As for `read`.
    #[inline(always)]
    unsafe fn read_indexed(r: &Regs, byte: usize) -> T {
        // SAFETY: as promised.
        unsafe { Self::read(r, byte) }
    }
}

/// The destination of a result: one of the markers of [`shape`](crate::code::shape).
pub trait Sink<T>: Marks<Out> {
    /// Writes the result, whose field, if it has one, begins at a byte of the cell.
    ///
    /// # Safety
    ///
    /// X1: the cell has such a destination.
    unsafe fn write(r: &mut Regs, byte: usize, value: T);
}

impl<T: Value> Source<T> for Slot {
    #[inline(always)]
    unsafe fn read(r: &Regs, byte: usize) -> T {
        // SAFETY: X1, S1.
        unsafe { T::read(T::slot(r, byte)) }
    }
    #[inline(always)]
    unsafe fn read_indexed(r: &Regs, byte: usize) -> T {
        // SAFETY: X1, S1.
        unsafe { T::read(r.indexed_slot_at(byte)) }
    }
}

impl<T: Value> Source<T> for Acc {
    #[inline(always)]
    unsafe fn read(r: &Regs, _: usize) -> T {
        T::from_acc(r)
    }
}

impl<T: Word> Source<T> for Imm {
    #[inline(always)]
    unsafe fn read(r: &Regs, byte: usize) -> T {
        // SAFETY: X1: the kind of the field follows from the same type.
        unsafe {
            if T::WIDE {
                T::from_slot(r.u64_at(byte))
            } else {
                T::from_immediate(r.u32_at(byte))
            }
        }
    }
}

impl<T: Word> Source<T> for Wide {
    #[inline(always)]
    unsafe fn read(r: &Regs, byte: usize) -> T {
        // SAFETY: X1.
        T::from_slot(unsafe { r.u64_at(byte) })
    }
}

impl<T: Value> Sink<T> for Acc {
    #[inline(always)]
    unsafe fn write(r: &mut Regs, _: usize, value: T) {
        value.to_acc(r);
    }
}

impl<T: Value> Sink<T> for AccAndSlot {
    #[inline(always)]
    unsafe fn write(r: &mut Regs, byte: usize, value: T) {
        value.to_acc(r);
        // SAFETY: X1, S1.
        unsafe { value.write(T::slot(r, byte)) };
    }
}
