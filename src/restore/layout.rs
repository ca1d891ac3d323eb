//! The layout of a stack: where the records of frames and boundaries are.

use super::frame::{Continuation, Placed};
use super::stacks::Call;
use crate::heap::StoreInner;
use crate::ids::InstanceIndex;
use crate::module::{SiteKind, ValType, slot_count};
use crate::stack::{BOUNDARY_SLOTS, RECORD_SLOTS};
use crate::support::error::Result;
use crate::walk::coredump::extension::{Awaits, Boundary, StackRest};
use crate::{bail, ensure, format_err};
use alloc::vec::Vec;

/// A record on a stack: that of a frame, or of a boundary between instances.
pub struct Position {
    /// The slot.
    pub at: usize,
    /// The frame, as an index into the list of frames, youngest first; `None` for a boundary.
    pub frame: Option<usize>,
    /// Instance of the frame, or of the code that has made the call.
    pub instance: InstanceIndex,
    /// Number of result slots of the call over a boundary.
    pub results: usize,
}

/// The records on a stack, from its end on.
pub struct Layout {
    /// The records, the oldest first.
    pub positions: Vec<Position>,
    /// Number of slots that the stack needs.
    pub slots: usize,
    /// The first slot for the values that the stack continues with.
    pub deliver: usize,
}

impl Layout {
    /// Finds the places of the frames of a call, youngest first. `continuation` is true for that of a
    /// continuation.
    ///
    /// # Errors
    ///
    /// If a frame cannot have been called by the next older one.
    pub fn new(
        store: &StoreInner,
        placed: &[Placed<'_>],
        continuation: bool,
        call: &Call,
        rest: &StackRest,
    ) -> Result<Layout> {
        let (ty, base) = (&call.ty, call.base);
        let types = &store.engine().types;
        let fits = |from: &[ValType], to: &[ValType]| {
            let mut pairs = from.iter().zip(to);
            from.len() == to.len() && pairs.all(|(&from, &to)| types.is_subtype(from, to))
        };
        let end = match continuation {
            true => Boundary::Continuation,
            false => Boundary::Host,
        };
        let mut positions = Vec::new();
        positions.try_reserve_exact(2 * placed.len() + 2)?;
        // The first slot of the next call's arguments, and what its results must be.
        let mut next = BOUNDARY_SLOTS;
        let mut expected = &*ty.results;
        let mut slots = next + ty.call_slots();
        let has_base = match placed.is_empty() {
            true => rest.crosses,
            false => base.is_some(),
        };
        if let (true, Some(instance)) = (has_base, base) {
            positions.push(Position {
                at: next,
                frame: None,
                instance,
                results: ty.result_slots(),
            });
            next += BOUNDARY_SLOTS;
        }
        let mut older: Option<&Placed<'_>> = None;
        for (index, frame) in placed.iter().enumerate().rev() {
            match older {
                None => ensure!(
                    frame.boundary == end,
                    "the oldest frame is not at the stack's end"
                ),
                Some(older) => match frame.boundary {
                    Boundary::None => ensure!(
                        frame.instance == older.instance,
                        "two frames of different instances have no boundary between them"
                    ),
                    Boundary::Instance => {
                        positions.push(Position {
                            at: next,
                            frame: None,
                            instance: older.instance,
                            results: slot_count(expected),
                        });
                        next = step(next, BOUNDARY_SLOTS)?;
                    }
                    _ => bail!("the stack ends between two frames"),
                },
            }
            ensure!(
                fits(&frame.ty.results, expected),
                "a frame does not return what its caller expects"
            );
            let fp = step(next, frame.ty.param_slots())?;
            positions.push(Position {
                at: fp,
                frame: Some(index),
                instance: frame.instance,
                results: 0,
            });
            slots = slots.max(step(fp, frame.extent.max(RECORD_SLOTS))?);
            match frame.continuation {
                Continuation::Return(call) => {
                    ensure!(
                        index == 0 || call.kind == SiteKind::Call,
                        "a frame that waits for another one is not in a call"
                    );
                    next = step(fp, call.arguments)?;
                    expected = call.results;
                    ensure!(
                        call.arguments + slot_count(expected) <= frame.extent,
                        "there is no room for the results of a call"
                    );
                }
                Continuation::At(_) => ensure!(
                    index == 0,
                    "a frame that waits for another one is not in a call"
                ),
            }
            older = Some(frame);
        }
        if let (true, Some(older)) = (rest.crosses, older) {
            ensure!(
                matches!(older.continuation, Continuation::Return(_)),
                "a boundary is above a frame that waits for no call"
            );
            positions.push(Position {
                at: next,
                frame: None,
                instance: older.instance,
                results: slot_count(expected),
            });
            next = step(next, BOUNDARY_SLOTS)?;
        }
        slots = slots.max(step(next, slot_count(expected))?);
        if let Awaits::Host(function) = rest.awaits
            && let Some(called) = store.functions().get(function as usize)
        {
            slots = slots.max(step(next, called.result_slots.into())?);
        }
        Ok(Layout {
            positions,
            slots,
            deliver: next,
        })
    }
}

/// Adds numbers of slots.
fn step(at: usize, slots: usize) -> Result<usize> {
    let end = at.checked_add(slots).filter(|&end| end < 1 << 31);
    end.ok_or_else(|| format_err!("the stack is too large"))
}
