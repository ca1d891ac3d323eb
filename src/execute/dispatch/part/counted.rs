//! In builds with the feature `profile` it is written down which cells run, alone and one behind
//! the other.

use crate::execute::cell::Cell;
use crate::execute::profile;
use crate::execute::regs::{Regs, Step};
use core::any::type_name;

pub use crate::execute::profile::count_dispatch;

/// Carries out a cell, which can be a part of a fused one. A call that follows is nothing
/// to the count.
///
/// # Safety
///
/// X1 to X3.
pub unsafe fn part<C: Cell>(r: &mut Regs, _before_call: bool) -> Step {
    // SAFETY: as promised.
    let step = unsafe { C::run(r) };
    profile::count(type_name::<C>(), step == Step::Next);
    step
}
