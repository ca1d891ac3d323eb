//! What every cell is to the dispatch backends.

use super::dispatch::looped::part;
use super::regs::{Regs, Step};
use core::marker::PhantomData;

/// A cell: what an opcode does.
pub trait Cell {
    /// The words of the cell, before any branch table.
    const WORDS: usize;

    /// Does it.
    ///
    /// # Safety
    ///
    /// X1 to X3, in `execute`'s page.
    unsafe fn run(r: &mut Regs) -> Step;
}

/// Two cells that stand behind each other, as one: see [`fusion`](crate::code::fusion).
pub struct Fused<A, B>(PhantomData<(A, B)>);

impl<A: Cell, B: Cell> Cell for Fused<A, B> {
    const WORDS: usize = A::WORDS + B::WORDS;

    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1 to X3, and after the first cell `ip` is that of the second.
        unsafe {
            match part::<A>(r) {
                Step::Next => part::<B>(r),
                step => step,
            }
        }
    }
}
