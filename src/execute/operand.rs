//! Values, and the places where operands are found and results are put.

use super::regs::Regs;

/// A value of WebAssembly's, as a Rust type.
pub trait Value: Copy {
    /// Whether its immediates take a word of their own.
    const WIDE: bool = false;
    /// From a slot.
    fn from_slot(bits: u64) -> Self;
    /// To a slot.
    fn to_slot(self) -> u64;
    /// The slot that a 16-bit field names.
    ///
    /// # Safety
    ///
    /// X1: the cell has such a field.
    unsafe fn slot<const F: usize>(r: &Regs) -> *mut u64;
    /// From its accumulator.
    fn from_acc(r: &Regs) -> Self;
    /// To its accumulator.
    fn to_acc(self, r: &mut Regs);
    /// From a 32-bit immediate.
    fn from_immediate(bits: u32) -> Self;
}

macro_rules! integer {
    ($ty:ident, $unsigned:ident, |$bits:ident| $extended:expr) => {
        impl Value for $ty {
            #[inline(always)]
            fn from_slot(bits: u64) -> $ty {
                bits as $ty
            }
            #[inline(always)]
            fn to_slot(self) -> u64 {
                u64::from(self as $unsigned)
            }
            #[inline(always)]
            unsafe fn slot<const F: usize>(r: &Regs) -> *mut u64 {
                // SAFETY: X1.
                unsafe { r.slot::<F>() }
            }
            #[inline(always)]
            fn from_acc(r: &Regs) -> $ty {
                r.acc as $ty
            }
            #[inline(always)]
            fn to_acc(self, r: &mut Regs) {
                r.acc = self.to_slot();
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
    #[inline(always)]
    fn from_slot(bits: u64) -> f32 {
        f32::from_bits(bits as u32)
    }
    #[inline(always)]
    fn to_slot(self) -> u64 {
        u64::from(self.to_bits())
    }
    #[inline(always)]
    unsafe fn slot<const F: usize>(r: &Regs) -> *mut u64 {
        // SAFETY: X1.
        unsafe { r.indexed_slot::<F>() }
    }
    #[inline(always)]
    fn from_acc(r: &Regs) -> f32 {
        r.f32acc
    }
    #[inline(always)]
    fn to_acc(self, r: &mut Regs) {
        r.f32acc = self;
    }
    #[inline(always)]
    fn from_immediate(bits: u32) -> f32 {
        f32::from_bits(bits)
    }
}

impl Value for f64 {
    const WIDE: bool = true;
    #[inline(always)]
    fn from_slot(bits: u64) -> f64 {
        f64::from_bits(bits)
    }
    #[inline(always)]
    fn to_slot(self) -> u64 {
        self.to_bits()
    }
    #[inline(always)]
    unsafe fn slot<const F: usize>(r: &Regs) -> *mut u64 {
        // SAFETY: X1.
        unsafe { r.indexed_slot::<F>() }
    }
    #[inline(always)]
    fn from_acc(r: &Regs) -> f64 {
        r.f64acc
    }
    #[inline(always)]
    fn to_acc(self, r: &mut Regs) {
        r.f64acc = self;
    }
    #[inline(always)]
    fn from_immediate(_: u32) -> f64 {
        unreachable!("64-bit immediates have a word of their own")
    }
}

/// Where an operand is found.
pub trait Source<T> {
    /// Words that it adds to the cell.
    const WORDS: usize;
    /// The operand.
    ///
    /// # Safety
    ///
    /// X1: the cell has such an operand.
    unsafe fn read(r: &Regs) -> T;

    /// The operand, where it was mostly written long ago.
    ///
    /// # Safety
    ///
    /// As for `read`.
    #[inline(always)]
    unsafe fn read_old(r: &Regs) -> T {
        // SAFETY: as promised.
        unsafe { Self::read(r) }
    }
}

/// Where a result is put.
pub trait Sink<T> {
    /// Puts it there.
    ///
    /// # Safety
    ///
    /// X1: the cell has such a destination.
    unsafe fn write(r: &mut Regs, value: T);
}

/// A slot, named by 16-bit field `F`.
pub struct S<const F: usize>;
/// The accumulator of the operand's type.
pub struct R;
/// An immediate.
pub struct I;
/// An immediate in a word of its own.
pub struct W;
/// An immediate of a cell with four slots before it.
pub struct Late;
/// A result that goes to the accumulator and to the slot named by field 0.
pub struct D;

impl<T: Value, const F: usize> Source<T> for S<F> {
    const WORDS: usize = 0;
    #[inline(always)]
    unsafe fn read(r: &Regs) -> T {
        // SAFETY: X1, S1.
        T::from_slot(unsafe { *T::slot::<F>(r) })
    }
    #[inline(always)]
    unsafe fn read_old(r: &Regs) -> T {
        // SAFETY: X1, S1.
        T::from_slot(unsafe { *r.indexed_slot::<F>() })
    }
}

impl<T: Value> Source<T> for R {
    const WORDS: usize = 0;
    #[inline(always)]
    unsafe fn read(r: &Regs) -> T {
        T::from_acc(r)
    }
}

impl<T: Value> Source<T> for I {
    const WORDS: usize = T::WIDE as usize;
    #[inline(always)]
    unsafe fn read(r: &Regs) -> T {
        // SAFETY: X1.
        unsafe {
            if T::WIDE {
                T::from_slot(r.word_at::<2>())
            } else {
                T::from_immediate(r.u32_at::<12>())
            }
        }
    }
}

impl<T: Value> Source<T> for W {
    const WORDS: usize = 1;
    #[inline(always)]
    unsafe fn read(r: &Regs) -> T {
        // SAFETY: X1.
        T::from_slot(unsafe { r.word_at::<2>() })
    }
}

impl<T: Value> Source<T> for Late {
    const WORDS: usize = 0;
    #[inline(always)]
    unsafe fn read(r: &Regs) -> T {
        // SAFETY: X1.
        unsafe {
            if T::WIDE {
                T::from_slot(r.word_at::<2>())
            } else {
                T::from_immediate(r.u32_at::<16>())
            }
        }
    }
}

impl<T: Value> Sink<T> for R {
    #[inline(always)]
    unsafe fn write(r: &mut Regs, value: T) {
        value.to_acc(r);
    }
}

impl<T: Value> Sink<T> for D {
    #[inline(always)]
    unsafe fn write(r: &mut Regs, value: T) {
        value.to_acc(r);
        // SAFETY: X1, S1.
        unsafe { *T::slot::<0>(r) = value.to_slot() };
    }
}
