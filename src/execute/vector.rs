//! Cells on vectors whose operands have several types, and the moves of vectors.
//!
//! Operations on two vectors, or on one, are cells like those of scalars: see
//! [`numeric`](super::numeric).

use super::cell::{Apply, Cell, Execute, OpType};
use super::memory::{LoadOp, Stored};
use super::operand::{Sink, Source, Value};
use super::regs::{Regs, Step};
use crate::code::FieldKind;
use crate::code::cells::{
    CopyAccV128, CopyThroughV128, CopyV128, GlobalGetV128, GlobalSetV128, ReturnAccV128,
    ReturnV128, SelectV128,
};
use crate::code::shape::{Constant, ExtractLane, ReplaceLane, Shift, Shuffle, Ternary};
use crate::support::vector::{Level, V128};

/// A shift.
pub trait ShiftOp: OpType {
    /// Returns the result.
    fn apply<L: Level>(a: V128, count: u32) -> V128;
}

/// An op on three vectors.
pub trait TernaryOp: OpType {
    /// Returns the result.
    fn apply<L: Level>(a: V128, b: V128, c: V128) -> V128;
}

/// A selection of bytes of two vectors.
pub trait ShuffleOp: OpType {
    /// Returns the result. `lanes` has the number of the byte of `a`, then `b`, for each byte.
    fn apply<L: Level>(a: V128, b: V128, lanes: V128) -> V128;
}

/// A replacement of a lane.
pub trait ReplaceLaneOp: OpType {
    /// The type of the scalar.
    type Lane: Value;
    /// Returns the result.
    fn apply<L: Level>(a: V128, b: Self::Lane, lane: u8) -> V128;
}

/// Reads the vector whose halves are two fields of a cell.
#[inline(always)]
unsafe fn immediate(r: &Regs, low: usize, high: usize) -> V128 {
    // SAFETY: X1.
    unsafe { V128::from_slots(r.u64_at(low), r.u64_at(high)) }
}

impl<O, A, B, R> Cell for Apply<O, Shift<A, B, R>>
where
    O: ShiftOp,
    A: Source<V128>,
    B: Source<u32>,
    R: Sink<V128>,
{
    const WORDS: usize = Self::LAYOUT.words();
    const VECTOR: bool = true;

    #[inline(always)]
    unsafe fn run<L: Level>(r: &mut Regs) -> Step {
        // SAFETY: X1, S1.
        unsafe {
            let a = A::read(r, const { Self::LAYOUT.operand("a") });
            let count = B::read(r, const { Self::LAYOUT.operand("count") });
            let result = O::apply::<L>(a, count);
            R::write(r, const { Self::LAYOUT.operand("result") }, result);
            r.advance(Self::WORDS)
        }
    }
}

impl<O, A, B, C, R> Cell for Apply<O, Ternary<A, B, C, R>>
where
    O: TernaryOp,
    A: Source<V128>,
    B: Source<V128>,
    C: Source<V128>,
    R: Sink<V128>,
{
    const WORDS: usize = Self::LAYOUT.words();
    const VECTOR: bool = true;

    #[inline(always)]
    unsafe fn run<L: Level>(r: &mut Regs) -> Step {
        // SAFETY: X1, S1.
        unsafe {
            let a = A::read(r, const { Self::LAYOUT.operand("a") });
            let b = B::read(r, const { Self::LAYOUT.operand("b") });
            let c = C::read(r, const { Self::LAYOUT.operand("c") });
            let result = O::apply::<L>(a, b, c);
            R::write(r, const { Self::LAYOUT.operand("result") }, result);
            r.advance(Self::WORDS)
        }
    }
}

impl<O, A, B, R> Cell for Apply<O, Shuffle<A, B, R>>
where
    O: ShuffleOp,
    A: Source<V128>,
    B: Source<V128>,
    R: Sink<V128>,
{
    const WORDS: usize = Self::LAYOUT.words();
    const VECTOR: bool = true;

    #[inline(always)]
    unsafe fn run<L: Level>(r: &mut Regs) -> Step {
        // SAFETY: X1, S1.
        unsafe {
            let a = A::read(r, const { Self::LAYOUT.operand("a") });
            let b = B::read(r, const { Self::LAYOUT.operand("b") });
            let low = const { Self::LAYOUT.byte("low", FieldKind::U64) };
            let high = const { Self::LAYOUT.byte("high", FieldKind::U64) };
            let result = O::apply::<L>(a, b, immediate(r, low, high));
            R::write(r, const { Self::LAYOUT.operand("result") }, result);
            r.advance(Self::WORDS)
        }
    }
}

impl<O, A, B, R> Cell for Apply<O, ReplaceLane<A, B, R>>
where
    O: ReplaceLaneOp,
    A: Source<V128>,
    B: Source<O::Lane>,
    R: Sink<V128>,
{
    const WORDS: usize = Self::LAYOUT.words();
    const VECTOR: bool = true;

    #[inline(always)]
    unsafe fn run<L: Level>(r: &mut Regs) -> Step {
        // SAFETY: X1, S1.
        unsafe {
            let a = A::read(r, const { Self::LAYOUT.operand("a") });
            let b = B::read(r, const { Self::LAYOUT.operand("b") });
            let lane = r.u16_at(const { Self::LAYOUT.byte("lane", FieldKind::U16) });
            let result = O::apply::<L>(a, b, lane as u8);
            R::write(r, const { Self::LAYOUT.operand("result") }, result);
            r.advance(Self::WORDS)
        }
    }
}

impl<O: LoadOp, R: Sink<O::Result>> Cell for Apply<O, ExtractLane<R>> {
    const WORDS: usize = Self::LAYOUT.words();

    #[inline(always)]
    unsafe fn run<L: Level>(r: &mut Regs) -> Step {
        // SAFETY: X1, S1: the lane is a part of two slots within the frame.
        unsafe {
            let lane = r.lane_at(const { Self::LAYOUT.byte("a", FieldKind::Lane) });
            let value = O::extend::<L>(O::Stored::read_native(lane));
            R::write(r, const { Self::LAYOUT.operand("result") }, value);
            r.advance(Self::WORDS)
        }
    }
}

impl<O: OpType, R: Sink<V128>> Cell for Apply<O, Constant<R>> {
    const WORDS: usize = Self::LAYOUT.words();

    #[inline(always)]
    unsafe fn run<L: Level>(r: &mut Regs) -> Step {
        // SAFETY: X1, S1.
        unsafe {
            let low = const { Self::LAYOUT.byte("low", FieldKind::U64) };
            let high = const { Self::LAYOUT.byte("high", FieldKind::U64) };
            let value = immediate(r, low, high);
            R::write(r, const { Self::LAYOUT.operand("result") }, value);
            r.advance(Self::WORDS)
        }
    }
}

impl Execute for CopyV128 {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1, S1: all slots lie within the frame.
        unsafe {
            V128::read(r.indexed_slot(CopyV128::from)).write(r.indexed_slot(CopyV128::to));
            r.next::<Self>()
        }
    }
}

impl Execute for CopyThroughV128 {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1, S1: all slots lie within the frame.
        unsafe {
            r.v128acc = V128::read(r.indexed_slot(CopyThroughV128::from));
            r.v128acc.write(r.indexed_slot(CopyThroughV128::to));
            r.next::<Self>()
        }
    }
}

impl Execute for CopyAccV128 {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1, S1: all slots lie within the frame.
        unsafe {
            r.v128acc.write(r.indexed_slot(CopyAccV128::to));
            r.next::<Self>()
        }
    }
}

impl Execute for SelectV128 {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1, S1: all slots lie within the frame.
        unsafe {
            let first = r.indexed_slot(SelectV128::first);
            let second = r.indexed_slot(SelectV128::second);
            let holds = *r.slot(SelectV128::condition) as u32 != 0;
            r.v128acc = V128::read(if holds { first } else { second });
            r.v128acc.write(r.indexed_slot(SelectV128::result));
            r.next::<Self>()
        }
    }
}

impl Execute for GlobalGetV128 {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1, S1, H1: the instance has such a global, by validation.
        unsafe {
            let global = r.global(GlobalGetV128::global);
            r.v128acc = V128::read((&raw const (*global).bits).cast());
            r.v128acc.write(r.indexed_slot(GlobalGetV128::result));
            r.next::<Self>()
        }
    }
}

impl Execute for GlobalSetV128 {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1, S1, H1: the instance has such a global, by validation.
        unsafe {
            let global = r.global(GlobalSetV128::global);
            let value = V128::read(r.indexed_slot(GlobalSetV128::value));
            value.write((&raw mut (*global).bits).cast());
            r.next::<Self>()
        }
    }
}

impl Execute for ReturnV128 {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1, S1, S2: the record leads to the caller, and the results to its operands.
        unsafe {
            r.v128acc = V128::read(r.indexed_slot(ReturnV128::from));
            r.return_to_caller(|r| r.v128acc.write(r.indexed_slot(ReturnV128::to)))
        }
    }
}

impl Execute for ReturnAccV128 {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1, S1, S2: the record leads to the caller, and the results to its operands.
        unsafe { r.return_to_caller(|r| r.v128acc.write(r.indexed_slot(ReturnAccV128::to))) }
    }
}
