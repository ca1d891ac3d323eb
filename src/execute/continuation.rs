//! Suspending and resuming by handlers.
//!
//! A continuation is a stack. Resuming it stores the resuming frame as the parent of the outermost
//! stack that was suspended with it, and continues at its exit point. Suspending searches the
//! waiting stacks for a clause, and continues there. Nothing is allocated, and only the values that
//! are passed are copied.
//!
//! A reference to a continuation consists of its stack's number and, in the high half, a revision.
//! Each use makes a new revision, so that no reference is used twice.

use super::cell::Execute;
use super::clauses::{Clauses, Found};
use super::opaque::unindexed;
use super::regs::{Regs, Step};
use crate::code::cells::{
    Resume, ResumeThrow, ResumeThrowRef, ResumeValues, ReturnContinuation, Row, StartHost, Suspend,
    SuspendShared, SuspendValues, Switch,
};
use crate::code::{FarSlot, Trap};
use crate::heap::InstanceCore;
use crate::ids::StackId;
use crate::stack::{Context, Exit, Record, Stack, StackState, next_reference};

/// The position at which a stack was left.
#[derive(Clone, Copy)]
pub(super) struct Left {
    /// The stack.
    pub stack: *mut Stack,
    /// The frame, in slots from the stack's base.
    pub fp: u32,
    /// The frame's instance.
    pub instance: *mut InstanceCore,
}

/// The handler of a suspension.
#[derive(Clone, Copy)]
pub(super) struct Handler {
    /// The outermost of the stacks that are suspended.
    pub outermost: *mut Stack,
    /// The stack that has the clause and waits for the outermost one.
    pub waiting: *mut Stack,
    /// The slot for the values that are passed, in bytes from the record of the waiting frame.
    pub operands: isize,
    /// The target of the clause.
    pub clause: Found,
}

/// Returns the cell with which a stack has resumed another one.
///
/// # Safety
///
/// X2; the stack waits for another one.
#[inline(always)]
pub(super) unsafe fn clauses_of(stack: *const Stack) -> Clauses {
    // SAFETY: such a stack has left behind the first word of its cell.
    unsafe { Clauses::new((*stack).exit.ip.sub(1)) }
}

/// Returns the stack that waits for a stack, if there is one.
///
/// # Safety
///
/// X2.
#[inline(always)]
pub(super) unsafe fn parent_of(ctx: *const Context, stack: *const Stack) -> Option<*mut Stack> {
    // SAFETY: X2; the record at the base of a stack in use is a boundary.
    unsafe {
        let parent = Record((*stack).base).parent();
        (parent != StackId::NONE).then(|| (*ctx).stack(parent))
    }
}

/// The most slots of values that handlers pass. The driver does the rest.
const FEW: usize = 2;

/// Copies a few slots from one stack to another.
///
/// # Safety
///
/// Both stacks have these slots.
#[inline(always)]
unsafe fn pass_few(from: *const u64, to: *mut u64, count: usize) {
    debug_assert!(count <= FEW);
    // SAFETY: as promised.
    unsafe {
        if count > 0 {
            *to = *from;
            if count > 1 {
                *to.add(1) = *from.add(1);
            }
        }
    }
}

/// Returns the stack of the continuation that a reference names, if it was not used.
///
/// # Safety
///
/// X2; H4: the reference is one of the store's.
#[inline(always)]
pub(super) unsafe fn referred(ctx: *const Context, reference: u64) -> Result<*mut Stack, Trap> {
    // SAFETY: the number is null's, whose entry is named by no reference, or that of a
    // stack.
    unsafe {
        let stack = (*ctx).stack(StackId(reference as u32));
        if (*stack).reference == reference {
            Ok(stack)
        } else if reference == 0 {
            Err(Trap::NullReference)
        } else {
            Err(Trap::ContinuationAlreadyConsumed)
        }
    }
}

/// Makes the frame at `fp` of another stack wait for a continuation and the stacks that were
/// suspended with it. `next` becomes the continuation's reference, so that the old one is used up.
///
/// # Safety
///
/// X2; `stack` is a continuation that a valid reference names, and `outermost` its other
/// end.
#[inline(always)]
pub(super) unsafe fn attach(
    stack: *mut Stack,
    next: u64,
    outermost: *const Stack,
    waiting: *const Stack,
    fp: u32,
) {
    // SAFETY: X2; a continuation's base is its bottom record.
    unsafe {
        (*stack).reference = next;
        (*stack).state = StackState::Running;
        Record((*outermost).base).set_parent((*waiting).id(), fp);
    }
}

/// Suspends the running stack, whose exit point is stored, and those that wait for it up to the
/// outermost one. The values that it is resumed with go to the slots `deliver` bytes from its
/// record.
///
/// # Safety
///
/// X2.
#[inline(always)]
pub(super) unsafe fn detach(stack: *mut Stack, outermost: *const Stack, deliver: i32) {
    // SAFETY: X2; the outermost one is waited for, so it is a continuation.
    unsafe {
        (*stack).state = StackState::Suspended;
        (*stack).deliver = deliver;
        Record((*outermost).base).set_parent(StackId::NONE, 0);
    }
}

/// Returns the slots for the values that a suspended stack is resumed with.
///
/// # Safety
///
/// X2.
#[inline(always)]
pub(super) unsafe fn delivery_slots(stack: *const Stack) -> *mut u64 {
    // SAFETY: X2, S1.
    unsafe {
        let fp = (*stack).base.add((*stack).exit.fp as usize);
        fp.byte_offset((*stack).deliver as isize)
    }
}

impl Regs {
    /// Stores the exit point of the running stack, which is to continue at `ip`.
    #[inline(always)]
    pub(super) unsafe fn leave_stack(&self, ip: *const u64) -> Left {
        // SAFETY: X2, S1.
        unsafe {
            let stack = (*self.ctx).running;
            let instance = (*self.ctx).instance;
            let fp = (*stack).slots_to(self.fp) as u32;
            (*stack).exit.ip = ip;
            (*stack).exit.instance = instance;
            (*stack).exit.fp = fp;
            Left {
                stack,
                fp,
                instance,
            }
        }
    }

    /// Continues a stack at its exit point, after code of the instance `from`.
    #[inline(always)]
    pub(super) unsafe fn enter_stack(&mut self, stack: *mut Stack, from: *mut InstanceCore) {
        // SAFETY: X2, H1.
        unsafe {
            let instance = (*stack).exit.instance;
            if instance != from {
                (*self.ctx).instance = instance;
                (*self.ctx).globals = (*instance).globals;
                self.load_instance();
            }
            self.enter_same_instance(stack, from);
        }
    }

    /// Continues a stack at its exit point, in the running instance.
    #[inline(always)]
    unsafe fn enter_same_instance(&mut self, stack: *mut Stack, _: *mut InstanceCore) {
        // SAFETY: X2.
        unsafe {
            (*self.ctx).running = stack;
            (*self.ctx).stack_limit = (*stack).limit;
            self.fp = (*stack).base.add((*stack).exit.fp as usize);
            self.ip = (*stack).exit.ip;
        }
    }

    /// Resumes a continuation that was suspended alone and has no bound arguments. The driver
    /// resumes others. Without `VALUES` none are passed.
    #[inline(always)]
    unsafe fn resume_simply<const VALUES: bool>(&mut self) -> Step {
        // SAFETY: X1, X2, H4: the cell at `ip` resumes.
        unsafe {
            let reference = *unindexed(self.far_slot(Resume::reference));
            let stack = (*self.ctx).stack(StackId(reference as u32));
            let count = if VALUES {
                self.get(Resume::values) as usize
            } else {
                0
            };
            let simple = count <= FEW && (*stack).is_simply(reference);
            match next_reference(reference) {
                Some(next) if simple => {
                    self.resume(stack, next, stack, count, |from, to, count| {
                        pass_few(from, to, count);
                    });
                    Step::Jump
                }
                _ => self.leave_to_driver::<Resume>(),
            }
        }
    }

    /// Resumes a continuation with the `count` slots of values of the cell at `ip`. Its other end is
    /// `outermost`, and `next` becomes its reference.
    #[inline(always)]
    pub(super) unsafe fn resume(
        &mut self,
        stack: *mut Stack,
        next: u64,
        outermost: *const Stack,
        count: usize,
        pass: impl Fn(*const u64, *mut u64, usize),
    ) {
        // SAFETY: X1, X2: the cell resumes, and its operands are in the frame.
        unsafe {
            let values = self.far_slot(Resume::operands);
            let waiting = self.leave_stack(self.ip.add(1));
            attach(stack, next, outermost, waiting.stack, waiting.fp);
            pass(values, delivery_slots(stack), count);
            self.enter_stack(stack, waiting.instance);
            self.acc = (*stack).acc;
        }
    }

    /// Suspends the running stack, whose exit point is stored, up to a handler, and continues there
    /// by `enter`. The cell at `ip` passes `count` slots of values.
    #[inline(always)]
    pub(super) unsafe fn suspend(
        &mut self,
        handler: Handler,
        left: Left,
        count: usize,
        enter: unsafe fn(&mut Regs, *mut Stack, *mut InstanceCore),
        pass: impl Fn(*const u64, *mut u64, usize),
    ) {
        // SAFETY: X1, X2: as above.
        unsafe {
            let FarSlot(deliver) = self.get(Suspend::operands);
            let payload = self.fp.byte_offset(deliver as isize);
            detach(left.stack, handler.outermost, deliver);
            enter(self, handler.waiting, left.instance);
            let values = self.fp.byte_offset(handler.operands);
            pass(payload, values, count);
            *unindexed(self.fp.byte_offset(handler.clause.suspended)) = (*left.stack).reference;
            self.ip = handler.clause.target;
        }
    }

    /// Suspends the running stack if the stack that waits for it runs the same instance and has a
    /// clause, which `find` searches for. The driver does the rest. Without `VALUES` none are
    /// passed.
    #[inline(always)]
    unsafe fn suspend_simply<const VALUES: bool>(
        &mut self,
        find: impl FnOnce(&Regs, Clauses, u32) -> Option<Found>,
    ) -> Step {
        // SAFETY: X1, X2: the cell at `ip` suspends.
        unsafe {
            // All values are in slots; an accumulator without a value takes no register. Storing
            // the exit point first saves one too, and the driver may store it again.
            self.acc = 0;
            let left = self.leave_stack(self.ip.add(Suspend::WORDS));
            let stack = left.stack;
            let Some(waiting) = parent_of(self.ctx, stack) else {
                return self.leave_to_driver::<Suspend>();
            };
            let count = if VALUES {
                self.get(Suspend::values) as usize
            } else {
                0
            };
            let same = (*waiting).exit.instance == left.instance;
            if count > FEW || !same {
                return self.leave_to_driver::<Suspend>();
            }
            let clauses = clauses_of(waiting);
            let Some(clause) = find(self, clauses, self.get(Suspend::tag).0) else {
                return self.leave_to_driver::<Suspend>();
            };
            let handler = Handler {
                outermost: stack,
                waiting,
                operands: clauses.operands(),
                clause,
            };
            self.suspend(
                handler,
                left,
                count,
                Regs::enter_same_instance,
                |from, to, count| {
                    pass_few(from, to, count);
                },
            );
        }
        Step::Jump
    }
}

impl Execute for Resume {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1 to X3, S1, H4.
        unsafe { r.resume_simply::<false>() }
    }
}

impl Execute for ResumeValues {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1 to X3, S1, H4.
        unsafe { r.resume_simply::<true>() }
    }
}

impl Execute for Suspend {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1 to X3, S1, H4.
        unsafe { r.suspend_simply::<false>(|_, clauses, tag| clauses.find(tag)) }
    }
}

impl Execute for SuspendValues {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1 to X3, S1, H4.
        unsafe { r.suspend_simply::<true>(|_, clauses, tag| clauses.find(tag)) }
    }
}

impl Execute for SuspendShared {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X1 to X3, S1, H1, H4.
        unsafe {
            r.suspend_simply::<true>(|r, clauses, tag| {
                let tags = (*(*r.ctx).instance).tags;
                clauses.find_shared(tag, tags)
            })
        }
    }
}

impl Regs {
    /// Leaves the op of `C` to the driver.
    #[inline(always)]
    unsafe fn leave_to_driver<C: Row>(&mut self) -> Step {
        // SAFETY: X2.
        unsafe {
            // All values are in slots; an accumulator without a value takes no register.
            self.acc = 0;
            (*self.ctx).service = C::OP as u16;
            self.exit(Exit::Switching)
        }
    }
}

impl Execute for ResumeThrow {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X2.
        unsafe { r.leave_to_driver::<Self>() }
    }
}

impl Execute for ResumeThrowRef {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X2.
        unsafe { r.leave_to_driver::<Self>() }
    }
}

impl Execute for Switch {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X2.
        unsafe { r.leave_to_driver::<Self>() }
    }
}

impl Execute for StartHost {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X2.
        unsafe { r.exit(Exit::StartHost) }
    }
}

impl Execute for ReturnContinuation {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Step {
        // SAFETY: X2.
        unsafe { r.exit(Exit::ContinuationDone) }
    }
}
