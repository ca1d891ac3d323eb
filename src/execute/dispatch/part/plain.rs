//! Execution of cells without the feature `profile`.

use crate::execute::cell::Cell;
use crate::execute::regs::{Regs, Step};
use crate::support::vector::Level;

/// Does nothing. With the feature `profile`, it counts a dispatch.
#[inline(always)]
pub fn count_dispatch() {}

/// Executes a cell, which can be a part of a fused one. `before_call` is true if a call may follow
/// in the same handler.
///
/// # Safety
///
/// X1 to X3, and the processor has the instructions of the level.
#[inline(always)]
pub unsafe fn part<C: Cell, L: Level>(r: &mut Regs, before_call: bool) -> Step {
    // SAFETY: as promised.
    unsafe {
        if before_call {
            C::run_before_call::<L>(r)
        } else {
            C::run::<L>(r)
        }
    }
}
