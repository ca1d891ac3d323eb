//! Executions: calls from the host, each with a stack of its own, that are advanced until they
//! end.

use super::driver;
use super::first_frame::FirstFrame;
use super::observed::Access;
use super::waiting::Wait;
use crate::code::Trap;
use crate::heap::{Failure, HostEvent, Left, StoreInner};
use crate::ids::{FuncIndex, StackId, StoreId, TagIndex, TypeId};
use crate::module::FuncType;
use crate::stack::{
    Awaited, BOUNDARY_SLOTS, BoundaryKind, INITIAL_SLOTS, Owner, Record, StackState, TimeOut,
};
use crate::support::error::Error;
#[cfg(feature = "std")]
use crate::support::park;
use crate::support::wait_queue::WaitState;
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::task::{Poll, Waker};
#[cfg(feature = "std")]
use std::time::{Duration, Instant};
use thiserror::Error as ThisError;

/// The state that an execution has reached.
#[derive(Debug)]
pub enum Outcome {
    /// The function has returned.
    Done,
    /// The execution is suspended and can be advanced again.
    Suspended(Suspension),
}

/// Reason for which an execution is suspended.
#[non_exhaustive]
#[derive(Debug)]
pub enum Suspension {
    /// No fuel is left.
    Fuel,
    /// Another thread has interrupted the execution.
    Interrupt,
    /// The epoch deadline has passed. The next one is this many ticks from the continuation.
    Epoch(u64),
    /// A host function has requested it, with an error that is a
    /// [`HostRequest`](crate::support::error::HostRequest). The function's results must be
    /// provided to continue.
    Host(Error),
    /// Code has suspended itself with a tag that the host handles. The slots are the payload.
    /// Results of the tag's type must be provided to continue.
    Tag(TagIndex, Vec<u64>),
    /// Code waits at an address of a shared memory.
    Wait(Wait),
    /// Code is about to perform this access, with the next cell.
    Access(Access),
    /// Code stops for an observer.
    Breakpoint,
    /// Code stops for an observer before this access, which the next cell performs.
    Watchpoint(Access),
}

impl Suspension {
    /// Returns the number of the reason, in recordings.
    fn number(&self) -> u8 {
        match self {
            Suspension::Fuel => 0,
            Suspension::Interrupt => 1,
            Suspension::Epoch(_) => 2,
            Suspension::Host(_) => 3,
            Suspension::Tag(..) => 4,
            Suspension::Wait(_) => 5,
            Suspension::Access(_) => 6,
            Suspension::Breakpoint => 7,
            Suspension::Watchpoint(_) => 8,
        }
    }
}

/// Error of an operation that an execution in its present state does not allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ThisError)]
pub enum ExecutionError {
    /// The execution belongs to another store.
    #[error("the execution belongs to another store")]
    WrongStore,
    /// The execution has ended.
    #[error("the execution has ended and cannot be advanced")]
    Ended,
    /// The execution is running: one of its own host functions has tried to advance it.
    #[error("the execution is running and cannot be advanced from inside itself")]
    Running,
    /// The results of the host function that suspended it are missing.
    #[error("the execution waits for {0} result(s) of the host function that suspended it")]
    ResultsMissing(usize),
    /// More calls from the host are nested than
    /// [`Config::max_nested_calls`](crate::Config::max_nested_calls) allows. This is the limit.
    #[error(
        "the limit of {0} nested calls from the host was reached \
         (`Config::max_nested_calls` sets it)"
    )]
    TooManyNestedCalls(usize),
    /// A call that cannot be suspended waits at this address of a shared memory without a timeout.
    /// While it runs, no other code of its store can wake it.
    #[error(
        "deadlock: the call waits at address {0:#x} of a shared memory, and no code can wake it"
    )]
    Deadlock(u64),
    /// The execution waits for no results.
    #[error("the execution does not wait for results of a host function")]
    NotWaiting,
    /// The execution waits for another number of results.
    #[error("the host function that suspended the execution has {expected} result(s), not {given}")]
    WrongResults {
        /// Number of results of the function's type.
        expected: usize,
        /// Number of results that were given.
        given: usize,
    },
}

/// A call from the host that can be suspended. Dropping it abandons the call.
#[derive(Debug)]
pub struct Execution {
    store: StoreId,
    stack: StackId,
    function: FuncIndex,
    /// True if it is suspended before each access that code announces.
    pub stops_at_accesses: bool,
    /// Shared with the stack. Once the stack has the only one, the store takes the stack back.
    _owner: Arc<Owner>,
}

impl Execution {
    /// Prepares a call of a function, without running anything. The host handles suspensions
    /// with the tags `handles` that reach it, which no guest has handled.
    ///
    /// # Errors
    ///
    /// An error if there is no room for a stack.
    pub fn start(
        store: &mut StoreInner,
        function: FuncIndex,
        arguments: &[u64],
        handles: Box<[TagIndex]>,
    ) -> Result<Execution, Error> {
        let owner = Arc::new(Owner { handles });
        let stack = prepare(store, function, arguments, Some(Arc::clone(&owner)))?;
        store.record(HostEvent::Started {
            stack,
            function,
            arguments,
            handles: &owner.handles,
        })?;
        Ok(Execution {
            store: store.id(),
            stack,
            function,
            stops_at_accesses: false,
            _owner: owner,
        })
    }

    /// Returns the execution on a stack that has the owner `owner`.
    pub fn of(store: &StoreInner, stack: StackId, owner: Arc<Owner>) -> Execution {
        Execution {
            store: store.id(),
            stack,
            function: store.stacks.stack(stack).function,
            stops_at_accesses: false,
            _owner: owner,
        }
    }

    /// Returns the same execution of a fork of its store.
    ///
    /// # Panics
    ///
    /// If the fork has released its stack.
    pub fn copy_in(&self, fork: &StoreInner) -> Execution {
        let owner = fork.stacks.stack(self.stack).owner();
        let owner = owner.expect("the fork has the execution");
        Execution {
            stops_at_accesses: self.stops_at_accesses,
            ..Execution::of(fork, self.stack, owner)
        }
    }

    /// Runs until the function returns, fails or is suspended.
    ///
    /// # Errors
    ///
    /// A trap or an error of a host function, both of which end the execution, or an
    /// [`ExecutionError`].
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
        store.record(HostEvent::Advanced(self.stack, None))?;
        let outcome = self.run(store);
        leave(store, outcome.as_ref())?;
        outcome
    }

    /// Returns the error of a call that was suspended, although its caller cannot wait. The execution
    /// has ended then.
    pub fn refuse(&self, store: &mut StoreInner, suspension: Suspension) -> Error {
        driver::refuse(store, self.stack, suspension)
    }

    /// Passes the results that the execution waits for, and runs as [`Execution::advance`]
    /// does.
    ///
    /// # Errors
    ///
    /// As [`Execution::advance`].
    ///
    /// # Panics
    ///
    /// If `results` has not the number of slots that the results take.
    pub fn advance_with(
        &mut self,
        store: &mut StoreInner,
        results: &[u64],
    ) -> Result<Outcome, Error> {
        self.check(store)?;
        let awaited = self.awaiting(store).ok_or(ExecutionError::NotWaiting)?;
        let expected = awaited_type(store, awaited).result_slots();
        assert_eq!(results.len(), expected, "slots of the results");
        store.record(HostEvent::Advanced(self.stack, Some(results)))?;
        let innermost = self.innermost(store);
        let stack = store.stacks.stack_mut(innermost);
        for (index, &bits) in results.iter().enumerate() {
            // SAFETY: the frame that waits has room for the results.
            unsafe { *stack.base.add(stack.delivery_slot() + index) = bits };
        }
        stack.awaiting = None;
        stack.acc = results.first().copied().unwrap_or_default();
        if store.func(self.function).is_host() {
            store.stacks.stack_mut(self.stack).state = StackState::Returned;
            leave(store, Ok(&Outcome::Done))?;
            return Ok(Outcome::Done);
        }
        let outcome = self.run(store);
        leave(store, outcome.as_ref())?;
        outcome
    }

    fn run(&mut self, store: &mut StoreInner) -> Result<Outcome, Error> {
        let last = store.stacks.suspensions.of(self.stack);
        if last == Some(TimeOut::Fuel) && store.stacks.is_out_of_fuel() {
            return Ok(Outcome::Suspended(Suspension::Fuel));
        }
        let yielded = match last {
            Some(TimeOut::Epoch(ticks)) => Some(ticks),
            Some(TimeOut::Fuel) | None => None,
        };
        let outcome = advance(store, self.stack, yielded, self.stops_at_accesses);
        let time_out = match outcome {
            Ok(Outcome::Suspended(Suspension::Fuel)) => Some(TimeOut::Fuel),
            Ok(Outcome::Suspended(Suspension::Epoch(ticks))) => Some(TimeOut::Epoch(ticks)),
            _ => None,
        };
        store.stacks.suspensions.set(self.stack, time_out);
        outcome
    }

    fn awaiting(&self, store: &StoreInner) -> Option<Awaited> {
        store.stacks.stack(self.innermost(store)).awaiting
    }

    /// Returns the function type whose results the execution waits for, if it waits for some:
    /// the type of the host function that has suspended it, or of the tag that it was
    /// suspended with.
    pub fn awaited(&self, store: &StoreInner) -> Option<Arc<FuncType>> {
        Some(awaited_type(store, self.awaiting(store)?))
    }

    /// Returns the identity of the type that [`Execution::awaited`] returns.
    pub fn awaited_id(&self, store: &StoreInner) -> Option<TypeId> {
        Some(awaited_id(store, self.awaiting(store)?))
    }

    /// Returns the state of the wait at an address of a shared memory in which the execution is
    /// suspended, if it is.
    pub fn wait_state(&self, store: &StoreInner) -> Option<WaitState> {
        store.stacks.waiters.state(self.innermost(store))
    }

    /// Polls the end of the wait in which the execution is suspended. A notification or an
    /// interruption of the store calls `waker`.
    pub fn poll_wait(&self, store: &StoreInner, waker: &Waker) -> Poll<()> {
        let Some(ticket) = store.stacks.waiters.ticket(self.innermost(store)) else {
            return Poll::Ready(());
        };
        let interrupt = store.stacks.interrupt();
        interrupt.set_waker(Some(waker.clone()));
        ticket.set_waker(waker);
        // Both are tested after the wakers are set: what happens later calls them.
        if ticket.state() == WaitState::Waiting && !interrupt.is_raised() {
            return Poll::Pending;
        }
        interrupt.set_waker(None);
        Poll::Ready(())
    }

    /// Ends the wait of the execution because its timeout has passed. Returns `false` if it does
    /// not wait, or was woken before.
    pub fn time_out(&self, store: &mut StoreInner) -> bool {
        store.note(HostEvent::TimedOut(self.stack));
        let innermost = self.innermost(store);
        store.stacks.waiters.time_out(innermost)
    }

    /// Returns the stack that runs next: the initial one, or that of a continuation.
    pub fn innermost(&self, store: &StoreInner) -> StackId {
        store.stacks.stack(self.stack).innermost()
    }

    /// Returns the slots of the function's results once it has returned, and none before.
    pub fn results<'a>(&self, store: &'a StoreInner) -> &'a [u64] {
        results(store, self.stack)
    }

    /// Returns the function that is called.
    pub fn function(&self) -> FuncIndex {
        self.function
    }

    /// Returns the identity of the store that it belongs to.
    pub fn store_id(&self) -> StoreId {
        self.store
    }

    /// Returns its initial stack.
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

/// Calls a function and runs until it ends. The arguments are in `slots`, and the results
/// replace them, so there are as many slots as the larger of the two takes.
///
/// # Errors
///
/// A trap or an error of a host function. The call cannot be suspended: exhausted fuel is
/// [`Trap::OutOfFuel`], a tag for the host [`Trap::UnhandledTag`], a host function's request
/// that request, and any other suspension [`Trap::Interrupt`].
pub fn call(store: &mut StoreInner, function: FuncIndex, slots: &mut [u64]) -> Result<(), Error> {
    let params = usize::from(store.func(function).param_slots);
    let stack = prepare(store, function, &slots[..params], None)?;
    let release = Release { store, stack };
    release
        .store
        .record(HostEvent::Called(function, &slots[..params]))?;
    let outcome = run_to_end(release.store, stack);
    leave(release.store, outcome.as_ref())?;
    outcome?;
    let results = results(release.store, stack);
    slots[..results.len()].copy_from_slice(results);
    Ok(())
}

/// Runs a call that cannot be suspended.
fn run_to_end(store: &mut StoreInner, stack: StackId) -> Result<Outcome, Error> {
    let mut outcome = advance(store, stack, None, false)?;
    while let Outcome::Suspended(Suspension::Wait(wait)) = outcome {
        if wait.timeout.is_none() && store.memory(wait.memory).is_exclusive() {
            // Nothing ends the wait, as no other code of the store runs meanwhile.
            break;
        }
        outcome = end_wait(store, stack, wait)?;
    }
    match outcome {
        Outcome::Done => Ok(Outcome::Done),
        Outcome::Suspended(suspension) => Err(driver::refuse(store, stack, suspension)),
    }
}

/// Records that code which the host has called has stopped, if the store is recorded.
fn leave(store: &mut StoreInner, outcome: Result<&Outcome, &Error>) -> Result<(), Error> {
    if store.recording.is_none() {
        return Ok(());
    }
    let left = match outcome {
        Ok(Outcome::Done) => Left::Done,
        Ok(Outcome::Suspended(suspension)) => Left::Suspended(suspension.number()),
        Err(_) => Left::Failed,
    };
    store.record(HostEvent::Left(left))
}

/// Parks the thread until a notification or the timeout ends the wait of a call, and advances the
/// call. Interruptions and epoch deadlines end the wait too.
#[cfg(feature = "std")]
fn end_wait(store: &mut StoreInner, stack: StackId, wait: Wait) -> Result<Outcome, Error> {
    /// Time between two polls of the epoch.
    const SLICE: Duration = Duration::from_millis(5);
    let begin = Instant::now();
    // A time that no clock reaches is no limit.
    let timeout = wait.timeout.map(Duration::from_nanos);
    let end = timeout.and_then(|timeout| begin.checked_add(timeout));
    let innermost = store.stacks.stack(stack).innermost();
    let waker = park::waker();
    loop {
        let Some(ticket) = store.stacks.waiters.ticket(innermost).cloned() else {
            return advance(store, stack, None, false);
        };
        let poll = store.engine().tunables.epoch_interruption;
        let poll = poll.then(|| Instant::now() + SLICE);
        let interrupt = Arc::clone(store.stacks.interrupt());
        interrupt.set_waker(Some(waker.clone()));
        let until = end.into_iter().chain(poll).min();
        let hook = store.wait_hook.as_ref().filter(|_| end.is_none());
        if let Some(hook) = hook {
            hook(Some(&ticket));
        }
        park::park(&ticket, &waker, until, || interrupt.is_raised());
        if let Some(hook) = hook {
            hook(None);
        }
        interrupt.set_waker(None);
        if end.is_some_and(|end| Instant::now() >= end) {
            return time_out(store, stack);
        }
        let outcome = advance(store, stack, None, false)?;
        if !matches!(&outcome, Outcome::Suspended(Suspension::Wait(again)) if *again == wait)
            || store.stacks.waiters.state(innermost) != Some(WaitState::Waiting)
        {
            return Ok(outcome);
        }
    }
}

/// Ends the wait of a call, and advances the call. Without a clock, time passes at once.
#[cfg(not(feature = "std"))]
fn end_wait(store: &mut StoreInner, stack: StackId, _wait: Wait) -> Result<Outcome, Error> {
    time_out(store, stack)
}

/// Ends the timeout of a call that waits at an address, and advances the call.
fn time_out(store: &mut StoreInner, stack: StackId) -> Result<Outcome, Error> {
    let innermost = store.stacks.stack(stack).innermost();
    store.stacks.waiters.time_out(innermost);
    advance(store, stack, None, false)
}

fn awaited_type(store: &StoreInner, awaited: Awaited) -> Arc<FuncType> {
    store.engine().types.func(awaited_id(store, awaited))
}

fn awaited_id(store: &StoreInner, awaited: Awaited) -> TypeId {
    match awaited {
        Awaited::Host(function) => store.func(function).ty,
        Awaited::Tag(tag) => store.tag(tag).ty(),
    }
}

/// Advances the execution on a stack, unless too many are nested: each of them takes a part of
/// the native stack. A refused one can still be advanced where fewer are.
fn advance(
    store: &mut StoreInner,
    stack: StackId,
    yielded: Option<u64>,
    stops_at_accesses: bool,
) -> Result<Outcome, Error> {
    let limit = store.engine().tunables.max_nested_calls;
    if store.stacks.depth() >= limit {
        let error = ExecutionError::TooManyNestedCalls(limit);
        return Err((store.describe_failure)(store, Failure::Host(error.into())));
    }
    driver::advance(store, stack, yielded, stops_at_accesses)
}

/// Guard that releases a stack when it is dropped, also when a host function panics.
struct Release<'a> {
    store: &'a mut StoreInner,
    stack: StackId,
}

impl Drop for Release<'_> {
    fn drop(&mut self) {
        self.store.stacks.release(self.stack);
    }
}

/// Returns a stack on which a call of `function` is about to begin.
///
/// # Errors
///
/// An error if there is no room for a stack.
pub fn prepare(
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

fn results(store: &StoreInner, stack: StackId) -> &[u64] {
    let stack = store.stacks.stack(stack);
    if stack.state != StackState::Returned {
        return &[];
    }
    // SAFETY: the boundary at the stack's base contains the number of result slots after it.
    unsafe {
        let base = stack.base;
        let count = Record(base).boundary_results();
        core::slice::from_raw_parts(base.add(BOUNDARY_SLOTS), count)
    }
}
