//! Suspending and resuming, as running code does it.
//!
//! A continuation is a stack. To resume one is to go on where it stands, and to say in
//! the entry of the outermost of the stacks that were suspended with it who waits for
//! them; to suspend is to look for a clause among those who wait, and to go on there.
//! Nothing is allocated, and nothing is copied but the values that are passed.
//!
//! A reference to a continuation is its stack's number and, in the high half, a revision:
//! each use makes a new one, so that none is used twice.

use super::cell::Cell;
use super::clauses::Clauses;
use super::regs::{Regs, Step};
use super::transfer::cell;
use crate::code::{Clause, Handles, Op, Trap};
use crate::stack::{Context, Exit, Record, Stack, StackId, StackState};

/// Where a suspension is handled.
#[derive(Clone, Copy)]
pub(super) struct Handler {
    /// The outermost of the stacks that are suspended.
    pub outermost: *mut Stack,
    /// The stack that has the clause, and waits for that one.
    pub waiting: *mut Stack,
    /// Where the values that are passed are wanted, in bytes from that one's frame.
    pub operands: isize,
    /// Where the clause leads to.
    pub target: *const u64,
}

/// The cell with which a stack has resumed another one.
///
/// # Safety
///
/// X2; the stack waits for another one.
#[inline(always)]
pub(super) unsafe fn clauses_of(stack: *const Stack) -> Clauses {
    // SAFETY: such a stack has left behind the first word of its cell.
    unsafe { Clauses::new((*stack).exit.ip.sub(1)) }
}

/// The stack that waits for another one, if one does.
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

/// So many values are passed by cells; where there are more, the driver does it all.
const FEW: usize = 2;

/// Copies a few slots from one stack to another.
///
/// # Safety
///
/// Both have them.
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

/// The continuation that a reference names, if it does still.
///
/// # Safety
///
/// X2; H4: the reference is one of the store's.
#[inline(always)]
pub(super) unsafe fn referred(ctx: *const Context, reference: u64) -> Result<*mut Stack, Trap> {
    // SAFETY: the number is null's, which is no stack's and has a revision of its own, or
    // that of a stack.
    unsafe {
        let stack = (*ctx).stack(StackId(reference as u32));
        if (*stack).revision == (reference >> 32) as u32 {
            Ok(stack)
        } else if reference == 0 {
            Err(Trap::NullReference)
        } else {
            Err(Trap::ContinuationAlreadyConsumed)
        }
    }
}

/// Uses a continuation up: makes another stack, which has left, wait for it.
///
/// # Safety
///
/// X2; `stack` is a continuation that a valid reference names.
#[inline(always)]
pub(super) unsafe fn attach(ctx: *const Context, stack: *mut Stack, waiting: *const Stack) {
    // SAFETY: X2; a continuation's base is its bottom record.
    unsafe {
        (*stack).revision = (*stack).revision.wrapping_add(1);
        (*stack).state = StackState::Running;
        (*stack).bound = 0;
        let outermost = (*ctx).stack((*stack).other_end);
        Record((*outermost).base).set_parent((*waiting).id, (*waiting).exit.fp);
    }
}

/// Suspends the running stack, which has left, and those that wait for it up to the
/// handler's. What it is resumed with goes to the slots `deliver` bytes from its frame.
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
        (*stack).other_end = (*outermost).id;
        Record((*outermost).base).set_parent(StackId::NONE, 0);
    }
}

/// Where a stack that stands still wants the values that it is resumed with.
///
/// # Safety
///
/// X2.
#[inline(always)]
pub(super) unsafe fn wanted(stack: *const Stack) -> *mut u64 {
    // SAFETY: X2, S1.
    unsafe {
        let fp = (*stack).base.add((*stack).exit.fp as usize);
        fp.byte_offset((*stack).deliver as isize)
    }
}

impl Regs {
    /// Leaves the running stack where it is to go on at `ip`.
    #[inline(always)]
    pub(super) unsafe fn leave_stack(&self, ip: *const u64) -> *mut Stack {
        // SAFETY: X2, S1.
        unsafe {
            let stack = (*self.ctx).running;
            (*stack).exit.ip = ip;
            (*stack).exit.instance = (*self.ctx).instance;
            (*stack).exit.fp = (*stack).slots_to(self.fp) as u32;
            stack
        }
    }

    /// Goes on with a stack where it stands.
    #[inline(always)]
    pub(super) unsafe fn enter_stack(&mut self, stack: *mut Stack) {
        // SAFETY: X2, H1.
        unsafe {
            let instance = (*stack).exit.instance;
            if instance != (*self.ctx).instance {
                (*self.ctx).instance = instance;
                (*self.ctx).globals = (*instance).globals;
                self.load_instance();
            }
            self.enter_same_instance(stack);
        }
    }

    /// Goes on with a stack where it stands, in the instance that runs.
    #[inline(always)]
    unsafe fn enter_same_instance(&mut self, stack: *mut Stack) {
        // SAFETY: X2.
        unsafe {
            (*self.ctx).running = stack;
            (*self.ctx).stack_limit = (*stack).limit;
            self.fp = (*stack).base.add((*stack).exit.fp as usize);
            self.ip = (*stack).exit.ip;
        }
    }

    /// Resumes a continuation with the values of the cell at `ip`.
    #[inline(always)]
    pub(super) unsafe fn resume(
        &mut self,
        stack: *mut Stack,
        pass: impl Fn(*const u64, *mut u64, usize),
    ) {
        // SAFETY: X1, X2: the cell resumes, and its operands are in the frame.
        unsafe {
            let clauses = Clauses::new(self.ip);
            let count = clauses.values();
            let values = self.fp.byte_offset(clauses.operands());
            let waiting = self.leave_stack(self.ip.add(1));
            attach(self.ctx, stack, waiting);
            pass(values, wanted(stack), count);
            self.enter_stack(stack);
            self.acc = (*stack).acc;
        }
    }

    /// Suspends the running stack up to a handler, and goes on there: `enter` does that.
    /// The cell at `ip` passes `count` values.
    #[inline(always)]
    pub(super) unsafe fn suspend(
        &mut self,
        handler: Handler,
        count: usize,
        enter: unsafe fn(&mut Regs, *mut Stack),
        pass: impl Fn(*const u64, *mut u64, usize),
    ) {
        // SAFETY: X1, X2: as above.
        unsafe {
            let deliver = self.u32_at::<8>().cast_signed();
            let payload = self.fp.byte_offset(deliver as isize);
            let stack = self.leave_stack(self.ip.add(3));
            detach(stack, handler.outermost, deliver);
            enter(self, handler.waiting);
            let values = self.fp.byte_offset(handler.operands);
            pass(payload, values, count);
            *values.add(count) = (*stack).reference();
            self.ip = handler.target;
        }
    }
}

cell!(
    /// Resumes a continuation.
    Resume, 4, |r| {
        let clauses = Clauses::new(r.ip);
        let count = clauses.values();
        if count > FEW {
            return switching(r, Op::Resume);
        }
        let reference = *r.fp.byte_offset(clauses.operands()).add(count);
        match referred(r.ctx, reference) {
            Ok(stack) => {
                r.resume(stack, |from, to, count| pass_few(from, to, count));
                Step::Jump
            }
            Err(_) => switching(r, Op::Resume),
        }
    }
);

cell!(
    /// Suspends, up to the innermost clause for a tag. Here is done what is usual: the
    /// stack that waits has a clause, and runs the same instance.
    Suspend, 3, |r| {
        let stack = (*r.ctx).running;
        let Some(waiting) = parent_of(r.ctx, stack) else {
            return switching(r, Op::Suspend);
        };
        let count = r.u32_at::<16>() as usize;
        let same = (*waiting).exit.instance == (*r.ctx).instance;
        if count > FEW || !same || (*stack).revision == u32::MAX {
            return switching(r, Op::Suspend);
        }
        let clauses = clauses_of(waiting);
        let wanted = Clause { tag: r.u32_at::<12>(), handles: Handles::Suspend };
        let tags = (*(*r.ctx).instance).tags;
        let Some(target) = clauses.find(wanted, tags) else {
            return switching(r, Op::Suspend);
        };
        let operands = clauses.operands();
        let handler = Handler { outermost: stack, waiting, operands, target };
        r.suspend(handler, count, Regs::enter_same_instance, |from, to, count| {
            pass_few(from, to, count);
        });
        Step::Jump
    }
);

/// Leaves what a cell wants of continuations to the driver.
#[inline(always)]
unsafe fn switching(r: &mut Regs, op: Op) -> Step {
    // SAFETY: X2.
    unsafe {
        // All values are in slots: to say so spares the handler a register.
        r.acc = 0;
        (*r.ctx).service = op as u8;
        r.exit(Exit::Switching)
    }
}

cell!(
    /// Throws an exception of a tag where a continuation stands.
    ResumeThrow, 4, |r| {
        switching(r, Op::ResumeThrow)
    }
);

cell!(
    /// Throws an exception where a continuation stands.
    ResumeThrowRef, 4, |r| {
        switching(r, Op::ResumeThrowRef)
    }
);

cell!(
    /// Suspends, and resumes another continuation in one.
    Switch, 3, |r| {
        switching(r, Op::Switch)
    }
);

cell!(
    /// Where a continuation begins whose function is the host's.
    StartHost, 2, |r| {
        r.exit(Exit::StartHost)
    }
);

cell!(
    /// The end of a continuation.
    ReturnContinuation, 2, |r| {
        r.exit(Exit::ContinuationDone)
    }
);
