//! Execution of cells with the feature `profile`, which counts them.

use crate::execute::cell::Cell;
use crate::execute::profile;
use crate::execute::regs::{Regs, Step};
use crate::support::vector::Level;
use core::any::type_name;

pub use crate::execute::profile::count_dispatch;

/// Executes a cell, which can be a part of a fused one, and counts it.
///
/// # Safety
///
/// X1 to X3, and the processor has the instructions of the level.
pub unsafe fn part<C: Cell, L: Level>(r: &mut Regs, _before_call: bool) -> Step {
    // SAFETY: as promised.
    let step = unsafe { C::run::<L>(r) };
    profile::count(type_name::<C>(), step == Step::Next);
    step
}
