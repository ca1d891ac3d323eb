//! The loop backend: each handler returns the next one. It is correct on every target.

use super::part::{count_dispatch, part};
use crate::execute::cell::Cell;
use crate::execute::regs::{Regs, Step};
use crate::stack::LivePoint;
use crate::support::vector::Baseline;

/// Result of a handler: the next handler, or `None` to exit.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct Next(Option<Handler>);

/// Function that executes a cell.
pub type Handler = unsafe fn(&mut Regs) -> Next;

/// Handler of a cell.
///
/// # Safety
///
/// X1 to X3.
pub unsafe fn handler<C: Cell>(r: &mut Regs) -> Next {
    // SAFETY: X1 to X3; the next cell begins with its handler.
    unsafe {
        count_dispatch();
        match part::<C, Baseline>(r, false) {
            Step::Next | Step::Jump => Next(Some(*r.ip.cast::<Handler>())),
            Step::Exit => Next(None),
        }
    }
}

/// Runs the cell at `ip`. Returns false if it exits.
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

/// Runs the cell at `ip` and those that follow, until one exits.
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
