//! The guard that links an execution into the chain while it is advanced.
//!
//! Suspended executions need not be nested: a host function may start one execution inside
//! another, keep it, and continue it after the outer one has ended. So an execution is linked
//! each time it is advanced, and unlinked each time it ends or is suspended.

use super::execution::{Outcome, Suspension};
use crate::heap::{Failure, InstanceCore, StoreInner};
use crate::ids::StackId;
use crate::stack::{Activation, Context, ExitPoint, StackState};
use crate::support::error::Error;

/// An execution that is linked into the chain, as the store's newest activation. Dropping
/// the guard unlinks it on every path, including a panic of a host function.
pub(super) struct ChainGuard<'a> {
    pub(super) store: &'a mut StoreInner,
    /// Initial stack of the execution. A continuation that it has resumed may be running.
    pub(super) id: StackId,
    pub(super) ctx: *mut Context,
    /// True if the next poll passes although the epoch deadline has passed.
    pub(super) passes_epoch: bool,
    /// True if the execution was suspended at a cell that is executed next, not in a call.
    pub(super) was_at_cell: bool,
    /// True if the execution is suspended before each access that code announces.
    pub(super) stops_at_accesses: bool,
    outer: Outer,
    /// State that the initial stack gets when the execution is unlinked.
    state: StackState,
}

/// Purpose for which an execution is linked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// The execution's code is to run.
    Run,
    /// The frames of the suspended execution are to be read. Its exit point stays unchanged.
    Inspect,
}

/// State of the activation under which the execution was linked.
struct Outer {
    stack_limit: *mut u64,
    instance: *mut InstanceCore,
    running: StackId,
    activations: usize,
}

impl Drop for ChainGuard<'_> {
    fn drop(&mut self) {
        let stacks = &mut self.store.stacks;
        let running = stacks.running();
        match self.state {
            StackState::Suspended if running != self.id => {
                stacks.stack_mut(self.id).set_other_end(running);
            }
            StackState::Suspended | StackState::Returned => {}
            StackState::Free | StackState::Fresh | StackState::Running | StackState::Trapped => {
                stacks.release_continuations(running);
            }
        }
        stacks.stack_mut(self.id).state = self.state;
        self.store.execution_waits(self.id);
        let stacks = &mut self.store.stacks;
        stacks.end_activations(self.outer.activations);
        stacks.set_running(self.outer.running);
        // SAFETY: X2; no handler runs.
        unsafe {
            (*self.ctx).stack_limit = self.outer.stack_limit;
            (*self.ctx).set_instance(self.outer.instance);
        }
    }
}

impl<'a> ChainGuard<'a> {
    /// Links the execution on stack `id`, which is fresh or suspended. `native_stack` is an
    /// address in the caller's native frame.
    pub(super) fn link(
        store: &'a mut StoreInner,
        id: StackId,
        purpose: Purpose,
        native_stack: usize,
    ) -> ChainGuard<'a> {
        let ctx = store.stacks.context();
        // SAFETY: X2; no handler runs.
        let outer = unsafe {
            Outer {
                stack_limit: (*ctx).stack_limit,
                instance: (*ctx).instance,
                running: (*(*ctx).running).id(),
                activations: store.stacks.depth(),
            }
        };
        let initial = store.stacks.stack_mut(id);
        initial.state = StackState::Running;
        let running = initial.other_end().get().unwrap_or(id);
        initial.set_other_end(StackId::NONE);
        let chain = store.stacks.chain(running);
        store.stacks.begin_activation(Activation {
            chain,
            exited: purpose == Purpose::Inspect,
            native_stack,
        });
        store.stacks.set_running(running);
        let mut guard = ChainGuard {
            store,
            id,
            ctx,
            passes_epoch: false,
            was_at_cell: false,
            stops_at_accesses: false,
            outer,
            // Unless it is suspended or returns, it has failed.
            state: StackState::Trapped,
        };
        guard.load_registers();
        if purpose == Purpose::Run {
            guard.was_at_cell = !guard.store.stacks.running_stack().exit.is_return;
            guard.mark_running();
        }
        guard
    }

    /// Returns the stack whose code runs.
    pub(super) fn running(&self) -> StackId {
        self.store.stacks.running()
    }

    /// Returns the execution's activation.
    pub(super) fn activation(&mut self) -> &mut Activation {
        &mut self.store.stacks.activations[self.outer.activations]
    }

    /// Loads the registers from the exit point of the running stack.
    pub(super) fn load_registers(&mut self) {
        let running = self.running();
        let stack = self.store.stacks.stack(running);
        // SAFETY: X2; no handler runs.
        unsafe {
            (*self.ctx).stack_limit = stack.limit;
            (*self.ctx).set_instance(stack.exit.instance);
            (*self.ctx).ip = stack.exit.ip;
            (*self.ctx).fp = stack.base.wrapping_add(stack.exit.fp as usize);
            (*self.ctx).acc = stack.acc;
        }
    }

    /// Changes the running stack's exit point to the form that it has while code runs.
    fn mark_running(&mut self) {
        self.store.stacks.running_stack_mut().exit.is_return = true;
    }

    /// Returns whether the frame in the registers lies on the running stack. A host function
    /// that the host calls has no frame.
    fn has_frame(&self) -> bool {
        let stack = self.store.stacks.stack(self.running());
        // SAFETY: X2.
        let fp = unsafe { (*self.ctx).fp };
        (stack.base.addr()..stack.limit.addr()).contains(&fp.addr())
    }

    /// Saves the registers as the exit point of the running stack. The activation is in the
    /// host from now on. `is_return` is true if `ip` is the return address of a call.
    pub(super) fn leave(&mut self, is_return: bool) {
        let chain = self.store.stacks.running_chain();
        let activation = self.activation();
        activation.chain = chain;
        activation.exited = true;
        let stack = self.store.stacks.running_stack_mut();
        // SAFETY: X2.
        unsafe {
            stack.exit = ExitPoint {
                ip: (*self.ctx).ip,
                instance: (*self.ctx).instance,
                fp: stack.slots_to((*self.ctx).fp) as u32,
                is_return,
            };
        }
    }

    /// Undoes [`ChainGuard::leave`]: loads `ip` and `fp` again, as the host may have run other
    /// code in between. The stack has not moved.
    pub(super) fn come_back(&mut self) {
        self.activation().exited = false;
        self.mark_running();
        let stack = self.store.stacks.running_stack();
        // SAFETY: X2.
        unsafe {
            (*self.ctx).ip = stack.exit.ip;
            (*self.ctx).fp = stack.base.add(stack.exit.fp as usize);
        }
    }

    /// Suspends the execution where its code has stopped. `is_return` is as for
    /// [`ChainGuard::leave`].
    pub(super) fn suspend(&mut self, suspension: Suspension, is_return: bool) -> Outcome {
        if self.has_frame() {
            self.leave(is_return);
        }
        self.state = StackState::Suspended;
        Outcome::Suspended(suspension)
    }

    /// Ends the execution, whose function has returned.
    pub(super) fn finish(&mut self) -> Outcome {
        self.state = StackState::Returned;
        Outcome::Done
    }

    /// Makes an error of a failure, while the execution's frames can still be read.
    pub(super) fn describe(&mut self, failure: Failure) -> Error {
        // If the host has called a host function, or a hook has failed, the registers may be
        // those of another stack. This one has no frame to show then.
        if !self.activation().exited && self.has_frame() {
            self.leave(false);
        }
        (self.store.describe_failure)(self.store, failure)
    }
}
