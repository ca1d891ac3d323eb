//! Calls of host functions, by running code and by the host itself.

use super::chain_guard::ChainGuard;
use super::execution::{Outcome, Suspension};
use super::unwind;
use crate::heap::{Crossing, Failure, HostCall, HostEvent};
use crate::ids::FuncIndex;
use crate::stack::{Awaited, BOUNDARY_SLOTS};
use core::slice;

/// Calls the host function that the embedder has called. There is no WebAssembly frame.
pub(super) fn run(guard: &mut ChainGuard<'_>) -> Result<Outcome, Failure> {
    let stack = guard.store.stacks.stack(guard.id);
    let function = stack.function;
    // SAFETY: the boundary has been written, and its arguments follow it.
    let arguments = unsafe { stack.base.add(BOUNDARY_SLOTS) };
    match call_function(guard, function, arguments, false) {
        Err(Failure::Host(error)) if error.asks_to_suspend() => {
            await_results(guard, Awaited::Host(function), arguments);
            Ok(guard.suspend(Suspension::Host(error), true))
        }
        Err(failure) => Err(failure),
        Ok(()) => Ok(guard.finish()),
    }
}

/// Calls the host function in `Context::host`, as running code has requested. Returns an
/// outcome if the function suspends the execution.
pub(super) fn call(guard: &mut ChainGuard<'_>) -> Result<Option<Outcome>, Failure> {
    // SAFETY: X2.
    let request = unsafe { (*guard.ctx).host };
    // SAFETY: X2.
    unsafe { (*guard.ctx).ip = request.return_ip };
    guard.leave(true);
    let function = FuncIndex(request.function);
    match call_function(guard, function, request.arguments, true) {
        Ok(()) => {
            guard.come_back();
            // SAFETY: X2; the slots are those of the call.
            unsafe { (*guard.ctx).acc = *request.arguments };
            Ok(None)
        }
        Err(failure) => has_failed(guard, function, request.arguments, failure),
    }
}

/// Suspends the execution if a host function, whose arguments were in the slots at `arguments`, has
/// failed with such a request. Otherwise, throws the failure.
#[cold]
fn has_failed(
    guard: &mut ChainGuard<'_>,
    function: FuncIndex,
    arguments: *mut u64,
    failure: Failure,
) -> Result<Option<Outcome>, Failure> {
    match failure {
        Failure::Host(error) if error.asks_to_suspend() => {
            await_results(guard, Awaited::Host(function), arguments);
            guard.come_back();
            Ok(Some(guard.suspend(Suspension::Host(error), true)))
        }
        failure => unwind::throw_failure(guard, failure).map(|()| None),
    }
}

/// Calls the host function of the running continuation, which then returns as one of
/// WebAssembly does. Returns an outcome if the function suspends the execution.
pub(super) fn start(guard: &mut ChainGuard<'_>) -> Result<Option<Outcome>, Failure> {
    guard.leave(true);
    let stack = guard.store.stacks.stack(guard.running());
    let (function, base) = (stack.function, stack.base);
    // SAFETY: the arguments follow the bottom.
    let arguments = unsafe { base.add(BOUNDARY_SLOTS) };
    let request = match call_function(guard, function, arguments, true) {
        Ok(()) => None,
        Err(Failure::Host(error)) if error.asks_to_suspend() => {
            await_results(guard, Awaited::Host(function), arguments);
            Some(error)
        }
        Err(failure) => return unwind::throw_failure(guard, failure).map(|()| None),
    };
    guard.come_back();
    let fixed = guard.store.engine().handlers.fixed;
    // SAFETY: X2; a cell without operands, at the bottom.
    unsafe {
        (*guard.ctx).ip = fixed.return_continuation.address();
        (*guard.ctx).fp = base;
    }
    Ok(request.map(|error| guard.suspend(Suspension::Host(error), true)))
}

/// Calls a host function whose arguments are in the slots at `arguments`, and records the call if
/// the store is recorded.
#[inline]
fn call_function(
    guard: &mut ChainGuard<'_>,
    function: FuncIndex,
    arguments: *mut u64,
    from_wasm: bool,
) -> Result<(), Failure> {
    match guard.store.recording {
        None => call_unrecorded(guard, function, arguments, from_wasm),
        Some(_) => call_recorded(guard, function, arguments, from_wasm),
    }
}

#[cold]
fn call_recorded(
    guard: &mut ChainGuard<'_>,
    function: FuncIndex,
    arguments: *mut u64,
    from_wasm: bool,
) -> Result<(), Failure> {
    let object = *guard.store.func(function);
    // SAFETY: the arguments are there, and nothing writes them.
    let slots = unsafe { slice::from_raw_parts(arguments, object.param_slots.into()) };
    let entered = guard.store.record(HostEvent::Entered(function, slots));
    entered.map_err(Failure::Host)?;
    let called = call_unrecorded(guard, function, arguments, from_wasm);
    let returned = match &called {
        // SAFETY: the function has written its results there.
        Ok(()) => Ok(unsafe { slice::from_raw_parts(arguments, object.result_slots.into()) }),
        Err(Failure::Host(error)) => Err(error),
        // Hooks and functions fail with errors of the host only.
        Err(_) => return called,
    };
    let recorded = guard.store.record(HostEvent::Returned(returned));
    called.and(recorded.map_err(Failure::Host))
}

#[inline]
fn call_unrecorded(
    guard: &mut ChainGuard<'_>,
    function: FuncIndex,
    arguments: *mut u64,
    from_wasm: bool,
) -> Result<(), Failure> {
    let object = *guard.store.func(function);
    let host = guard.store.host_func_address(&object);
    let caller = if from_wasm {
        // SAFETY: H1.
        Some(unsafe { (*(*guard.ctx).instance).index })
    } else {
        None
    };
    cross(guard, Crossing::CallingHost)?;
    let slots = object.param_slots.max(object.result_slots).into();
    let held = guard.store.collector.held();
    // The function takes its arguments, which no frame contains any more, as references that the host
    // holds.
    //
    // SAFETY: the caller's frame has room for the larger of parameters and results from
    // `arguments` on, and this stack does not move until the call returns.
    let call = unsafe { HostCall::new(guard.store, caller, arguments, slots) };
    // SAFETY: host functions live as long as their store.
    let called = unsafe { (*host).call(call) };
    guard.store.collector.let_go(held);
    // The hook is called for errors as well. Its own error takes the place of the function's.
    cross(guard, Crossing::ReturningFromHost)?;
    called.map_err(Failure::Host)
}

/// Calls the store's call hook for a passage between the host and WebAssembly.
pub(super) fn cross(guard: &mut ChainGuard<'_>, crossing: Crossing) -> Result<(), Failure> {
    guard.store.cross(crossing).map_err(Failure::Host)
}

/// Records that the running stack, which has left, waits for values. They go to the slots at
/// `slots`.
pub(super) fn await_results(guard: &mut ChainGuard<'_>, awaited: Awaited, slots: *mut u64) {
    let running = guard.running();
    let stack = guard.store.stacks.stack_mut(running);
    let distance = stack.slots_to(slots) as i32 - stack.exit.fp as i32;
    stack.deliver = distance * size_of::<u64>() as i32;
    stack.awaiting = Some(awaited);
}
