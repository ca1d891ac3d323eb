//! Cells, as the dispatch backends see them.

use super::dispatch::part::part;
use super::regs::{Regs, Step};
use crate::code::cells::Row;
use crate::code::shape::Shape;
use crate::code::{Layout, Op, Scalar};
use crate::support::vector::Level;
use core::marker::PhantomData;

/// The meaning of an opcode: handlers are made of it.
pub trait Cell {
    /// The number of words of the cell, without the elements of a list.
    const WORDS: usize;
    /// Whether the cell calls a function.
    const CALLS: bool = false;

    /// True if the cell has a handler for each level, since other instructions than those of the
    /// baseline make it faster.
    #[cfg_attr(not(backstitch_avx2), allow(dead_code, reason = "there is one level"))]
    const VECTOR: bool = false;

    /// Executes the cell, with the instructions of a level.
    ///
    /// # Safety
    ///
    /// X1 to X3, on the page of `execute`; the processor has the instructions of the level.
    unsafe fn run<L: Level>(r: &mut Regs) -> Step;

    /// Executes the cell where a call follows. The arguments of the call were often written
    /// before another call, so reading them needs no care for values written just now.
    ///
    /// # Safety
    ///
    /// As for `run`.
    #[cfg_attr(feature = "profile", allow(dead_code, reason = "each cell is counted"))]
    #[inline(always)]
    unsafe fn run_before_call<L: Level>(r: &mut Regs) -> Step {
        // SAFETY: as promised.
        unsafe { Self::run::<L>(r) }
    }
}

/// The meaning of an op whose row lists its fields.
pub trait Execute: Row {
    /// Whether the cell calls a function.
    const CALLS: bool = false;

    /// Executes the cell.
    ///
    /// # Safety
    ///
    /// X1 to X3, on the page of `execute`.
    unsafe fn run(r: &mut Regs) -> Step;
}

impl<C: Execute> Cell for C {
    const WORDS: usize = <C as Row>::WORDS;
    const CALLS: bool = <C as Execute>::CALLS;

    #[inline(always)]
    unsafe fn run<L: Level>(r: &mut Regs) -> Step {
        // SAFETY: as promised.
        unsafe { <C as Execute>::run(r) }
    }
}

/// An op of a family, as a type; its meaning is in the op table.
pub trait OpType {
    /// The op.
    const OP: Op;
}

/// The cells of an op `O` of a family that have the shape `S`.
pub struct Apply<O, S>(PhantomData<(O, S)>);

impl<O: OpType, S: Shape> Apply<O, S> {
    /// True if the op has vectors as operands or as its result.
    #[cfg_attr(not(backstitch_avx2), allow(dead_code, reason = "there is one level"))]
    pub(super) const VECTOR: bool =
        matches!(O::OP.operand(), Scalar::v128) || matches!(O::OP.result(), Some(Scalar::v128));

    /// The places of the fields.
    pub(super) const LAYOUT: Layout = S::SPEC.layout(O::OP.operand());
}

/// Two consecutive cells that one handler executes: see `code::fusion`.
pub struct Fused<A, B>(PhantomData<(A, B)>);

impl<A: Cell, B: Cell> Cell for Fused<A, B> {
    const WORDS: usize = A::WORDS + B::WORDS;
    const CALLS: bool = B::CALLS;
    const VECTOR: bool = A::VECTOR || B::VECTOR;

    #[inline(always)]
    unsafe fn run<L: Level>(r: &mut Regs) -> Step {
        // SAFETY: X1 to X3, and after the first cell `ip` is that of the second.
        unsafe {
            match part::<A, L>(r, B::CALLS) {
                Step::Next => part::<B, L>(r, false),
                step => step,
            }
        }
    }
}
