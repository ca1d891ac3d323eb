//! Ops on values alone: arithmetic, comparisons, conversions.

use super::cell::Cell;
use super::operand::{D, Sink, Source, Value};
use super::regs::{Regs, Step};
use crate::code::Trap;
use crate::support::float;
use core::marker::PhantomData;

/// An op of two operands.
pub trait Binary {
    /// The operands' type.
    type Operand: Value;
    /// The result's type.
    type Result: Value;
    /// What it does.
    fn apply(a: Self::Operand, b: Self::Operand) -> Result<Self::Result, Trap>;
}

/// An op of one operand.
pub trait Unary {
    /// The operand's type.
    type Operand: Value;
    /// The result's type.
    type Result: Value;
    /// What it does.
    fn apply(a: Self::Operand) -> Result<Self::Result, Trap>;
}

/// A comparison.
pub trait Compare {
    /// The operands' type.
    type Operand: Value;
    /// Whether it holds.
    fn holds(a: Self::Operand, b: Self::Operand) -> bool;
}

/// A cell of an op of two operands.
pub struct BinaryCell<O, A, B, Out>(PhantomData<(O, A, B, Out)>);

impl<O, A, B, Out> BinaryCell<O, A, B, Out>
where
    Self: Cell,
    O: Binary,
    Out: Sink<O::Result>,
{
    #[inline(always)]
    unsafe fn apply(r: &mut Regs, a: O::Operand, b: O::Operand) -> Step {
        // SAFETY: X1.
        unsafe {
            match O::apply(a, b) {
                Ok(value) => {
                    Out::write(r, value);
                    r.advance(Self::WORDS)
                }
                Err(trap) => r.trap(trap),
            }
        }
    }
}

impl<O, A, B, Out> Cell for BinaryCell<O, A, B, Out>
where
    O: Binary,
    A: Source<O::Operand>,
    B: Source<O::Operand>,
    Out: Sink<O::Result>,
{
    const WORDS: usize = 2 + A::WORDS + B::WORDS;

    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1.
        unsafe { Self::apply(r, A::read(r), B::read(r)) }
    }

    #[inline(always)]
    unsafe fn run_before_call(r: &mut Regs) -> Step {
        // SAFETY: X1.
        unsafe { Self::apply(r, A::read_old(r), B::read_old(r)) }
    }
}

/// A cell of an op of one operand.
pub struct UnaryCell<O, A, Out>(PhantomData<(O, A, Out)>);

impl<O, A, Out> Cell for UnaryCell<O, A, Out>
where
    O: Unary,
    A: Source<O::Operand>,
    Out: Sink<O::Result>,
{
    const WORDS: usize = 2;

    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1.
        unsafe {
            match O::apply(A::read(r)) {
                Ok(value) => {
                    Out::write(r, value);
                    r.advance(Self::WORDS)
                }
                Err(trap) => r.trap(trap),
            }
        }
    }
}

/// A cell of a comparison whose result is a value.
pub struct CompareCell<O, A, B, Out>(PhantomData<(O, A, B, Out)>);

impl<O, A, B, Out> Cell for CompareCell<O, A, B, Out>
where
    O: Compare,
    A: Source<O::Operand>,
    B: Source<O::Operand>,
    Out: Sink<u32>,
{
    const WORDS: usize = 2 + A::WORDS + B::WORDS;

    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1.
        unsafe {
            let holds = O::holds(A::read(r), B::read(r));
            Out::write(r, u32::from(holds));
            r.advance(Self::WORDS)
        }
    }
}

/// A cell that branches where a comparison holds, or does not.
pub struct BranchCell<O, A, B, const WHEN: bool>(PhantomData<(O, A, B)>);

impl<O, A, B, const WHEN: bool> Cell for BranchCell<O, A, B, WHEN>
where
    O: Compare,
    A: Source<O::Operand>,
    B: Source<O::Operand>,
{
    const WORDS: usize = 3 + A::WORDS + B::WORDS;

    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1; a target is the address of a cell of the same function.
        unsafe {
            if O::holds(A::read(r), B::read(r)) == WHEN {
                r.ip = *r.ip.add(Self::WORDS - 1).cast::<*const u64>();
                Step::Jump
            } else {
                r.advance(Self::WORDS)
            }
        }
    }
}

/// A cell that selects by a comparison: a slot where it holds, else another. An integer is
/// in the accumulator as well, and whatever else is selected leaves it undefined.
pub struct SelectCell<O, A, B>(PhantomData<(O, A, B)>);

impl<O, A, B> Cell for SelectCell<O, A, B>
where
    O: Compare,
    A: Source<O::Operand>,
    B: Source<O::Operand>,
{
    const WORDS: usize = 3;

    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1, S1. Both slots are read, so that no branch need be made of it.
        unsafe {
            let (first, second) = (*r.slot::<1>(), *r.slot::<2>());
            let holds = O::holds(A::read(r), B::read(r));
            let selected = if holds { first } else { second };
            r.acc = selected;
            *r.slot::<0>() = selected;
            r.advance(Self::WORDS)
        }
    }
}

/// A cell that adds an immediate to a slot, puts the sum into another, and branches where
/// a comparison of the sum holds.
pub struct CountCell<O, B>(PhantomData<(O, B)>);

/// The second operand of a comparison that counts, if it is an immediate.
pub struct Bound;

impl<T: Value> Source<T> for Bound {
    const WORDS: usize = 0;
    #[inline(always)]
    unsafe fn read(r: &Regs) -> T {
        // SAFETY: X1.
        T::from_immediate(unsafe { r.u32_at::<20>() })
    }
}

impl<O, B> Cell for CountCell<O, B>
where
    O: Compare,
    B: Source<O::Operand>,
    O::Operand: Integer,
{
    const WORDS: usize = 4;

    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1, S1; a target is the address of a cell of the same function.
        unsafe {
            let step = O::Operand::from_immediate(r.u32_at::<16>());
            let sum = O::Operand::from_slot(*r.slot::<1>()).wrapping_sum(step);
            D::write(r, sum);
            if O::holds(sum, B::read(r)) {
                r.ip = r.address_at::<3>();
                Step::Jump
            } else {
                r.advance(Self::WORDS)
            }
        }
    }
}

/// A value with a wrapping addition.
pub trait Integer: Value {
    /// The sum.
    fn wrapping_sum(self, other: Self) -> Self;
}

macro_rules! integers {
    ($($ty:ident)*) => {$(
        impl Integer for $ty {
            #[inline(always)]
            fn wrapping_sum(self, other: $ty) -> $ty {
                self.wrapping_add(other)
            }
        }
    )*};
}

integers!(u32 i32 u64 i64);

/// A cell of `i64.add128` or `i64.sub128`: four slots become two.
pub struct WideCell<O>(PhantomData<O>);

/// A cell of a widening multiplication: two slots become two.
pub struct WideMultiplyCell<O>(PhantomData<O>);

/// An op on 128-bit operands.
pub trait Wide {
    /// What it does.
    fn apply(a: u128, b: u128) -> u128;
}

/// An op on 64-bit operands with a 128-bit result.
pub trait WideMultiply {
    /// What it does.
    fn apply(a: u64, b: u64) -> u128;
}

impl<O: Wide> Cell for WideCell<O> {
    const WORDS: usize = 2;

    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1, S1.
        unsafe {
            let slots = r.far_slot::<8>();
            let pair =
                |at: usize| u128::from(*slots.add(at)) | u128::from(*slots.add(at + 1)) << 64;
            let value = O::apply(pair(0), pair(2));
            *slots = value as u64;
            *slots.add(1) = (value >> 64) as u64;
            r.advance(Self::WORDS)
        }
    }
}

impl<O: WideMultiply> Cell for WideMultiplyCell<O> {
    const WORDS: usize = 2;

    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1, S1.
        unsafe {
            let slots = r.far_slot::<8>();
            let value = O::apply(*slots, *slots.add(1));
            *slots = value as u64;
            *slots.add(1) = (value >> 64) as u64;
            r.advance(Self::WORDS)
        }
    }
}

macro_rules! division {
    ($ty:ident, $div:ident, $rem:ident, signed) => {
        #[inline(always)]
        pub fn $div(a: $ty, b: $ty) -> Result<$ty, Trap> {
            if b == 0 {
                return Err(Trap::IntegerDivisionByZero);
            }
            a.checked_div(b).ok_or(Trap::IntegerOverflow)
        }

        #[inline(always)]
        pub fn $rem(a: $ty, b: $ty) -> Result<$ty, Trap> {
            if b == 0 {
                Err(Trap::IntegerDivisionByZero)
            } else {
                Ok(a.wrapping_rem(b))
            }
        }
    };
    ($ty:ident, $div:ident, $rem:ident, unsigned) => {
        #[inline(always)]
        pub fn $div(a: $ty, b: $ty) -> Result<$ty, Trap> {
            a.checked_div(b).ok_or(Trap::IntegerDivisionByZero)
        }

        #[inline(always)]
        pub fn $rem(a: $ty, b: $ty) -> Result<$ty, Trap> {
            a.checked_rem(b).ok_or(Trap::IntegerDivisionByZero)
        }
    };
}

division!(i32, i32_div_s, i32_rem_s, signed);
division!(u32, i32_div_u, i32_rem_u, unsigned);
division!(i64, i64_div_s, i64_rem_s, signed);
division!(u64, i64_div_u, i64_rem_u, unsigned);

/// Minimum and maximum as the specification has them: a NaN if either is one, and −0 is
/// less than +0.
macro_rules! extremum {
    ($ty:ident, $canonical:ident, $min:ident, $max:ident) => {
        #[inline(always)]
        pub fn $min(a: $ty, b: $ty) -> $ty {
            if a < b {
                a
            } else if b < a {
                b
            } else if a == b {
                $ty::from_bits(a.to_bits() | b.to_bits())
            } else {
                float::$canonical(a + b)
            }
        }

        #[inline(always)]
        pub fn $max(a: $ty, b: $ty) -> $ty {
            if a > b {
                a
            } else if b > a {
                b
            } else if a == b {
                $ty::from_bits(a.to_bits() & b.to_bits())
            } else {
                float::$canonical(a + b)
            }
        }
    };
}

extremum!(f32, canonical32, f32_min, f32_max);
extremum!(f64, canonical64, f64_min, f64_max);

/// Float to integer: what lies between the bounds, both excluded, is truncated.
macro_rules! truncate {
    ($($name:ident: $float:ident -> $int:ident ($low:expr, $high:expr);)*) => {$(
        #[inline(always)]
        pub fn $name(a: $float) -> Result<$int, Trap> {
            if a > $low && a < $high {
                Ok(a as $int)
            } else if a.is_nan() {
                Err(Trap::BadConversionToInteger)
            } else {
                Err(Trap::IntegerOverflow)
            }
        }
    )*};
}

// The nearest floats outside the integers' ranges. Where the range's end less one is no
// float, the next float below it is.
truncate! {
    i32_trunc_f32_s: f32 -> i32 (-2_147_483_904.0, 2_147_483_648.0);
    i32_trunc_f32_u: f32 -> u32 (-1.0, 4_294_967_296.0);
    i32_trunc_f64_s: f64 -> i32 (-2_147_483_649.0, 2_147_483_648.0);
    i32_trunc_f64_u: f64 -> u32 (-1.0, 4_294_967_296.0);
    i64_trunc_f32_s: f32 -> i64 (-9_223_373_136_366_403_584.0, 9_223_372_036_854_775_808.0);
    i64_trunc_f32_u: f32 -> u64 (-1.0, 18_446_744_073_709_551_616.0);
    i64_trunc_f64_s: f64 -> i64 (-9_223_372_036_854_777_856.0, 9_223_372_036_854_775_808.0);
    i64_trunc_f64_u: f64 -> u64 (-1.0, 18_446_744_073_709_551_616.0);
}
