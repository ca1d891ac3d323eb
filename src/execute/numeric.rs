//! Ops on values alone: arithmetic, comparisons, conversions.

use super::cell::{Apply, Cell, OpType};
use super::operand::{Sink, Source, Value, Word};
use super::regs::{Regs, Step};
use crate::code::shape::{
    AccAndSlot, Binary, Branch, Comparison, Count, Marks, Select, Unary, When, WideBinary,
    WideMultiply,
};
use crate::code::{FieldKind, Trap};
use crate::support::float;
use crate::support::vector::Level;

/// An op on two operands.
pub trait BinaryOp: OpType {
    /// The operands' type.
    type Operand: Value;
    /// The result's type.
    type Result: Value;
    /// Returns the result.
    fn apply<L: Level>(a: Self::Operand, b: Self::Operand) -> Result<Self::Result, Trap>;
}

/// An op on one operand.
pub trait UnaryOp: OpType {
    /// The operand's type.
    type Operand: Value;
    /// The result's type.
    type Result: Value;
    /// Returns the result.
    fn apply<L: Level>(a: Self::Operand) -> Result<Self::Result, Trap>;
}

/// A comparison.
pub trait CompareOp: OpType {
    /// The operands' type.
    type Operand: Value;
    /// Returns whether the comparison holds.
    fn holds(a: Self::Operand, b: Self::Operand) -> bool;
}

/// An op on 128-bit integers.
pub trait WideOp: OpType {
    /// Returns the result.
    fn apply(a: u128, b: u128) -> u128;
}

/// An op on 64-bit integers with a 128-bit result.
pub trait WideMultiplyOp: OpType {
    /// Returns the result.
    fn apply(a: u64, b: u64) -> u128;
}

impl<O, A, B, Out> Apply<O, Binary<A, B, Out>>
where
    O: BinaryOp,
    A: Source<O::Operand>,
    B: Source<O::Operand>,
    Out: Sink<O::Result>,
{
    /// The byte of the first operand, which has one of two fields, by its source.
    const A: usize = Self::LAYOUT.either("a", "a_constant");
    const B: usize = Self::LAYOUT.operand("b");
    const RESULT: usize = Self::LAYOUT.operand("result");

    #[inline(always)]
    unsafe fn apply<L: Level>(r: &mut Regs, a: O::Operand, b: O::Operand) -> Step {
        // SAFETY: X1, S1.
        unsafe {
            match O::apply::<L>(a, b) {
                Ok(value) => {
                    Out::write(r, Self::RESULT, value);
                    r.advance(Self::WORDS)
                }
                Err(trap) => r.trap(trap),
            }
        }
    }
}

impl<O, A, B, Out> Cell for Apply<O, Binary<A, B, Out>>
where
    O: BinaryOp,
    A: Source<O::Operand>,
    B: Source<O::Operand>,
    Out: Sink<O::Result>,
{
    const WORDS: usize = Self::LAYOUT.words();
    const VECTOR: bool = Self::VECTOR;

    #[inline(always)]
    unsafe fn run<L: Level>(r: &mut Regs) -> Step {
        // SAFETY: X1, S1.
        unsafe { Self::apply::<L>(r, A::read(r, Self::A), B::read(r, Self::B)) }
    }

    #[inline(always)]
    unsafe fn run_before_call<L: Level>(r: &mut Regs) -> Step {
        // SAFETY: X1, S1.
        unsafe { Self::apply::<L>(r, A::read_indexed(r, Self::A), B::read_indexed(r, Self::B)) }
    }
}

impl<O, A, Out> Cell for Apply<O, Unary<A, Out>>
where
    O: UnaryOp,
    A: Source<O::Operand>,
    Out: Sink<O::Result>,
{
    const WORDS: usize = Self::LAYOUT.words();
    const VECTOR: bool = Self::VECTOR;

    #[inline(always)]
    unsafe fn run<L: Level>(r: &mut Regs) -> Step {
        // SAFETY: X1, S1.
        unsafe {
            match O::apply::<L>(A::read(r, const { Self::LAYOUT.operand("a") })) {
                Ok(value) => {
                    Out::write(r, const { Self::LAYOUT.operand("result") }, value);
                    r.advance(Self::WORDS)
                }
                Err(trap) => r.trap(trap),
            }
        }
    }
}

impl<O, A, B, Out> Cell for Apply<O, Comparison<A, B, Out>>
where
    O: CompareOp,
    A: Source<O::Operand>,
    B: Source<O::Operand>,
    Out: Sink<u32>,
{
    const WORDS: usize = Self::LAYOUT.words();
    const VECTOR: bool = Self::VECTOR;

    #[inline(always)]
    unsafe fn run<L: Level>(r: &mut Regs) -> Step {
        // SAFETY: X1, S1.
        unsafe {
            let a = A::read(r, const { Self::LAYOUT.operand("a") });
            let b = B::read(r, const { Self::LAYOUT.operand("b") });
            let holds = u32::from(O::holds(a, b));
            Out::write(r, const { Self::LAYOUT.operand("result") }, holds);
            r.advance(Self::WORDS)
        }
    }
}

impl<O, A, B, W> Cell for Apply<O, Branch<A, B, W>>
where
    O: CompareOp,
    A: Source<O::Operand>,
    B: Source<O::Operand>,
    W: Marks<When>,
{
    const WORDS: usize = Self::LAYOUT.words();
    const VECTOR: bool = Self::VECTOR;

    #[inline(always)]
    unsafe fn run<L: Level>(r: &mut Regs) -> Step {
        // SAFETY: X1, S1; a target is the address of a cell of the same function.
        unsafe {
            let a = A::read_indexed(r, const { Self::LAYOUT.operand("a") });
            let b = B::read_indexed(r, const { Self::LAYOUT.operand("b") });
            if O::holds(a, b) == matches!(W::VALUE, When::Holds) {
                r.ip = r.address_at(const { Self::LAYOUT.byte("target", FieldKind::Target) });
                Step::Jump
            } else {
                r.advance(Self::WORDS)
            }
        }
    }
}

impl<O, A, B> Cell for Apply<O, Select<A, B>>
where
    O: CompareOp,
    A: Source<O::Operand>,
    B: Source<O::Operand>,
{
    const WORDS: usize = Self::LAYOUT.words();
    const VECTOR: bool = Self::VECTOR;

    #[inline(always)]
    unsafe fn run<L: Level>(r: &mut Regs) -> Step {
        // SAFETY: X1, S1. Both slots are read, so that no branch need be made of it.
        unsafe {
            let first = *r.slot_at(const { Self::LAYOUT.byte("first", FieldKind::NearSlot) });
            let second = *r.slot_at(const { Self::LAYOUT.byte("second", FieldKind::NearSlot) });
            let a = A::read(r, const { Self::LAYOUT.operand("a") });
            let b = B::read(r, const { Self::LAYOUT.operand("b") });
            let selected = if O::holds(a, b) { first } else { second };
            r.acc = selected;
            *r.slot_at(const { Self::LAYOUT.byte("result", FieldKind::NearSlot) }) = selected;
            r.advance(Self::WORDS)
        }
    }
}

impl<O, B> Cell for Apply<O, Count<B>>
where
    O: CompareOp,
    B: Source<O::Operand>,
    O::Operand: Integer,
{
    const WORDS: usize = Self::LAYOUT.words();
    const VECTOR: bool = Self::VECTOR;

    #[inline(always)]
    unsafe fn run<L: Level>(r: &mut Regs) -> Step {
        // SAFETY: X1, S1; a target is the address of a cell of the same function.
        unsafe {
            let step = r.u32_at(const { Self::LAYOUT.byte("step", FieldKind::U32) });
            let a = *r.slot_at(const { Self::LAYOUT.byte("a", FieldKind::NearSlot) });
            let step = O::Operand::from_immediate(step);
            let sum = O::Operand::from_slot(a).wrapping_sum(step);
            AccAndSlot::write(r, const { Self::LAYOUT.operand("result") }, sum);
            let bound = const { Self::LAYOUT.either("bound", "bound_constant") };
            if O::holds(sum, B::read_indexed(r, bound)) {
                r.ip = r.address_at(const { Self::LAYOUT.byte("target", FieldKind::Target) });
                Step::Jump
            } else {
                r.advance(Self::WORDS)
            }
        }
    }
}

/// An integer with a wrapping addition.
pub trait Integer: Word {
    /// Returns the wrapping sum.
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

/// Reads the 128-bit integer in two consecutive slots.
#[inline(always)]
unsafe fn read_pair(slots: *const u64) -> u128 {
    // SAFETY: S1: both slots lie within the frame.
    unsafe { u128::from(*slots) | u128::from(*slots.add(1)) << 64 }
}

/// Writes a 128-bit integer to two consecutive slots.
#[inline(always)]
unsafe fn write_pair(slots: *mut u64, value: u128) {
    // SAFETY: S1: both slots lie within the frame.
    unsafe {
        *slots = value as u64;
        *slots.add(1) = (value >> 64) as u64;
    }
}

impl<O: WideOp> Cell for Apply<O, WideBinary> {
    const WORDS: usize = Self::LAYOUT.words();
    const VECTOR: bool = Self::VECTOR;

    #[inline(always)]
    unsafe fn run<L: Level>(r: &mut Regs) -> Step {
        // SAFETY: X1, S1: four slots hold the operands.
        unsafe {
            let slots = r.far_slot_at(const { Self::LAYOUT.byte("operands", FieldKind::FarSlot) });
            write_pair(slots, O::apply(read_pair(slots), read_pair(slots.add(2))));
            r.advance(Self::WORDS)
        }
    }
}

impl<O: WideMultiplyOp> Cell for Apply<O, WideMultiply> {
    const WORDS: usize = Self::LAYOUT.words();
    const VECTOR: bool = Self::VECTOR;

    #[inline(always)]
    unsafe fn run<L: Level>(r: &mut Regs) -> Step {
        // SAFETY: X1, S1: two slots hold the operands.
        unsafe {
            let slots = r.far_slot_at(const { Self::LAYOUT.byte("operands", FieldKind::FarSlot) });
            write_pair(slots, O::apply(*slots, *slots.add(1)));
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

/// Defines minimum and maximum as the specification defines them: NaN if either operand is
/// one, and −0 is less than +0.
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

/// Defines conversions of a float to an integer, which truncate floats between two bounds and
/// trap on others.
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

// The bounds are the nearest floats outside the range of the integer type.
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
/// Returns the integer in an `i31` reference, with its sign extended.
#[inline(always)]
pub fn i31_get_s(reference: u32) -> Result<i32, Trap> {
    match reference {
        0 => Err(Trap::NullReference),
        _ => Ok(reference as i32 >> 1),
    }
}

/// Returns the integer in an `i31` reference, extended with zeros.
#[inline(always)]
pub fn i31_get_u(reference: u32) -> Result<u32, Trap> {
    match reference {
        0 => Err(Trap::NullReference),
        _ => Ok(reference >> 1),
    }
}
