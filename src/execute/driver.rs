//! The driver: runs handlers until they exit, and does what they leave to it.
//!
//! All slow paths of a call end here, one native frame above running code, however deep the
//! WebAssembly stack is: growing the stack, translating a function, calling the host,
//! services, switching stacks, suspension, traps.

use super::bulk::Progress;
use super::call::first_cell;
use super::chain_guard::{ChainGuard, Purpose};
use super::dispatch;
use super::execution::{ExecutionError, Outcome, Suspension};
use super::host_call::{self, cross};
use super::polling::{self, poll, poll_in_code};
use super::regs::Regs;
use super::service;
use super::stepping;
use super::switching;
use super::unwind;
use crate::code::{Op, Trap};
use crate::heap::{Crossing, Failure, StoreInner};
use crate::ids::{InstanceIndex, StackId};
use crate::stack::{Exit, Record};
use crate::support::error::Error;

/// Advances the execution on stack `id` until it ends or is suspended. A failure is
/// described before its frames are gone. If the execution was suspended at an epoch deadline, the
/// next one is `yielded` ticks away. If it `stops_at_accesses`, it is suspended before each access
/// that code announces.
pub(super) fn advance(
    store: &mut StoreInner,
    id: StackId,
    yielded: Option<u64>,
    stops_at_accesses: bool,
) -> Result<Outcome, Error> {
    let here = 0_u8;
    let mut guard = ChainGuard::link(store, id, Purpose::Run, (&raw const here).addr());
    guard.stops_at_accesses = stops_at_accesses;
    let called = cross(&mut guard, Crossing::CallingWasm);
    if guard.store.call_hook.is_some() {
        // The hook may have run other code, which has changed the registers.
        guard.load_registers();
    }
    called.map_err(|failure| guard.describe(failure))?;
    if let Some(ticks) = yielded {
        polling::resume_epoch(&mut guard, ticks);
    }
    polling::pass_stop(&mut guard);
    let outcome = run(&mut guard).map_err(|failure| guard.describe(failure));
    // The hook is called for errors as well. Its own error takes the place of the code's.
    match cross(&mut guard, Crossing::ReturningFromWasm) {
        Ok(()) => outcome,
        Err(failure) => Err(guard.describe(failure)),
    }
}

/// Returns the error of a call that was suspended, although its caller cannot wait.
pub(super) fn refuse(store: &mut StoreInner, id: StackId, suspension: Suspension) -> Error {
    let failure = match suspension {
        Suspension::Fuel => Failure::Trap(Trap::OutOfFuel),
        Suspension::Interrupt
        | Suspension::Epoch(_)
        | Suspension::Breakpoint
        | Suspension::Watchpoint(_) => Failure::Trap(Trap::Interrupt),
        Suspension::Host(error) => Failure::Host(error),
        Suspension::Tag(..) => Failure::Trap(Trap::UnhandledTag),
        Suspension::Access(_) => unreachable!("calls do not stop at accesses"),
        Suspension::Wait(wait) => Failure::Host(ExecutionError::Deadlock(wait.address).into()),
    };
    let here = 0_u8;
    let mut guard = ChainGuard::link(store, id, Purpose::Inspect, (&raw const here).addr());
    guard.describe(failure)
}

/// Runs a linked execution until it ends or is suspended.
fn run(guard: &mut ChainGuard<'_>) -> Result<Outcome, Failure> {
    if guard
        .store
        .func(guard.store.stacks.stack(guard.id).function)
        .is_host()
    {
        return host_call::run(guard);
    }
    let table = guard.store.engine().handlers;
    let polls = guard.store.engine().tunables.polls();
    loop {
        // SAFETY: X1 to X3: the registers are those of the running stack, whose code is made
        // of the engine's handlers.
        let exit = unsafe {
            if guard.store.cell_hook.is_none() {
                dispatch::run(table, Regs::restore(guard.ctx));
            } else {
                stepping::run_by_cells(guard);
            }
            (*guard.ctx).exit
        };
        match exit {
            Exit::Done => return Ok(guard.finish()),
            Exit::Trap => {
                // SAFETY: X2.
                let trap = Trap::from_u8(unsafe { (*guard.ctx).trap });
                charge_run(guard);
                return Err(Failure::Trap(trap.expect("handlers name their trap")));
            }
            Exit::Grow => {
                // SAFETY: X2.
                let (from, bytes) = unsafe { ((*guard.ctx).grow_from, (*guard.ctx).grow_bytes) };
                grow(guard, from, bytes)?;
            }
            Exit::GrowForCallee => {
                // SAFETY: X2; published code lives as long as its module.
                let (from, bytes) =
                    unsafe { ((*guard.ctx).grow_from, (*(*guard.ctx).grow_callee).extent) };
                grow(guard, from, bytes)?;
            }
            Exit::Translate => translate(guard)?,
            Exit::Host => {
                // SAFETY: X2. In a tail call, the frame whose cell would be executed again is gone.
                let polls = polls && unsafe { !(*guard.ctx).host.is_tail };
                if polls && let Some(suspension) = poll(guard)? {
                    return Ok(guard.suspend(suspension, false));
                }
                if let Some(outcome) = host_call::call(guard)? {
                    return Ok(outcome);
                }
            }
            Exit::Service => {
                collect_if_due(guard);
                // SAFETY: X2.
                let op = Op::new(unsafe { (*guard.ctx).service });
                if polls
                    && service::is_polled(op)
                    && let Some(suspension) = poll(guard)?
                {
                    return Ok(guard.suspend(suspension, false));
                }
                // SAFETY: X1, X2: the code has exited with `Exit::Service`.
                let mut served = unsafe { service::serve(guard.store, guard.ctx) };
                if matches!(served, Ok(Progress::NoRoom)) {
                    guard.leave(false);
                    guard.store.collect();
                    guard.come_back();
                    // SAFETY: as above.
                    served = unsafe { service::serve(guard.store, guard.ctx) };
                }
                match served {
                    Ok(Progress::NoRoom) => {
                        charge_run(guard);
                        return Err(Failure::Trap(Trap::AllocationTooLarge));
                    }
                    Err(Failure::Exception(exception)) => unwind::throw(guard, exception, false)?,
                    Err(failure) => {
                        charge_run(guard);
                        return Err(failure);
                    }
                    Ok(Progress::OutOfFuel) => {
                        return Ok(guard.suspend(Suspension::Fuel, false));
                    }
                    Ok(Progress::Waiting(wait)) => {
                        return Ok(guard.suspend(Suspension::Wait(wait), false));
                    }
                    Ok(Progress::Entered | Progress::Stopped) => {
                        return Ok(guard.suspend(Suspension::Breakpoint, false));
                    }
                    Ok(Progress::Watched(access)) => {
                        return Ok(guard.suspend(Suspension::Watchpoint(access), false));
                    }
                    Ok(Progress::Accessing(access)) if guard.stops_at_accesses => {
                        return Ok(guard.suspend(Suspension::Access(access), false));
                    }
                    Ok(Progress::Done | Progress::More | Progress::Accessing(_)) => {}
                }
            }
            Exit::Switching => {
                collect_if_due(guard);
                if let Some(suspension) = switching::serve(guard)? {
                    return Ok(guard.suspend(suspension, true));
                }
            }
            Exit::ContinuationDone => switching::return_continuation(guard),
            Exit::StartHost => {
                if let Some(outcome) = host_call::start(guard)? {
                    return Ok(outcome);
                }
            }
            Exit::Poll => {
                if let Some(suspension) = poll_in_code(guard)? {
                    return Ok(guard.suspend(suspension, false));
                }
            }
            Exit::Probe => unreachable!("probes run no module's code"),
        }
    }
}

/// Charges the fuel of the straight run of code that ends at the failed cell. Code charges a run
/// only at its end, which is not reached.
#[cold]
fn charge_run(guard: &mut ChainGuard<'_>) {
    if guard.store.engine().tunables.consume_fuel {
        guard.leave(false);
        let cost = (guard.store.uncharged_cost)(guard.store, guard.running());
        guard.store.stacks.spend_fuel(cost.into());
    }
}

/// Collects before the instruction that has exited, if a collection is due or there is no
/// room for what the instruction allocates.
fn collect_if_due(guard: &mut ChainGuard<'_>) {
    // SAFETY: X2.
    let is_full = match Op::new(unsafe { (*guard.ctx).service }) {
        Op::ContNew => guard.store.continuations_are_full(),
        Op::Throw | Op::ResumeThrow => guard.store.exceptions_are_full(),
        _ => false,
    };
    if is_full || guard.store.collector.is_due() {
        guard.leave(false);
        if is_full {
            guard.store.collect();
        } else {
            guard.store.collect_some();
        }
        guard.come_back();
    }
}

/// Makes room for `bytes` bytes above the slot `from` of the running stack.
fn grow(guard: &mut ChainGuard<'_>, from: *mut u64, bytes: usize) -> Result<(), Failure> {
    let running = guard.running();
    let stack = guard.store.stacks.stack(running);
    // SAFETY: X2.
    let fp = stack.slots_to(unsafe { (*guard.ctx).fp });
    let bytes = (from.addr() - stack.base.addr()).saturating_add(bytes);
    let slots = bytes.div_ceil(size_of::<u64>());
    let grown = guard.store.grow_stack(running, slots);
    let stack = guard.store.stacks.stack(running);
    // SAFETY: X2; S4: no handler runs while the stack moves, and no slot holds an address of
    // one (S3).
    unsafe {
        (*guard.ctx).fp = stack.base.wrapping_add(fp);
        (*guard.ctx).stack_limit = stack.limit;
    }
    if grown {
        Ok(())
    } else {
        Err(Failure::Trap(Trap::StackOverflow))
    }
}

/// Translates the function whose frame has just been entered, and continues with its code.
fn translate(guard: &mut ChainGuard<'_>) -> Result<(), Failure> {
    // SAFETY: X2, H1.
    let (function, instance) = unsafe { ((*guard.ctx).acc as u32, (*(*guard.ctx).instance).index) };
    let module = guard.store.instance(instance).module().clone();
    let prepared = tell_observer(guard, instance, function)
        .and_then(|()| module.publish(function))
        .map_err(Failure::Host)
        .and_then(|code| {
            // SAFETY: X2; published code lives as long as its module, and the instance holds
            // that.
            unsafe {
                let fp = (*guard.ctx).fp;
                if (*guard.ctx).stack_limit.addr() - fp.addr() < (*code).extent {
                    grow(guard, fp, (*code).extent)?;
                }
            }
            Ok(code)
        });
    match prepared {
        Ok(code) => {
            let handlers = guard.store.engine().handlers;
            // SAFETY: X1, X2; a return address follows a call cell, unless it is that of a
            // cell outside any function.
            unsafe {
                let return_ip = Record((*guard.ctx).fp).return_ip();
                if !handlers.fixed.contains(return_ip) {
                    let call = handlers.handlers[Op::Call.only().number() as usize];
                    Regs::patch_call(return_ip, call.0, function, code);
                }
                (*guard.ctx).ip = first_cell(code);
            }
            Ok(())
        }
        Err(failure) => {
            // The call has failed, so its caller is the youngest frame.
            leave_frame(guard);
            Err(failure)
        }
    }
}

/// Tells the observer of a store, if it has one, that a frame of a function has just been entered.
fn tell_observer(
    guard: &mut ChainGuard<'_>,
    instance: InstanceIndex,
    function: u32,
) -> Result<(), Error> {
    let Some(debugging) = &guard.store.debugging else {
        return Ok(());
    };
    let entered = debugging.entered;
    guard.leave(false);
    entered(guard.store, instance, function)?;
    guard.come_back();
    Ok(())
}

/// Removes the youngest frame and the boundaries below it, so that the call in its caller is
/// what has failed.
fn leave_frame(guard: &mut ChainGuard<'_>) {
    // SAFETY: X2, S3.
    unsafe {
        let mut record = Record((*guard.ctx).fp);
        let mut return_ip = record.return_ip();
        record = record.caller();
        while record.is_boundary() && !record.ends_stack() {
            (*guard.ctx).set_instance(record.boundary_instance());
            return_ip = record.return_ip();
            record = record.caller();
        }
        (*guard.ctx).ip = return_ip;
        (*guard.ctx).fp = record.0;
    }
    guard.leave(true);
}
