//! Code that the host runs: executions, and calls in which a replay can pause.

use super::player::{Context, End, Frame, Stop, player, prepare_interruption, ran};
use crate::api::Val;
use crate::api::execution::{Execution, Outcome, Suspension};
use crate::support::error::Result;
use alloc::vec::Vec;

/// An execution that the host runs.
pub(super) struct Active {
    pub execution: Execution,
    /// The number of the execution in the log; `None` for a call, which cannot be suspended.
    pub number: Option<u32>,
}

/// Resumes an execution, with the results that it waits for, and compares what it does with the log.
pub(super) fn advance(
    store: &mut Context<'_>,
    log: &[u8],
    frame: Option<&mut Frame<'_>>,
    mut active: Active,
    results: Option<Vec<Val>>,
) -> Result<Option<End>, Stop> {
    prepare_interruption(store);
    let execution = &mut active.execution;
    let mut outcome = match results {
        None => execution.resume(&mut *store),
        Some(results) => execution.resume_with(&mut *store, &results),
    };
    if matches!(player(store).stop, Some(Stop::Paused)) {
        // A call of the host's function, which waits for it.
        return pause(store, frame.is_some(), active);
    }
    let ended = loop {
        let suspension = match outcome {
            Ok(Outcome::Suspended(suspension)) => suspension,
            _ => break true,
        };
        if player(store).is_pausing && matches!(suspension, Suspension::Interrupt) {
            return pause(store, frame.is_some(), active);
        }
        if active.number.is_some() {
            outcome = Ok(Outcome::Suspended(suspension));
            break false;
        }
        outcome = match suspension {
            // Nothing else wakes the code of a call. No time passes in a replay.
            Suspension::Wait { timeout, .. } if timeout.is_some() => {
                active.execution.time_out(&mut *store);
                active.execution.resume(&mut *store)
            }
            suspension => Err(active.execution.refuse(&mut *store, suspension)),
        };
    };
    if let Some(number) = active.number {
        let player = player(store);
        if !ended {
            player.executions[number as usize] = Some(active.execution);
        } else if frame.is_none() {
            player.ended = player.names.get(&number).cloned();
        }
    }
    ran(store, log, frame, outcome, ended)?;
    Ok(None)
}

/// Pauses in code that the host runs. If a function of the host has called it, that function pauses,
/// too: it suspends its caller.
fn pause(store: &mut Context<'_>, is_nested: bool, active: Active) -> Result<Option<End>, Stop> {
    let player = player(store);
    player.active.push(active);
    if is_nested {
        return Err(Stop::Paused);
    }
    player.stop = None;
    Ok(Some(End::Pause))
}
