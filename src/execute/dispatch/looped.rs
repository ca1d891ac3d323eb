//! The loop: each handler returns the next one. Correct wherever Rust is.

use crate::execute::cell::Cell;
use crate::execute::regs::{Regs, Step};
use crate::stack::LivePoint;

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
        match C::run(r) {
            Step::Next | Step::Jump => Next(Some(*r.ip.cast::<Handler>())),
            Step::Exit => Next(None),
        }
    }
}

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
