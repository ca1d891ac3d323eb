//! What every cell is to the dispatch backends.

use super::regs::{Regs, Step};

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
