//! Hooks and controls of running code: fuel, epochs, interruption and call hooks.

use crate::format_err;
use crate::heap::{Crossing, EpochDecision, HostEvent, StoreInner};
use crate::stack::InterruptHandle;
use crate::support::error::Result;

/// The version of the rules by which fuel is counted.
///
/// The guide's page `docs/fuel.md` has the rules and the table of costs. A program with the same
/// input spends the same fuel in every release of the crate with the same version, on every target,
/// in every configuration. If a cost changes, so does the version.
///
/// ```
/// assert_eq!(backstitch::FUEL_VERSION, 1);
/// ```
pub const FUEL_VERSION: u32 = 1;

/// A transition between the host and WebAssembly, as it is passed to [`Store::call_hook`].
///
/// Each transition into one side is followed by the one out of it, also if the call ends with an
/// error. Only a call that the hook itself has refused, or in which a host function panics, has no
/// transition back.
///
/// Corresponds to
/// [`wasmtime::CallHook`](https://docs.rs/wasmtime/latest/wasmtime/enum.CallHook.html).
///
/// [`Store::call_hook`]: crate::Store::call_hook
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallHook {
    /// The host calls WebAssembly.
    CallingWasm,
    /// WebAssembly returns to the host.
    ReturningFromWasm,
    /// WebAssembly calls the host.
    CallingHost,
    /// The host returns to WebAssembly.
    ReturningFromHost,
}

impl CallHook {
    /// Returns whether the host runs after this transition.
    pub fn entering_host(&self) -> bool {
        matches!(self, CallHook::ReturningFromWasm | CallHook::CallingHost)
    }

    /// Returns whether WebAssembly runs after this transition.
    pub fn exiting_host(&self) -> bool {
        matches!(self, CallHook::ReturningFromHost | CallHook::CallingWasm)
    }
}

impl From<Crossing> for CallHook {
    fn from(crossing: Crossing) -> CallHook {
        match crossing {
            Crossing::CallingWasm => CallHook::CallingWasm,
            Crossing::ReturningFromWasm => CallHook::ReturningFromWasm,
            Crossing::CallingHost => CallHook::CallingHost,
            Crossing::ReturningFromHost => CallHook::ReturningFromHost,
        }
    }
}

/// Decision at an epoch deadline: see [`Store::epoch_deadline_callback`].
///
/// Corresponds to
/// [`wasmtime::UpdateDeadline`](https://docs.rs/wasmtime/latest/wasmtime/enum.UpdateDeadline.html).
///
/// [`Store::epoch_deadline_callback`]: crate::Store::epoch_deadline_callback
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpdateDeadline {
    /// The execution traps with [`Trap::Interrupt`](crate::Trap::Interrupt).
    Interrupt,
    /// The execution continues, with a deadline this many ticks from now. With 0 ticks it runs up
    /// to its next function entry, loop header or bulk instruction.
    Continue(u64),
    /// The execution is suspended. When it is resumed, its deadline is this many ticks from then.
    ///
    /// In a synchronous call, which cannot be suspended, this traps.
    Yield(u64),
}

impl From<UpdateDeadline> for EpochDecision {
    fn from(update: UpdateDeadline) -> EpochDecision {
        match update {
            UpdateDeadline::Interrupt => EpochDecision::Trap,
            UpdateDeadline::Continue(ticks) => EpochDecision::Continue(ticks),
            UpdateDeadline::Yield(ticks) => EpochDecision::Yield(ticks),
        }
    }
}

pub(super) fn interrupt_handle(store: &StoreInner) -> Result<InterruptHandle> {
    if store.engine().tunables.interruptible {
        return Ok(store.stacks.interrupt_handle());
    }
    Err(format_err!(
        "interruption is not configured in this store: call `Config::interruptible(true)`"
    ))
}

pub(super) fn get_fuel(store: &StoreInner) -> Result<u64> {
    require_fuel(store)?;
    Ok(store.stacks.fuel())
}

pub(super) fn fuel_spent(store: &StoreInner) -> Option<u64> {
    let counted = store.engine().tunables.consume_fuel;
    counted.then(|| store.stacks.fuel_spent())
}

pub(super) fn set_fuel(store: &mut StoreInner, fuel: u64) -> Result<()> {
    require_fuel(store)?;
    store.note(HostEvent::SetsFuel(fuel));
    store.stacks.set_fuel(fuel);
    Ok(())
}

fn require_fuel(store: &StoreInner) -> Result<()> {
    if store.engine().tunables.consume_fuel {
        return Ok(());
    }
    Err(format_err!(
        "fuel is not configured in this store: call `Config::consume_fuel(true)`"
    ))
}

pub(super) fn set_epoch_deadline(store: &mut StoreInner, ticks_beyond_current: u64) {
    let deadline = store
        .engine()
        .epoch
        .now()
        .saturating_add(ticks_beyond_current);
    store.stacks.set_epoch_deadline(deadline);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_passage_enters_one_side() {
        for crossing in [
            Crossing::CallingWasm,
            Crossing::ReturningFromWasm,
            Crossing::CallingHost,
            Crossing::ReturningFromHost,
        ] {
            let hook = CallHook::from(crossing);
            assert_ne!(hook.entering_host(), hook.exiting_host());
        }
        assert!(CallHook::CallingHost.entering_host());
        assert!(CallHook::CallingWasm.exiting_host());
    }
}
