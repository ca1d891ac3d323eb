//! Calls that can be suspended and resumed.

use super::backtrace::WasmBacktrace;
use super::context::{AsContext, AsContextMut};
use super::core_dump::WasmCoreDump;
use super::engine::Engine;
use super::func::Func;
use super::func_type::FuncType;
use super::memory::Memory;
use super::tag::Tag;
use super::values::Val;
use crate::code::{AccessKind, Trap};
use crate::execute::{self, ExecutionError};
use crate::heap::{HostEvent, StoreInner};
use crate::module;
#[cfg(feature = "validate")]
use crate::probe;
use crate::support::error::{Error, HostRequest, Result};
use crate::support::wait_queue::WaitState;
use crate::walk::coredump::Cause;
use crate::walk::coredump::extension::ReasonKind;
use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::task::{Poll, Waker};
use core::time::Duration;
use smallvec::{SmallVec, smallvec};

/// A call that can be suspended and resumed, with a stack of its own. [`Func::start`] creates it.
///
/// Executions may end in any order. Dropping an execution ends its call.
///
/// ```
/// use backstitch::{Engine, Func, Outcome, Store, Suspension, Val};
/// use backstitch::Error;
///
/// let engine = Engine::default();
/// let mut store = Store::new(&engine, ());
/// let ask = Func::wrap(&mut store, || -> Result<i32, Error> {
///     Err(Error::suspend("how many?"))
/// });
///
/// let mut execution = ask.start(&mut store, &[])?;
/// let Outcome::Suspended(Suspension::Host(request)) = execution.resume(&mut store)? else {
///     panic!("the host function asks");
/// };
/// assert_eq!(request.downcast_ref(), Some(&"how many?"));
/// let Outcome::Done(results) = execution.resume_with(&mut store, &[Val::I32(5)])? else {
///     panic!("nothing else suspends");
/// };
/// assert_eq!(results[0].unwrap_i32(), 5);
/// # Ok::<(), Error>(())
/// ```
pub struct Execution {
    inner: execute::Execution,
    ty: Arc<module::FuncType>,
    /// Reason for the last suspension, for core dumps.
    suspended_by: ReasonKind,
}

/// The state an [`Execution`] reached.
#[derive(Debug)]
pub enum Outcome {
    /// The function returned these results.
    Done(Vec<Val>),
    /// The execution is suspended, and can be resumed.
    Suspended(Suspension),
}

/// Reason for which an [`Execution`] is suspended.
#[non_exhaustive]
#[derive(Debug)]
pub enum Suspension {
    /// No fuel is left: set more with [`Store::set_fuel`](crate::Store::set_fuel) before resuming.
    Fuel,
    /// Another thread interrupted the execution with an
    /// [`InterruptHandle`](crate::InterruptHandle).
    Interrupt,
    /// The epoch deadline was reached, and the store's callback returned
    /// [`UpdateDeadline::Yield`](crate::UpdateDeadline::Yield).
    Epoch,
    /// A host function returned [`Error::suspend`](crate::Error::suspend) with this request.
    /// [`Execution::resume_with`] takes the function's results.
    Host(HostRequest),
    /// Code was suspended with a tag that the host handles, and with this payload. See
    /// [`Func::start_handling`](crate::Func::start_handling). [`Execution::resume_with`] takes the
    /// tag's results.
    Tag(Tag, Vec<Val>),
    /// Code waits at an address of a shared memory (`memory.atomic.wait32`,
    /// `memory.atomic.wait64`).
    ///
    /// The wait ends when other code of the store, or [`Memory::atomic_notify`], notifies the
    /// address, or when the embedder calls [`Execution::time_out`]. An execution that is resumed
    /// before is suspended again.
    Wait {
        /// The memory.
        memory: Memory,
        /// The address of the value that must change.
        address: u64,
        /// The time after which the wait ends; `None` if it is unlimited. The embedder measures
        /// it, and calls [`Execution::time_out`].
        timeout: Option<Duration>,
    },
    /// Code is about to access a shared memory. It performs the access when it is resumed. See
    /// [`Execution::suspend_at_accesses`].
    Access(Access),
    /// Code is about to execute an instruction with a breakpoint
    /// ([`Store::add_breakpoint`](crate::Store::add_breakpoint)), any instruction in single steps
    /// ([`Store::single_step`](crate::Store::single_step)), or has entered a function that
    /// [`Config::suspend_at_export`](crate::Config::suspend_at_export) names.
    Breakpoint,
    /// Code is about to access bytes that are watched ([`Store::watch`](crate::Store::watch)). It performs
    /// the access when it is resumed.
    Watchpoint(Access),
}

/// An access to a memory.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    /// The memory.
    pub memory: Memory,
    /// The address of the first byte. The access traps if it is not in the memory.
    pub address: u64,
    /// The number of bytes; for [`AccessKind::Notify`], that of the value on which threads wait.
    pub size: u64,
    /// The kind of the access.
    pub kind: AccessKind,
}

impl Access {
    fn of(store: &StoreInner, access: execute::Access) -> Access {
        Access {
            memory: Memory::of(store.id(), access.memory),
            address: access.address,
            size: access.size,
            kind: access.kind,
        }
    }
}

impl Execution {
    pub(super) fn new(inner: execute::Execution, ty: Arc<module::FuncType>) -> Execution {
        Execution {
            inner,
            ty,
            suspended_by: ReasonKind::Requested,
        }
    }

    /// Returns the function that was called.
    pub fn func(&self) -> Func {
        Func::of(self.inner.store_id(), self.inner.function())
    }

    /// Sets whether the execution is suspended before each access to a shared memory, with
    /// [`Suspension::Access`].
    ///
    /// This has no effect unless [`Config::observe_accesses`](crate::Config::observe_accesses) is
    /// set. The default is `false`.
    ///
    /// ```
    /// use backstitch::{AccessKind, Config, Engine, Instance, Module, Outcome, Store, Suspension};
    ///
    /// # if cfg!(not(feature = "wat")) { return Ok(()) }
    /// let mut config = Config::new();
    /// config.observe_accesses(true);
    /// let engine = Engine::new(&config)?;
    /// let module = Module::new(&engine, r#"(module
    ///   (memory 1 1 shared)
    ///   (func (export "set") (i32.store offset=4 (i32.const 8) (i32.const 1))))"#)?;
    /// let mut store = Store::new(&engine, ());
    /// let instance = Instance::new(&mut store, &module, &[])?;
    /// let set = instance.get_func(&mut store, "set").unwrap();
    /// let mut execution = set.start(&mut store, &[])?;
    /// execution.suspend_at_accesses(true);
    /// let Outcome::Suspended(Suspension::Access(access)) = execution.resume(&mut store)? else {
    ///     panic!("the function stores a number");
    /// };
    /// assert_eq!((access.kind, access.address, access.size), (AccessKind::Store, 12, 4));
    /// assert!(matches!(execution.resume(&mut store)?, Outcome::Done(_)));
    /// # Ok::<(), backstitch::Error>(())
    /// ```
    pub fn suspend_at_accesses(&mut self, enable: bool) {
        self.inner.stops_at_accesses = enable;
    }

    /// Captures the frames of the suspended execution, youngest first.
    ///
    /// The backtrace is empty before the execution has begun and after it has ended.
    ///
    /// # Panics
    ///
    /// Panics if `store` does not own this execution.
    pub fn backtrace(&self, store: impl AsContext) -> WasmBacktrace {
        let store = store.as_context().0;
        self.check(store);
        WasmBacktrace::of_suspended(store, self.inner.stack())
    }

    /// Captures a core dump of the store, with the frames of this suspended execution as those of
    /// the calls in progress.
    ///
    /// # Panics
    ///
    /// Panics if `store` does not own this execution.
    pub fn core_dump(&self, store: impl AsContext) -> WasmCoreDump {
        let store = store.as_context().0;
        self.check(store);
        let cause = Cause::Other(self.suspended_by, "");
        WasmCoreDump::new(store, cause, Some(self.inner.stack()))
    }

    /// Captures a core dump as [`Execution::core_dump`] does, with a reason of the embedder's: its
    /// kind, and a message for people.
    ///
    /// # Panics
    ///
    /// Panics if `store` does not own this execution.
    pub fn core_dump_because(
        &self,
        store: impl AsContext,
        kind: ReasonKind,
        message: &str,
    ) -> WasmCoreDump {
        let store = store.as_context().0;
        self.check(store);
        WasmCoreDump::new(store, Cause::Other(kind, message), Some(self.inner.stack()))
    }

    /// Completes an error for which the embedder gives up this suspended execution, as errors of
    /// calls are: with the backtrace of the execution, and a core dump if
    /// [`Config::coredump_on_trap`](crate::Config::coredump_on_trap) is on. The parts that the
    /// error has already are not added again.
    ///
    /// # Panics
    ///
    /// Panics if `store` does not own this execution.
    pub fn fail(&self, store: impl AsContext, error: Error) -> Error {
        let store = store.as_context().0;
        self.check(store);
        let tunables = &store.engine().tunables;
        let dump = (tunables.coredump_on_trap && !error.is::<WasmCoreDump>()).then(|| {
            let trap = error.downcast_ref::<Trap>().copied();
            let cause = trap.map_or(Cause::Host(&error), Cause::Trap);
            WasmCoreDump::new(store, cause, Some(self.inner.stack()))
        });
        let error = match tunables.backtrace && !error.is::<WasmBacktrace>() {
            true => error.context(WasmBacktrace::of_suspended(store, self.inner.stack())),
            false => error,
        };
        match dump {
            Some(dump) => error.context(dump),
            None => error,
        }
    }

    /// Returns the number that identifies the execution in its store, and in snapshots of that.
    ///
    /// The number of an execution that was dropped is used again.
    pub fn number(&self) -> u32 {
        self.inner.stack().0
    }

    /// Sets the name of this execution in core dumps: that of its thread. Executions without a name
    /// are named by the number of their stack.
    ///
    /// In dumps, executions are in the order in which they got their names.
    ///
    /// # Panics
    ///
    /// Panics if `store` does not own this execution.
    pub fn set_name(&self, mut store: impl AsContextMut, name: &str) {
        let store = store.as_context_mut().0;
        self.check(store);
        store.note(HostEvent::Named(self.inner.stack(), name));
        store.stacks.names.set(self.inner.stack(), name);
    }

    /// Runs until the function returns, fails or is suspended again.
    ///
    /// # Errors
    ///
    /// Returns the error of a trap or of a host function, which ends the execution. Returns an
    /// [`ExecutionError`] if the execution has ended or is already running, or if a host function
    /// suspended it and its results are missing.
    ///
    /// # Panics
    ///
    /// Panics if `store` does not own this execution.
    pub fn resume(&mut self, mut store: impl AsContextMut) -> Result<Outcome> {
        let store = store.as_context_mut().0;
        self.check(store);
        // If the host function has no results, none have to be passed.
        if self
            .inner
            .awaited(store)
            .is_some_and(|ty| ty.results.is_empty())
        {
            return self.resume_with_slots(store, &[]);
        }
        #[cfg(feature = "validate")]
        probe::prepare(store, self.inner.stack())?;
        let outcome = self.inner.advance(store)?;
        self.finish(store, outcome)
    }

    /// Resumes the execution with the results of the host function that suspended it.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Execution::resume`]. Also returns an error if the number or types of
    /// the results are wrong, or if no host function waits for results; then the execution can
    /// still be resumed.
    ///
    /// # Panics
    ///
    /// Panics if `store` does not own this execution.
    pub fn resume_with(
        &mut self,
        mut store: impl AsContextMut,
        results: &[Val],
    ) -> Result<Outcome> {
        let store = store.as_context_mut().0;
        self.check(store);
        let ty = self
            .inner
            .awaited(store)
            .ok_or(ExecutionError::NotWaiting)?;
        if results.len() != ty.results.len() {
            let (expected, given) = (ty.results.len(), results.len());
            return Err(ExecutionError::WrongResults { expected, given }.into());
        }
        let mut slots: SmallVec<[u64; 8]> = smallvec![0; ty.result_slots()];
        Val::write_all(results, &ty.results, &mut slots, store, |index| {
            format!("result {index} has the wrong type")
        })?;
        self.resume_with_slots(store, &slots)
    }

    /// Resumes the execution with results that are already encoded as slots.
    pub(super) fn resume_with_slots(
        &mut self,
        store: &mut StoreInner,
        slots: &[u64],
    ) -> Result<Outcome> {
        #[cfg(feature = "validate")]
        probe::prepare(store, self.inner.stack())?;
        let outcome = self.inner.advance_with(store, slots)?;
        self.finish(store, outcome)
    }

    /// Returns the type of the host function that has suspended the execution, or of the tag that it was
    /// suspended with, if the execution waits for results: [`Execution::resume_with`] takes results of
    /// this type.
    ///
    /// # Panics
    ///
    /// Panics if `store` does not own this execution.
    pub fn awaits(&self, store: impl AsContext) -> Option<FuncType> {
        let store = store.as_context().0;
        self.check(store);
        let id = self.inner.awaited_id(store)?;
        Some(FuncType::from_id(Engine::from_ref(store.engine()), id))
    }

    /// Returns whether the execution waits at an address of a shared memory, and nothing has ended
    /// the wait.
    ///
    /// # Panics
    ///
    /// Panics if `store` does not own this execution.
    pub fn is_waiting(&self, store: impl AsContext) -> bool {
        let store = store.as_context().0;
        self.check(store);
        self.inner.wait_state(store) == Some(WaitState::Waiting)
    }

    /// Ends the wait of an execution that waits at an address of a shared memory because its
    /// timeout has passed: the instruction returns 2 when the execution is resumed.
    ///
    /// Returns `false` if the execution does not wait, or was woken before.
    ///
    /// # Panics
    ///
    /// Panics if `store` does not own this execution.
    pub fn time_out(&self, mut store: impl AsContextMut) -> bool {
        let store = store.as_context_mut().0;
        self.check(store);
        self.inner.time_out(store)
    }

    /// Returns the error of a call that was suspended, although its caller cannot wait. The execution
    /// has ended then.
    pub(super) fn refuse(&self, mut store: impl AsContextMut, suspension: Suspension) -> Error {
        let store = store.as_context_mut().0;
        let suspension = match suspension {
            Suspension::Fuel => execute::Suspension::Fuel,
            Suspension::Host(request) => execute::Suspension::Host(Error::new(request)),
            Suspension::Tag(tag, _) => execute::Suspension::Tag(tag.index(), Vec::new()),
            Suspension::Wait {
                memory, address, ..
            } => execute::Suspension::Wait(execute::Wait {
                memory: memory.index(),
                address,
                timeout: None,
            }),
            Suspension::Interrupt
            | Suspension::Epoch
            | Suspension::Access(_)
            | Suspension::Breakpoint
            | Suspension::Watchpoint(_) => execute::Suspension::Interrupt,
        };
        self.inner.refuse(store, suspension)
    }

    /// Polls the end of a wait at an address of a shared memory. A notification or an interruption
    /// of the store calls `waker`.
    pub(super) fn poll_wait(&self, store: impl AsContext, waker: &Waker) -> Poll<()> {
        self.inner.poll_wait(store.as_context().0, waker)
    }

    /// Returns the same execution of a fork of its store.
    pub(super) fn copy_in(&self, fork: &StoreInner) -> Execution {
        Execution {
            inner: self.inner.copy_in(fork),
            ty: Arc::clone(&self.ty),
            suspended_by: self.suspended_by,
        }
    }

    /// Returns the type of the host function or tag whose results the execution waits for, if it
    /// waits for some.
    pub(super) fn awaited(&self, store: &StoreInner) -> Option<Arc<module::FuncType>> {
        self.inner.awaited(store)
    }

    /// Returns the execution's stack.
    pub(super) fn stack(&self) -> crate::ids::StackId {
        self.inner.stack()
    }

    #[track_caller]
    pub(super) fn check(&self, store: &StoreInner) {
        assert!(
            self.inner.store_id() == store.id(),
            "object used with the wrong store"
        );
    }

    fn finish(&mut self, store: &mut StoreInner, outcome: execute::Outcome) -> Result<Outcome> {
        Ok(match outcome {
            execute::Outcome::Done => {
                let slots: Vec<u64> = self.inner.results(store).into();
                Outcome::Done(Val::read_all(&self.ty.results, &slots, store).collect())
            }
            execute::Outcome::Suspended(suspension) => {
                let (kind, suspension) = match suspension {
                    execute::Suspension::Fuel => (ReasonKind::OutOfFuel, Suspension::Fuel),
                    execute::Suspension::Interrupt => {
                        (ReasonKind::Interrupt, Suspension::Interrupt)
                    }
                    execute::Suspension::Epoch(_) => (ReasonKind::Epoch, Suspension::Epoch),
                    execute::Suspension::Host(error) => {
                        (ReasonKind::HostRequest, Suspension::Host(error.downcast()?))
                    }
                    execute::Suspension::Tag(tag, payload) => {
                        let tag = Tag::of(store.id(), tag);
                        let types = &tag.payload(store).params;
                        let values = Val::read_all(types, &payload, store).collect();
                        let suspension = Suspension::Tag(tag, values);
                        (ReasonKind::HostRequest, suspension)
                    }
                    execute::Suspension::Wait(wait) => {
                        let suspension = Suspension::Wait {
                            memory: Memory::of(store.id(), wait.memory),
                            address: wait.address,
                            timeout: wait.timeout.map(Duration::from_nanos),
                        };
                        (ReasonKind::Wait, suspension)
                    }
                    execute::Suspension::Access(access) => {
                        let access = Access::of(store, access);
                        (ReasonKind::Breakpoint, Suspension::Access(access))
                    }
                    execute::Suspension::Watchpoint(access) => {
                        let access = Access::of(store, access);
                        (ReasonKind::Breakpoint, Suspension::Watchpoint(access))
                    }
                    execute::Suspension::Breakpoint => {
                        (ReasonKind::Breakpoint, Suspension::Breakpoint)
                    }
                };
                self.suspended_by = kind;
                Outcome::Suspended(suspension)
            }
        })
    }
}

impl fmt::Debug for Execution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Execution")
            .field("func", &self.func())
            .finish_non_exhaustive()
    }
}
