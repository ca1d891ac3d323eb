//! Polls: tests whether running code must stop. Code polls at function entries, at loop headers and
//! before the returns of long functions; the driver polls before bulk operations and before calls
//! of host functions.

use super::chain_guard::ChainGuard;
use super::execution::Suspension;
use crate::code::{Op, Trap};
use crate::heap::{EpochDecision, Failure, HostEvent};
use crate::stack::Stop;

/// Polls at the cell that is about to be executed, and suspends if that is required.
///
/// Tests for an interruption, an epoch deadline and exhausted fuel, in this order. Returns
/// the suspension that the first of them requires.
pub(super) fn poll(guard: &mut ChainGuard<'_>) -> Result<Option<Suspension>, Failure> {
    let passes_epoch = core::mem::take(&mut guard.passes_epoch);
    let engine = guard.store.engine().clone();
    if engine.tunables.interruptible && guard.store.stacks.take_interrupt() {
        return Ok(Some(interrupt(
            guard,
            Stop::Interrupt,
            Suspension::Interrupt,
        )));
    }
    if engine.tunables.epoch_interruption
        && !passes_epoch
        && engine.epoch.now() >= guard.store.stacks.epoch_deadline()
    {
        match decide(guard)? {
            EpochDecision::Trap => {
                interrupt(guard, Stop::Trap, Suspension::Interrupt);
                return Err(Failure::Trap(Trap::Interrupt));
            }
            EpochDecision::Continue(ticks) => set_deadline(guard, ticks),
            EpochDecision::Yield(ticks) => {
                set_deadline(guard, ticks);
                return Ok(Some(interrupt(
                    guard,
                    Stop::Epoch,
                    Suspension::Epoch(ticks),
                )));
            }
        }
    }
    // An interruption of a replay. Code with a probe before each instruction pauses at these only.
    let steps = engine.tunables.probes.as_ref().is_some_and(|it| it.steps);
    if !steps || guard.store.stacks.stop() != Some(Stop::Pause) {
        match guard.store.stacks.take_stop() {
            None => {}
            Some(Stop::Interrupt | Stop::Pause) => return Ok(Some(Suspension::Interrupt)),
            Some(Stop::Epoch) => return Ok(Some(Suspension::Epoch(u64::MAX))),
            Some(Stop::Trap) => return Err(Failure::Trap(Trap::Interrupt)),
        }
    }
    let out_of_fuel = engine.tunables.consume_fuel && guard.store.stacks.is_out_of_fuel();
    Ok(out_of_fuel.then_some(Suspension::Fuel))
}

/// Records an interruption, if the store is recorded. Returns the suspension.
fn interrupt(guard: &mut ChainGuard<'_>, stop: Stop, suspension: Suspension) -> Suspension {
    guard.store.note(HostEvent::Interrupts(stop as u8));
    suspension
}

/// Polls as the cells at `ip` do, and continues behind them: even if the deadline has passed again,
/// code runs up to the next poll.
pub(super) fn poll_in_code(guard: &mut ChainGuard<'_>) -> Result<Option<Suspension>, Failure> {
    if is_at(guard, Op::ProbeStep) {
        return Ok(poll_before_instruction(guard));
    }
    let suspension = poll(guard)?;
    if suspension.is_none() {
        let polls = [Op::PollFuel, Op::PollInterrupt, Op::PollEpoch];
        while let Some(&op) = polls.iter().find(|&&op| is_at(guard, op)) {
            pass(guard, op);
        }
    }
    Ok(suspension)
}

/// Polls at the probe before an instruction, at which a replay can pause. Nothing else stops code there
/// that would not stop it without probes.
fn poll_before_instruction(guard: &mut ChainGuard<'_>) -> Option<Suspension> {
    let stacks = &mut guard.store.stacks;
    if stacks.stop() == Some(Stop::Pause) && stacks.take_stop().is_some() {
        return Some(Suspension::Interrupt);
    }
    pass(guard, Op::ProbeStep);
    None
}

/// Passes the probe at which an observer has stopped the execution that is resumed, if one has.
pub(super) fn pass_stop(guard: &mut ChainGuard<'_>) {
    if guard.store.debugging.is_none() || !guard.was_at_cell {
        return;
    }
    let probes = [Op::ProbeStop, Op::ProbeStore, Op::ProbeRun];
    if let Some(&op) = probes.iter().find(|&&op| is_at(guard, op)) {
        pass(guard, op);
    }
}

/// Passes the next cell, which is one of an op that polls or stops.
fn pass(guard: &ChainGuard<'_>, op: Op) {
    // SAFETY: X1, X2: another cell follows one that polls.
    unsafe { (*guard.ctx).ip = (*guard.ctx).ip.add(op.only().words()) };
}

/// Returns whether the next cell is one of an op that no fusion begins with.
fn is_at(guard: &ChainGuard<'_>, op: Op) -> bool {
    let handlers = &guard.store.engine().handlers.handlers;
    let handler = handlers[op.only().number() as usize].0;
    // SAFETY: X1, X2: `ip` is the address of a cell.
    unsafe { *(*guard.ctx).ip.cast::<*const ()>() == handler }
}

/// Sets the deadline of an execution that continues after a suspension at an epoch deadline: it
/// counts from now. If it is now, the poll at which the execution was suspended passes.
pub(super) fn resume_epoch(guard: &mut ChainGuard<'_>, ticks: u64) {
    set_deadline(guard, ticks);
    guard.passes_epoch = ticks == 0;
}

/// Sets the deadline to `ticks` increments of the epoch from now.
fn set_deadline(guard: &mut ChainGuard<'_>, ticks: u64) {
    let now = guard.store.engine().epoch.now();
    let deadline = now.saturating_add(ticks);
    guard.store.stacks.set_epoch_deadline(deadline);
}

/// Calls the store's epoch hook. Without a hook, the code traps.
fn decide(guard: &mut ChainGuard<'_>) -> Result<EpochDecision, Failure> {
    guard.leave(false);
    // SAFETY: X2. The hook may run other code, which calls the host and services too.
    let (host, service) = unsafe { ((*guard.ctx).host, (*guard.ctx).service) };
    let decision = match guard.store.epoch_hook.take() {
        None => EpochDecision::Trap,
        Some(mut hook) => {
            let decision = hook(guard.store);
            // Unless the hook has set another one.
            guard.store.epoch_hook.get_or_insert(hook);
            decision.map_err(Failure::Host)?
        }
    };
    guard.come_back();
    // SAFETY: X2.
    unsafe {
        (*guard.ctx).host = host;
        (*guard.ctx).service = service;
    }
    Ok(decision)
}
