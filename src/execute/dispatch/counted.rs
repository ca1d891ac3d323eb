//! The loop that counts: in builds with the feature `profile` it stands in the place of
//! the [loop](super::looped), and writes down which cells run, alone and one behind the
//! other.

use crate::execute::cell::Cell;
use crate::execute::profile;
use crate::execute::regs::{Regs, Step};
use crate::stack::LivePoint;
use core::any::type_name;

/// What a handler returns: the next handler, or none to leave.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct Next(Option<Handler>);

/// A handler.
pub type Handler = unsafe fn(&mut Regs) -> Next;

/// The handler of a cell.
///
/// # Safety
///
/// X1 to X3.
pub unsafe fn handler<C: Cell>(r: &mut Regs) -> Next {
    // SAFETY: X1 to X3; the next cell begins with its handler.
    unsafe {
        profile::count_dispatch();
        match part::<C>(r, false) {
            Step::Next | Step::Jump => Next(Some(*r.ip.cast::<Handler>())),
            Step::Exit => Next(None),
        }
    }
}

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

/// Runs the cell at `ip`. False where it leaves.
///
/// # Safety
///
/// X1 to X3.
pub unsafe fn step(mut r: Regs) -> bool {
    // SAFETY: X1: the cell begins with its handler.
    unsafe {
        let Next(next) = (*r.ip.cast::<Handler>())(&mut r);
        r.save();
        next.is_some()
    }
}

/// Runs the cell at `ip` and those that follow, until one leaves.
///
/// # Safety
///
/// X1 to X3.
pub unsafe fn run(mut r: Regs) {
    // SAFETY: X1: the cell begins with its handler.
    unsafe {
        Regs::say_live(r.ctx, (&raw const r).cast());
        let mut next = Next(Some(*r.ip.cast::<Handler>()));
        while let Next(Some(handler)) = next {
            next = handler(&mut r);
        }
        r.save();
        Regs::say_live(r.ctx, LivePoint::SAVED);
    }
}
