//! Continuations, as far as the driver handles them: it creates them, ends them, and does
//! the switches that no handler does itself.

use super::chain_guard::ChainGuard;
use super::clauses::Clauses;
use super::continuation::{
    Handler, attach, clauses_of, delivery_slots, detach, parent_of, referred,
};
use super::execution::Suspension;
use super::first_frame::FirstFrame;
use super::host_call::await_results;
use super::regs::{Regs, read_field};
use super::unwind::throw;
use crate::code::cells::{Row, Suspend};
use crate::code::{Awaits, FarSlot, Handles, Op, Trap};
use crate::heap::{Failure, FuncRef, InstanceCore, StoreInner};
use crate::ids::{ExnIndex, FuncIndex, StackId, TypeId};
use crate::module::{FuncType, ValType, types_after};
use crate::stack::{
    Awaited, BOUNDARY_SLOTS, BoundaryKind, Context, Record, Stack, StackState, next_reference,
};
use crate::support::error::Error;
use alloc::sync::Arc;
use core::slice;

/// Creates a continuation of the function that `function` refers to, and returns the
/// reference to it.
pub(super) fn make(store: &mut StoreInner, function: u64) -> Result<u64, Failure> {
    let function = FuncRef(function as u32).get();
    let function = function.ok_or(Failure::Trap(Trap::NullReference))?;
    // SAFETY: X2; an instance is running.
    let instance = unsafe { (*store.stacks.context()).instance };
    let id = begin(store, function, instance).map_err(Failure::Host)?;
    Ok(store.stacks.stack(id).reference)
}

/// Creates a continuation of a function. `instance` is the one that creates it.
///
/// # Errors
///
/// An error if the limits or the host do not allow it.
pub fn begin(
    store: &mut StoreInner,
    function: FuncIndex,
    instance: *mut InstanceCore,
) -> Result<StackId, Error> {
    let object = *store.func(function);
    let first = FirstFrame::of(&object);
    let id = store.add_continuation(function, first.slots())?;
    let fixed = store.engine().handlers.fixed;
    let stack = store.stacks.stack_mut(id);
    // SAFETY: the stack has room for the frame.
    unsafe {
        let return_cell = fixed.return_continuation.address();
        first.lay_out(stack, BoundaryKind::Continuation, return_cell);
    }
    if object.is_host() {
        // A host function runs as the instance that has created the continuation.
        stack.exit.ip = fixed.start_host.address();
        stack.exit.instance = instance;
        stack.deliver = (BOUNDARY_SLOTS * size_of::<u64>()) as i32;
    }
    stack.set_other_end(id);
    Ok(id)
}

/// Binds values to a continuation of functions of the type `ty`, and returns the reference
/// that is valid from now on.
///
/// # Safety
///
/// X2; the values are in `slots` slots at `values`, and a reference follows them.
pub(super) unsafe fn bind(
    store: &mut StoreInner,
    ty: TypeId,
    values: *const u64,
    slots: usize,
) -> Result<u64, Failure> {
    // SAFETY: as promised; the stack has room for all that it can be resumed with.
    unsafe {
        let reference = *values.add(slots);
        let (stack, next) = renewed(store, reference)?;
        pass(values, delivery_slots(stack), slots);
        (*stack).deliver += (slots * size_of::<u64>()) as i32;
        if (*stack).bound() == 0 {
            (*stack).bound_type = ty;
        }
        (*stack).bind(slots as u32);
        (*stack).reference = next;
        Ok(next)
    }
}

/// Prepares a continuation for a use that changes what is on its stack. Returns the stack and
/// the reference that is valid afterwards. A stack whose number has no revisions left gets
/// another number, which may move the directory.
fn renewed(store: &mut StoreInner, reference: u64) -> Result<(*mut Stack, u64), Failure> {
    // SAFETY: X2, H4.
    let mut stack = unsafe { referred(store.stacks.context(), reference).map_err(Failure::Trap)? };
    let mut next = next_reference(reference);
    if next.is_none() {
        let new = store.stacks.renumber(StackId(reference as u32));
        let new = new.ok_or(Failure::Trap(Trap::AllocationTooLarge))?;
        stack = store.stacks.entry(new);
        // SAFETY: it is a stack of the directory.
        next = next_reference(unsafe { (*stack).reference });
    }
    let next = next.expect("a new number has revisions");
    // SAFETY: as above; no other reference to it is held.
    let stack_ref = unsafe { &mut *stack };
    if stack_ref.is_traced() {
        stack_ref.change();
        store.collector.count();
    }
    Ok((stack, next))
}

/// Returns whether a continuation that waits to be resumed takes the values that functions of
/// the type `ty` take, and returns what they return.
pub fn fits(store: &StoreInner, id: StackId, ty: &FuncType) -> bool {
    let types = &store.engine().types;
    let stack = store.stacks.stack(id);
    let function = types.func(store.func(stack.function).ty);
    let awaited = if stack.state == StackState::Fresh {
        None
    } else {
        // SAFETY: X1: `ip` follows a cell that suspends; all of these have the fields of
        // `Suspend`.
        Some(unsafe { read_field(stack.exit.ip.sub(Suspend::WORDS), Suspend::awaits) })
    };
    let of = match awaited {
        Some(Awaits::Results(of) | Awaits::Params(of)) => types.func(of),
        None => Arc::clone(&function),
    };
    let params = match awaited {
        Some(Awaits::Results(_)) => &of.results,
        Some(Awaits::Params(_)) | None => &of.params,
    };
    let params = types_after(params, stack.bound() as usize).unwrap_or_default();
    let all = |from: &[ValType], to: &[ValType]| {
        let mut pairs = from.iter().zip(to);
        from.len() == to.len() && pairs.all(|(&from, &to)| types.is_subtype(from, to))
    };
    all(&ty.params, params) && all(&function.results, &ty.results)
}

/// Copies slots from one stack to another.
fn pass(from: *const u64, to: *mut u64, slots: usize) {
    // SAFETY: both stacks have these slots, as the cells that resume and suspend ensure.
    unsafe { to.copy_from_nonoverlapping(from, slots) };
}

/// Executes the cell at `ip`, whose op is in `Context::service`. Returns a suspension if the
/// host is to handle it.
pub(super) fn serve(guard: &mut ChainGuard<'_>) -> Result<Option<Suspension>, Failure> {
    // SAFETY: X1, X2.
    unsafe {
        let mut r = Regs::restore(guard.ctx);
        match Op::new((*guard.ctx).service) {
            Op::Resume => resume(guard, &mut r)?,
            Op::Suspend => match suspend(guard, &mut r) {
                Err(Failure::Trap(Trap::UnhandledTag)) => return suspend_to_host(guard, &r),
                suspended => suspended?,
            },
            Op::Switch => switch(guard, &mut r)?,
            // The landing sets the registers, so they are not saved here.
            Op::ResumeThrow | Op::ResumeThrowRef => return resume_throw(guard, r).map(|()| None),
            other => unreachable!("{other:?} switches no stacks"),
        }
        r.save();
        Ok(None)
    }
}

/// Returns the innermost clause for the tag of the cell at `ip`, and the number of stacks between
/// the running one and the one that has the clause.
unsafe fn find_handler(
    ctx: *const Context,
    r: &Regs,
    handles: Handles,
) -> Result<(Handler, u64), Failure> {
    // SAFETY: X1, X2; parents wait for their children.
    unsafe {
        let tag = *(*(*ctx).instance).tags.add(r.get(Suspend::tag).0 as usize);
        let mut outermost = (*ctx).running;
        let mut passed = 0;
        while let Some(waiting) = parent_of(ctx, outermost) {
            let clauses = clauses_of(waiting);
            let tags = (*(*waiting).exit.instance).tags;
            let clause = (1..clauses.count()).find(|&clause| {
                let candidate = clauses.clause(clause);
                candidate.handles == handles && *tags.add(candidate.tag as usize) == tag
            });
            if let Some(clause) = clause {
                let handler = Handler {
                    outermost,
                    waiting,
                    operands: clauses.operands(),
                    clause: clauses.found(clause),
                };
                return Ok((handler, passed));
            }
            outermost = waiting;
            passed += 1;
        }
    }
    Err(Failure::Trap(Trap::UnhandledTag))
}

/// Takes apart the stacks that were suspended with a continuation that is about to be resumed,
/// and returns the outermost of them. Nothing counts as bound to it any more.
unsafe fn take_outermost(ctx: *const Context, stack: *mut Stack) -> *mut Stack {
    // SAFETY: X2.
    unsafe {
        let outermost = (*ctx).stack((*stack).other_end());
        (*stack).set_other_end((*stack).id());
        outermost
    }
}

/// Resumes a continuation.
unsafe fn resume(guard: &mut ChainGuard<'_>, r: &mut Regs) -> Result<(), Failure> {
    // SAFETY: X1, X2: the cell at `ip` resumes.
    unsafe {
        let clauses = Clauses::new(r.ip);
        let reference = *r.fp.byte_offset(clauses.reference());
        let (stack, next) = renewed(guard.store, reference)?;
        let outermost = take_outermost(guard.ctx, stack);
        r.resume(stack, next, outermost, clauses.values(), pass);
    }
    Ok(())
}

/// Charges the search of a handler: a unit of fuel for each stack that it has passed.
fn charge_passed(guard: &mut ChainGuard<'_>, stacks: u64) {
    if guard.store.engine().tunables.consume_fuel {
        guard.store.stacks.spend_fuel(stacks);
    }
}

/// Suspends the running stack up to the handler of the cell's tag.
unsafe fn suspend(guard: &mut ChainGuard<'_>, r: &mut Regs) -> Result<(), Failure> {
    // SAFETY: X1, X2: the cell at `ip` suspends.
    unsafe {
        let (handler, passed) = find_handler(guard.ctx, r, Handles::Suspend)?;
        charge_passed(guard, passed);
        let slots = r.get(Suspend::values) as usize;
        (*(*guard.ctx).running).set_other_end((*handler.outermost).id());
        let left = r.leave_stack(r.ip.add(3));
        r.suspend(handler, left, slots, Regs::enter_stack, pass);
    }
    Ok(())
}

/// Suspends the execution, if its owner handles the tag of the cell at `ip`.
unsafe fn suspend_to_host(
    guard: &mut ChainGuard<'_>,
    r: &Regs,
) -> Result<Option<Suspension>, Failure> {
    // SAFETY: X1, X2: the cell at `ip` suspends.
    unsafe {
        let tag = *(*(*guard.ctx).instance)
            .tags
            .add(r.get(Suspend::tag).0 as usize);
        if !guard.store.stacks.stack(guard.id).is_handled_by_host(tag) {
            return Err(Failure::Trap(Trap::UnhandledTag));
        }
        let (values, slots) = (
            r.far_slot(Suspend::operands),
            r.get(Suspend::values) as usize,
        );
        let payload = slice::from_raw_parts(values, slots).to_vec();
        (*guard.ctx).ip = r.ip.add(3);
        guard.leave(true);
        await_results(guard, Awaited::Tag(tag), values);
        Ok(Some(Suspension::Tag(tag, payload)))
    }
}

/// Suspends the running stack and resumes another one in its place.
unsafe fn switch(guard: &mut ChainGuard<'_>, r: &mut Regs) -> Result<(), Failure> {
    // SAFETY: X1, X2: the cell at `ip` is a switch.
    unsafe {
        let (operands, slots) = (
            r.far_slot(Suspend::operands),
            r.get(Suspend::values) as usize,
        );
        let FarSlot(deliver) = r.get(Suspend::operands);
        let reference = *operands.add(slots);
        referred(guard.ctx, reference).map_err(Failure::Trap)?;
        find_handler(guard.ctx, r, Handles::Switch)?;
        let (peer, next) = renewed(guard.store, reference)?;
        // The directory may have moved.
        let (handler, passed) = find_handler(guard.ctx, r, Handles::Switch)?;
        charge_passed(guard, passed);
        let outermost = take_outermost(guard.ctx, peer);
        let left = r.leave_stack(r.ip.add(3));
        (*left.stack).set_other_end((*handler.outermost).id());
        detach(left.stack, handler.outermost, deliver);
        let fp = (*handler.waiting).exit.fp;
        attach(peer, next, outermost, handler.waiting, fp);
        let values = delivery_slots(peer);
        pass(operands, values, slots);
        *values.add(slots) = (*left.stack).reference;
        r.enter_stack(peer, left.instance);
        r.acc = (*peer).acc;
    }
    Ok(())
}

/// Throws an exception at the point where a continuation is suspended, which is resumed for
/// that.
unsafe fn resume_throw(guard: &mut ChainGuard<'_>, mut r: Regs) -> Result<(), Failure> {
    // SAFETY: X1, X2: the cell at `ip` resumes, and its operands are in the frame.
    unsafe {
        let clauses = Clauses::new(r.ip);
        let operands = r.fp.byte_offset(clauses.operands());
        let slots = clauses.values();
        let by_reference = Op::new((*guard.ctx).service) == Op::ResumeThrowRef;
        let thrown = (*operands as u32).checked_sub(1).map(ExnIndex);
        if by_reference && thrown.is_none() {
            return Err(Failure::Trap(Trap::NullReference));
        }
        let reference = *r.fp.byte_offset(clauses.reference());
        referred(guard.ctx, reference).map_err(Failure::Trap)?;
        let exception = match thrown {
            Some(exception) if by_reference => exception,
            _ => {
                let tag = *(*(*guard.ctx).instance).tags.add(clauses.tag() as usize);
                let payload = (0..slots).map(|index| *operands.add(index));
                let exception = guard.store.add_exception(tag, payload);
                exception.map_err(|_| Failure::Trap(Trap::AllocationTooLarge))?
            }
        };
        let (stack, next) = renewed(guard.store, reference)?;
        if (*stack).state == StackState::Fresh {
            // The continuation ends before it has begun, as if the cell itself threw.
            guard.store.stacks.release((*stack).id());
            return throw(guard, exception, false);
        }
        let outermost = take_outermost(guard.ctx, stack);
        let waiting = r.leave_stack(r.ip.add(1));
        attach(stack, next, outermost, waiting.stack, waiting.fp);
        r.enter_stack(stack, waiting.instance);
        r.save();
        throw(guard, exception, true)
    }
}

/// Ends the running continuation. Its results go to the stack that waits for it.
pub(super) fn return_continuation(guard: &mut ChainGuard<'_>) {
    let done = guard.running();
    let waiting = guard.store.stacks.stack(done).parent();
    let waiting = waiting.expect("a continuation that runs is waited for");
    // SAFETY: X2; the stack that waits has left at the cell that has resumed this one, and its
    // frame has room for the results.
    unsafe {
        let bottom = guard.store.stacks.stack(done).base;
        let results = Record(bottom).boundary_results();
        let target = return_to(guard, waiting);
        pass(bottom.add(BOUNDARY_SLOTS), target, results);
    }
    guard.store.stacks.release(done);
}

/// Continues a stack after the cell with which it has resumed another one. Returns the address
/// of the cell's operands, which the results replace.
///
/// # Safety
///
/// X2; `id` waits for a stack.
unsafe fn return_to(guard: &mut ChainGuard<'_>, id: StackId) -> *mut u64 {
    let ctx = guard.ctx;
    let stack = guard.store.stacks.entry(id);
    // SAFETY: as promised.
    unsafe {
        let clauses = clauses_of(stack);
        let mut r = Regs::restore(ctx);
        r.enter_stack(stack, (*ctx).instance);
        r.ip = clauses.target(0);
        r.save();
        r.fp.byte_offset(clauses.operands())
    }
}
