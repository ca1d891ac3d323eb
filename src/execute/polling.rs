//! Polls: tests at loop headers and function entries whether running code must stop.

use super::chain_guard::ChainGuard;
use super::execution::Suspension;
use crate::code::Trap;
use crate::heap::{EpochDecision, Failure};

/// Tests for an interruption, an epoch deadline and exhausted fuel, in this order. Returns
/// the suspension that the first of them requires.
pub(super) fn poll(guard: &mut ChainGuard<'_>) -> Result<Option<Suspension>, Failure> {
    let engine = guard.store.engine().clone();
    if engine.tunables.interruptible && guard.store.stacks.take_interrupt() {
        return Ok(Some(Suspension::Interrupt));
    }
    if engine.tunables.epoch_interruption
        && engine.epoch.now() >= guard.store.stacks.epoch_deadline()
    {
        let decision = decide(guard)?;
        let now = engine.epoch.now();
        let mut set_deadline = |ticks: u64| {
            guard
                .store
                .stacks
                .set_epoch_deadline(now.saturating_add(ticks));
        };
        match decision {
            EpochDecision::Trap => return Err(Failure::Trap(Trap::Interrupt)),
            EpochDecision::Continue(ticks) => set_deadline(ticks),
            EpochDecision::Yield(ticks) => {
                set_deadline(ticks);
                return Ok(Some(Suspension::Epoch));
            }
        }
    }
    let out_of_fuel = engine.tunables.consume_fuel && guard.store.stacks.is_out_of_fuel();
    Ok(out_of_fuel.then_some(Suspension::Fuel))
}

/// Calls the store's epoch hook. Without a hook, the code traps.
fn decide(guard: &mut ChainGuard<'_>) -> Result<EpochDecision, Failure> {
    guard.leave(false);
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
    Ok(decision)
}
