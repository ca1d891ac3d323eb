//! Cells are carried out, and nothing else.

use crate::execute::cell::Cell;
use crate::execute::regs::{Regs, Step};

/// A handler has been called.
#[inline(always)]
pub fn count_dispatch() {}

/// Carries out a cell, which can be a part of a fused one, where a call may follow.
///
/// # Safety
///
/// X1 to X3.
#[inline(always)]
pub unsafe fn part<C: Cell>(r: &mut Regs, before_call: bool) -> Step {
    // SAFETY: as promised.
    unsafe {
        if before_call {
            C::run_before_call(r)
        } else {
            C::run(r)
        }
    }
}
