//! What every cell is to the dispatch backends.

use super::dispatch::part::part;
use super::regs::{Regs, Step};
use core::marker::PhantomData;

/// A cell: what an opcode does.
pub trait Cell {
    /// The words of the cell, before any branch table.
    const WORDS: usize;
    /// Whether it calls a function.
    const CALLS: bool = false;

    /// Does it.
    ///
    /// # Safety
    ///
    /// X1 to X3, in `execute`'s page.
    unsafe fn run(r: &mut Regs) -> Step;

    /// Does it where a call follows. What a callee is given was often written before another
    /// call, at no distance that a core could foresee.
    ///
    /// # Safety
    ///
    /// As for `run`.
    #[inline(always)]
    unsafe fn run_before_call(r: &mut Regs) -> Step {
        // SAFETY: as promised.
        unsafe { Self::run(r) }
    }
}

/// Two cells that stand behind each other, as one: see [`fusion`](crate::code::fusion).
pub struct Fused<A, B>(PhantomData<(A, B)>);

impl<A: Cell, B: Cell> Cell for Fused<A, B> {
    const WORDS: usize = A::WORDS + B::WORDS;
    const CALLS: bool = B::CALLS;

    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1 to X3, and after the first cell `ip` is that of the second.
        unsafe {
            match part::<A>(r, B::CALLS) {
                Step::Next => part::<B>(r, false),
                step => step,
            }
        }
    }
}
