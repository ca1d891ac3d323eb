//! Executions: calls from the host, each with a stack of its own, advanced until they are
//! done.

use super::driver;
use super::first_frame::FirstFrame;
use crate::code::Trap;
use crate::heap::{Failure, StoreInner};
use crate::ids::{FuncIndex, StackId, StoreId, TagIndex};
use crate::module::FuncType;
use crate::stack::{
    Awaited, BOUNDARY_SLOTS, BoundaryKind, INITIAL_SLOTS, Owner, Record, StackState,
};
use crate::support::error::Error;
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use thiserror::Error as ThisError;

/// How far an execution got.
#[derive(Debug)]
pub enum Outcome {
    /// The function has returned.
    Done,
    /// It can be advanced further.
    Suspended(Suspension),
}

/// Why an execution is suspended.
#[non_exhaustive]
#[derive(Debug)]
pub enum Suspension {
    /// No fuel is left.
    Fuel,
    /// Another thread has interrupted it.
    Interrupt,
    /// The epoch's deadline has passed.
    Epoch,
    /// A host function has asked for it; the error is a
    /// [`HostRequest`](crate::support::error::HostRequest). Its results must be provided.
    Host(Error),
    /// Code was suspended with a tag that the host handles; that is its payload. Its
    /// results must be provided.
    Tag(TagIndex, Vec<u64>),
}

/// What cannot be done with an execution in its present state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ThisError)]
pub enum ExecutionError {
    /// It belongs to another store.
    #[error("the execution belongs to another store")]
    WrongStore,
    /// It has ended.
    #[error("the execution has ended and cannot be advanced")]
    Ended,
    /// It runs already: one of its host functions wants to advance it.
    #[error("the execution is running and cannot be advanced from inside itself")]
    Running,
    /// The results of the host function that suspended it are missing.
    #[error("the execution waits for {0} result(s) of the host function that suspended it")]
    ResultsMissing(usize),
    /// No results are wanted.
    #[error("the execution does not wait for results of a host function")]
    NotWaiting,
    /// Another number of results is wanted.
    #[error("the host function that suspended the execution has {expected} result(s), not {given}")]
    WrongResults {
        /// As many as the function's type has.
        expected: usize,
        /// As many as were given.
        given: usize,
    },
}

/// One call from the host, which can be suspended. Dropping it gives up the call.
#[derive(Debug)]
pub struct Execution {
    store: StoreId,
    stack: StackId,
    function: FuncIndex,
    /// Shared with the store, which gives the stack back once this is the last.
    _owner: Arc<Owner>,
}

impl Execution {
    /// A call of a function that has not begun. Suspensions with some tags are for the
    /// host, where no handler is nearer.
    ///
    /// # Errors
    ///
    /// If there is no room for its stack.
    pub fn start(
        store: &mut StoreInner,
        function: FuncIndex,
        arguments: &[u64],
        handles: Box<[TagIndex]>,
    ) -> Result<Execution, Error> {
        let owner = Arc::new(Owner { handles });
        let stack = prepare(store, function, arguments, Some(Arc::clone(&owner)))?;
        Ok(Execution {
            store: store.id(),
            stack,
            function,
            _owner: owner,
        })
    }

    /// Advances it.
    ///
    /// # Errors
    ///
    /// A trap or an error of a host function, which end it; or an [`ExecutionError`].
    pub fn advance(&mut self, store: &mut StoreInner) -> Result<Outcome, Error> {
        self.check(store)?;
        let stack = store.stacks.stack(self.stack);
        match stack.state {
            StackState::Fresh | StackState::Suspended => {}
            StackState::Running => return Err(ExecutionError::Running.into()),
            StackState::Returned | StackState::Trapped | StackState::Free => {
                return Err(ExecutionError::Ended.into());
            }
        }
        if let Some(awaited) = self.awaiting(store) {
            let results = awaited_type(store, awaited).results.len();
            return Err(ExecutionError::ResultsMissing(results).into());
        }
        advance(store, self.stack)
    }

    /// Advances it, with the results of the host function that suspended it.
    ///
    /// # Errors
    ///
    /// As [`Execution::advance`].
    pub fn advance_with(
        &mut self,
        store: &mut StoreInner,
        results: &[u64],
    ) -> Result<Outcome, Error> {
        self.check(store)?;
        let awaited = self.awaiting(store).ok_or(ExecutionError::NotWaiting)?;
        let expected = awaited_type(store, awaited).result_slots();
        assert_eq!(results.len(), expected, "results in slots");
        let innermost = self.innermost(store);
        let stack = store.stacks.stack_mut(innermost);
        for (index, &bits) in results.iter().enumerate() {
            // SAFETY: the frame that waits has room for the results.
            unsafe { *stack.base.add(stack.delivery_slot() + index) = bits };
        }
        stack.awaiting = None;
        stack.acc = results.first().copied().unwrap_or_default();
        if store.func(self.function).is_host() {
            stack_done(store, self.stack);
            return Ok(Outcome::Done);
        }
        advance(store, self.stack)
    }

    fn awaiting(&self, store: &StoreInner) -> Option<Awaited> {
        store.stacks.stack(self.innermost(store)).awaiting
    }

    /// The function type whose results it waits for, if it waits for some: that of the
    /// host function that has suspended it, or of the tag that it was suspended with.
    pub fn awaited(&self, store: &StoreInner) -> Option<Arc<FuncType>> {
        Some(awaited_type(store, self.awaiting(store)?))
    }

    /// The stack that runs next: its own, or that of a continuation which it has resumed.
    pub fn innermost(&self, store: &StoreInner) -> StackId {
        store.stacks.stack(self.stack).innermost()
    }

    /// The function's results, once it is done.
    pub fn results<'a>(&self, store: &'a StoreInner) -> &'a [u64] {
        results(store, self.stack)
    }

    /// The host gets the function's results, and holds what they refer to.
    pub fn hold_results(&self, store: &mut StoreInner) {
        let object = store.func(self.function);
        if object.traced {
            let ty = store.engine().types.func(object.ty);
            let results: Vec<u64> = self.results(store).to_vec();
            store.hold_values(&ty.results, &results);
        }
    }

    /// The function called.
    pub fn function(&self) -> FuncIndex {
        self.function
    }

    /// The store that it belongs to.
    pub fn store_id(&self) -> StoreId {
        self.store
    }

    /// Its stack.
    pub fn stack(&self) -> StackId {
        self.stack
    }

    fn check(&self, store: &StoreInner) -> Result<(), ExecutionError> {
        if store.id() == self.store {
            Ok(())
        } else {
            Err(ExecutionError::WrongStore)
        }
    }
}

/// Calls a function and waits for its end: arguments stand in `slots`, and results are
/// left there, so it is as long as the larger of the two.
///
/// # Errors
///
/// A trap or an error of a host function. A suspension for fuel is
/// [`Trap::OutOfFuel`], any other one [`Trap::Interrupt`].
pub fn call(store: &mut StoreInner, function: FuncIndex, slots: &mut [u64]) -> Result<(), Error> {
    let params = usize::from(store.func(function).param_slots);
    let stack = prepare(store, function, &slots[..params], None)?;
    let release = Release { store, stack };
    match advance(release.store, stack)? {
        Outcome::Done => {
            let results = results(release.store, stack);
            slots[..results.len()].copy_from_slice(results);
            hold_results(release.store, function, slots);
            Ok(())
        }
        Outcome::Suspended(suspension) => Err(driver::refuse(release.store, stack, suspension)),
    }
}

fn awaited_type(store: &StoreInner, awaited: Awaited) -> Arc<FuncType> {
    let ty = match awaited {
        Awaited::Host(function) => store.func(function).ty,
        Awaited::Tag(tag) => store.tag(tag).ty(),
    };
    store.engine().types.func(ty)
}

/// The host holds what the results of a function refer to.
fn hold_results(store: &mut StoreInner, function: FuncIndex, slots: &[u64]) {
    let object = store.func(function);
    if object.traced {
        let ty = store.engine().types.func(object.ty);
        store.hold_values(&ty.results, slots);
    }
}

/// Advances the execution on a stack, unless it is one too many inside others: each of
/// them takes a part of the native stack. It can still be advanced from further outside.
fn advance(store: &mut StoreInner, stack: StackId) -> Result<Outcome, Error> {
    if store.stacks.depth() >= store.engine().tunables.max_nested_calls {
        return Err((store.describe_failure)(
            store,
            Failure::Trap(Trap::StackOverflow),
        ));
    }
    driver::advance(store, stack)
}

/// Gives a stack back when dropped: also when a host function panics.
struct Release<'a> {
    store: &'a mut StoreInner,
    stack: StackId,
}

impl Drop for Release<'_> {
    fn drop(&mut self) {
        self.store.stacks.release(self.stack);
    }
}

/// A stack on which a call of `function` is about to begin.
fn prepare(
    store: &mut StoreInner,
    function: FuncIndex,
    arguments: &[u64],
    owner: Option<Arc<Owner>>,
) -> Result<StackId, Error> {
    let object = *store.func(function);
    debug_assert_eq!(arguments.len(), usize::from(object.param_slots));
    let first = FirstFrame::of(&object);
    let Some(stack) = store
        .stacks
        .acquire(function, first.slots(), INITIAL_SLOTS, owner)
    else {
        return Err((store.describe_failure)(
            store,
            Failure::Trap(Trap::StackOverflow),
        ));
    };
    let return_host = store.engine().handlers.fixed.return_host.address();
    let entry = store.stacks.stack_mut(stack);
    // SAFETY: the stack has room for the frame and the arguments.
    unsafe {
        first.lay_out(entry, BoundaryKind::Host, return_host);
        let slots = entry.base.add(BOUNDARY_SLOTS);
        slots.copy_from_nonoverlapping(arguments.as_ptr(), arguments.len());
    }
    store.execution_waits(stack);
    Ok(stack)
}

fn stack_done(store: &mut StoreInner, stack: StackId) {
    store.stacks.stack_mut(stack).state = StackState::Returned;
}

fn results(store: &StoreInner, stack: StackId) -> &[u64] {
    let stack = store.stacks.stack(stack);
    if stack.state != StackState::Returned {
        return &[];
    }
    // SAFETY: the boundary at the stack's base says how many results follow it.
    unsafe {
        let base = stack.base;
        let count = Record(base).boundary_results();
        core::slice::from_raw_parts(base.add(BOUNDARY_SLOTS), count)
    }
}
