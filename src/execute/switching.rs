//! What the driver does for continuations: it makes them, ends them, and does what no
//! cell does at once.

use super::clauses::Clauses;
use super::continuation::{Handler, attach, clauses_of, detach, parent_of, referred, wanted};
use super::driver::Linked;
use super::execution::Suspension;
use super::first_frame::FirstFrame;
use super::regs::{Regs, read_field};
use crate::code::cells::{Row, Suspend};
use crate::code::{Awaits, FarSlot, Handles, Op, Trap};
use crate::heap::{ExnIndex, Failure, FuncRef, StoreInner};
use crate::module::{FuncType, TypeId, ValType};
use crate::stack::{
    Awaited, BOUNDARY_SLOTS, BoundaryKind, Record, Stack, StackId, StackState, next_reference,
};
use alloc::sync::Arc;
use core::slice;

/// Makes a continuation of a function: the reference to it.
pub(super) fn make(store: &mut StoreInner, function: u64) -> Result<u64, Failure> {
    let function = FuncRef(function as u32).get();
    let function = function.ok_or(Failure::Trap(Trap::NullReference))?;
    let object = *store.func(function);
    let first = FirstFrame::of(&object);
    let id = store
        .add_continuation(function, first.slots())
        .map_err(Failure::Host)?;
    let fixed = store.engine().handlers.fixed;
    // SAFETY: X2; an instance is running.
    let instance = unsafe { (*store.stacks.context()).instance };
    let stack = store.stacks.stack_mut(id);
    // SAFETY: the stack has room for the frame.
    unsafe {
        let return_cell = fixed.return_continuation.address();
        first.lay_out(stack, BoundaryKind::Continuation, return_cell);
    }
    if object.is_host() {
        // It runs as the instance that has made it.
        stack.exit.ip = fixed.start_host.address();
        stack.exit.instance = instance;
        stack.deliver = (BOUNDARY_SLOTS * size_of::<u64>()) as i32;
    }
    stack.set_other_end(id);
    Ok(stack.reference)
}

/// Binds values to a continuation of functions of a type: the reference to it from now on.
///
/// # Safety
///
/// X2; `values` are `count` slots, and a reference follows them.
pub(super) unsafe fn bind(
    store: &mut StoreInner,
    ty: TypeId,
    values: *const u64,
    count: usize,
) -> Result<u64, Failure> {
    // SAFETY: as promised; the stack has room for all that it can be resumed with.
    unsafe {
        let reference = *values.add(count);
        let (stack, next) = renewed(store, reference)?;
        pass(values, wanted(stack), count);
        (*stack).deliver += (count * size_of::<u64>()) as i32;
        if (*stack).bound() == 0 {
            (*stack).bound_type = ty;
        }
        (*stack).bind(count as u32);
        (*stack).reference = next;
        Ok(next)
    }
}

/// The continuation that a reference names, and what it is called after its next use: what is
/// on it is about to change. Where its number has no revisions left, it has another one now,
/// and the directory has moved.
fn renewed(store: &mut StoreInner, reference: u64) -> Result<(*mut Stack, u64), Failure> {
    // SAFETY: X2, H4.
    let mut stack = unsafe { referred(store.stacks.context(), reference).map_err(Failure::Trap)? };
    let mut next = next_reference(reference);
    if next.is_none() {
        let new = store.stacks.renumber(StackId(reference as u32));
        let new = new.ok_or(Failure::Trap(Trap::AllocationTooLarge))?;
        stack = store.stacks.stack_mut(new);
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

/// Whether a continuation that waits to be resumed takes what functions of a type take,
/// and gives what they give.
pub fn fits(store: &StoreInner, id: StackId, ty: &FuncType) -> bool {
    let types = &store.engine().types;
    let stack = store.stacks.stack(id);
    let function = types.func(store.func(stack.function).ty);
    let awaited = if stack.state == StackState::Fresh {
        None
    } else {
        // SAFETY: X1: the stack was left behind a cell that suspends; all of these have the
        // fields of `Suspend`.
        Some(unsafe { read_field(stack.exit.ip.sub(Suspend::WORDS), Suspend::awaits) })
    };
    let of = match awaited {
        Some(Awaits::Results(of) | Awaits::Params(of)) => types.func(of),
        None => Arc::clone(&function),
    };
    let params = match awaited {
        Some(Awaits::Results(_)) => &of.results,
        _ => &of.params,
    };
    let params = params.get(stack.bound() as usize..).unwrap_or(&[]);
    let all = |from: &[ValType], to: &[ValType]| {
        let mut pairs = from.iter().zip(to);
        from.len() == to.len() && pairs.all(|(&from, &to)| types.is_subtype(from, to))
    };
    all(&ty.params, params) && all(&function.results, &ty.results)
}

/// Copies slots from one stack to another.
fn pass(from: *const u64, to: *mut u64, count: usize) {
    // SAFETY: both stacks have them, as cells say who resume and suspend.
    unsafe { to.copy_from_nonoverlapping(from, count) };
}

impl Linked<'_> {
    /// Does what the cell at `ip`, which is one of `Context::service`'s op, wants.
    /// A suspension, if that is for the host to handle.
    pub(super) fn switching(&mut self) -> Result<Option<Suspension>, Failure> {
        // SAFETY: X1, X2.
        unsafe {
            let mut r = Regs::restore(self.ctx);
            let moved = match Op::new((*self.ctx).service) {
                Op::Resume => {
                    let clauses = Clauses::new(r.ip);
                    let reference = *r.fp.byte_offset(clauses.reference());
                    renewed(self.store, reference).map(|(stack, next)| {
                        let outermost = self.whole(stack);
                        r.resume(stack, next, outermost, clauses.values(), pass);
                    })
                }
                Op::Suspend => match self.suspend_cell(&mut r) {
                    Err(Failure::Trap(Trap::UnhandledTag)) => return self.suspend_to_host(&r),
                    suspended => suspended,
                },
                Op::Switch => self.switch(&mut r),
                // Where that goes on is not for these registers to say.
                Op::ResumeThrow | Op::ResumeThrowRef => {
                    return self.resume_throw(r).map(|()| None);
                }
                other => unreachable!("{other:?} switches no stacks"),
            };
            moved.map(|()| r.save()).map(|()| None)
        }
    }

    /// The innermost clause for the tag of the cell at `ip`.
    unsafe fn find_handler(&self, r: &Regs, handles: Handles) -> Result<Handler, Failure> {
        // SAFETY: X1, X2; parents wait for their children.
        unsafe {
            let tag = *(*(*self.ctx).instance)
                .tags
                .add(r.get(Suspend::tag).0 as usize);
            let mut outermost = (*self.ctx).running;
            while let Some(waiting) = parent_of(self.ctx, outermost) {
                let clauses = clauses_of(waiting);
                let tags = (*(*waiting).exit.instance).tags;
                let clause = (1..clauses.count()).find(|&clause| {
                    let candidate = clauses.clause(clause);
                    candidate.handles == handles && *tags.add(candidate.tag as usize) == tag
                });
                if let Some(clause) = clause {
                    return Ok(Handler {
                        outermost,
                        waiting,
                        operands: clauses.operands(),
                        clause: clauses.found(clause),
                    });
                }
                outermost = waiting;
            }
        }
        Err(Failure::Trap(Trap::UnhandledTag))
    }

    /// The outermost of the stacks that were suspended with a continuation, which is about
    /// to be resumed: from now on it is on its own, and nothing is bound.
    unsafe fn whole(&self, stack: *mut Stack) -> *mut Stack {
        // SAFETY: X2.
        unsafe {
            let outermost = (*self.ctx).stack((*stack).other_end());
            (*stack).set_other_end((*stack).id());
            outermost
        }
    }

    unsafe fn suspend_cell(&mut self, r: &mut Regs) -> Result<(), Failure> {
        // SAFETY: X1, X2.
        unsafe {
            let handler = self.find_handler(r, Handles::Suspend)?;
            let count = r.get(Suspend::values) as usize;
            (*(*self.ctx).running).set_other_end((*handler.outermost).id());
            let left = r.leave_stack(r.ip.add(3));
            r.suspend(handler, left, count, Regs::enter_stack, pass);
        }
        Ok(())
    }

    /// Suspends the execution, if its owner handles the tag of the cell at `ip`.
    unsafe fn suspend_to_host(&mut self, r: &Regs) -> Result<Option<Suspension>, Failure> {
        // SAFETY: X1, X2: the cell is one that suspends.
        unsafe {
            let tag = *(*(*self.ctx).instance)
                .tags
                .add(r.get(Suspend::tag).0 as usize);
            if !self.store.stacks.stack(self.id).is_handled_by_host(tag) {
                return Err(Failure::Trap(Trap::UnhandledTag));
            }
            let (values, count) = (
                r.far_slot(Suspend::operands),
                r.get(Suspend::values) as usize,
            );
            let payload = slice::from_raw_parts(values, count).to_vec();
            (*self.ctx).ip = r.ip.add(3);
            self.leave(true);
            self.await_results(Awaited::Tag(tag), values);
            Ok(Some(Suspension::Tag(tag, payload)))
        }
    }

    /// Suspends the running stack and resumes another one in its place.
    unsafe fn switch(&mut self, r: &mut Regs) -> Result<(), Failure> {
        // SAFETY: X1, X2: the cell at `ip` is a switch.
        unsafe {
            let (operands, count) = (
                r.far_slot(Suspend::operands),
                r.get(Suspend::values) as usize,
            );
            let FarSlot(deliver) = r.get(Suspend::operands);
            let reference = *operands.add(count);
            referred(self.ctx, reference).map_err(Failure::Trap)?;
            self.find_handler(r, Handles::Switch)?;
            let (peer, next) = renewed(self.store, reference)?;
            // That may have moved the directory.
            let handler = self.find_handler(r, Handles::Switch)?;
            let outermost = self.whole(peer);
            let left = r.leave_stack(r.ip.add(3));
            (*left.stack).set_other_end((*handler.outermost).id());
            detach(left.stack, handler.outermost, deliver);
            let fp = (*handler.waiting).exit.fp;
            attach(peer, next, outermost, handler.waiting, fp);
            let values = wanted(peer);
            pass(operands, values, count);
            *values.add(count) = (*left.stack).reference;
            r.enter_stack(peer, left.instance);
            r.acc = (*peer).acc;
        }
        Ok(())
    }

    /// Throws an exception where a continuation stands, which is resumed for that.
    unsafe fn resume_throw(&mut self, mut r: Regs) -> Result<(), Failure> {
        // SAFETY: X1, X2: the cell at `ip` resumes, and its operands are in the frame.
        unsafe {
            let clauses = Clauses::new(r.ip);
            let operands = r.fp.byte_offset(clauses.operands());
            let count = clauses.values();
            let by_reference = Op::new((*self.ctx).service) == Op::ResumeThrowRef;
            let thrown = (*operands as u32).checked_sub(1).map(ExnIndex);
            if by_reference && thrown.is_none() {
                return Err(Failure::Trap(Trap::NullReference));
            }
            let reference = *r.fp.byte_offset(clauses.reference());
            referred(self.ctx, reference).map_err(Failure::Trap)?;
            let exception = match thrown {
                Some(exception) if by_reference => exception,
                _ => {
                    let tag = *(*(*self.ctx).instance).tags.add(clauses.tag() as usize);
                    let payload = (0..count).map(|index| *operands.add(index));
                    let exception = self.store.add_exception(tag, payload);
                    exception.map_err(|_| Failure::Trap(Trap::AllocationTooLarge))?
                }
            };
            let (stack, next) = renewed(self.store, reference)?;
            if (*stack).state == StackState::Fresh {
                // It ends before it has begun: it is as if the cell threw.
                self.store.stacks.release((*stack).id());
                return self.throw(exception, false);
            }
            let outermost = self.whole(stack);
            let waiting = r.leave_stack(r.ip.add(1));
            attach(stack, next, outermost, waiting.stack, waiting.fp);
            r.enter_stack(stack, waiting.instance);
            r.save();
            self.throw(exception, true)
        }
    }

    /// Calls the host function that the running continuation is of; it returns as one of
    /// WebAssembly's does. A suspension, if that is what it asks for.
    pub(super) fn start_host(&mut self) -> Result<Option<crate::support::error::Error>, Failure> {
        self.leave(true);
        let stack = self.store.stacks.stack(self.running());
        let (function, base) = (stack.function, stack.base);
        // SAFETY: the arguments follow the bottom.
        let arguments = unsafe { base.add(BOUNDARY_SLOTS) };
        let called = self.call_function(function, arguments, true);
        let asked = match called {
            Ok(()) => None,
            Err(Failure::Host(error)) if error.asks_to_suspend() => {
                self.await_results(Awaited::Host(function), arguments);
                Some(error)
            }
            Err(failure) => return self.throw_on(failure).map(|()| None),
        };
        self.come_back();
        let fixed = self.store.engine().handlers.fixed;
        // SAFETY: X2; a cell without operands, at the bottom.
        unsafe {
            (*self.ctx).ip = fixed.return_continuation.address();
            (*self.ctx).fp = base;
        }
        Ok(asked)
    }

    /// Ends the running continuation: its results go to the stack that waits for it.
    pub(super) fn return_continuation(&mut self) {
        let done = self.running();
        let waiting = self.store.stacks.stack(done).parent();
        let waiting = waiting.expect("a continuation that runs is waited for");
        // SAFETY: X2; the stack that waits has left at the cell that has resumed this one,
        // and its frame has room for the results.
        unsafe {
            let bottom = self.store.stacks.stack(done).base;
            let results = Record(bottom).boundary_results();
            let target = self.go_on(waiting);
            pass(bottom.add(BOUNDARY_SLOTS), target, results);
        }
        self.store.stacks.release(done);
    }

    /// Goes on with a stack behind the cell with which it has resumed another one. Where
    /// that has its operands.
    ///
    /// # Safety
    ///
    /// X2; `id` waits for a stack.
    unsafe fn go_on(&mut self, id: StackId) -> *mut u64 {
        let ctx = self.ctx;
        let stack: *mut _ = self.store.stacks.stack_mut(id);
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
}
