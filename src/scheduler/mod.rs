//! Scheduling of threads, which are executions of one store, on one thread of the host.
//!
//! * Input: executions, a policy, and the time that has passed.
//! * Output: what happened to which thread, one slice of instructions at a time.
//! * Never: a clock, an order that depends on addresses, a thread of the operating system; use of
//!   the engine's internals (this module uses the public [`api`](crate) only).
//!
//! The same executions with the same policy run in the same order on every target: slices are
//! counted in instructions, so a schedule that fails can be repeated. The state of a scheduler can be
//! saved as bytes, without the executions, which belong to their store.

mod listener;
mod policy;
mod races;
mod saved;
mod schedule;
mod steps;

pub use listener::{Listener, Position};
pub use policy::Policy;
pub use races::{Race, RaceDetector, RacingAccess};
pub use schedule::{Schedule, Switch};

use policy::{PATIENCE, Strategy};
use steps::Steps;

use crate::api::{
    Access, AsContext, AsContextMut, Execution, Memory, Outcome, Store, Suspension, Val,
    WasmBacktrace,
};
use crate::support::error::{Error, Result};
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::mem;
use core::time::Duration;

/// A thread of a [`Scheduler`]. Threads are numbered from 0, in the order in which they were added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ThreadId(pub u32);

/// The event that ended a [`Scheduler::step`].
#[non_exhaustive]
#[derive(Debug)]
pub enum Event {
    /// The slice of the thread is over, or the thread waits at an address of a shared memory, or its
    /// step has ended before an access.
    Switched(ThreadId),
    /// The thread has returned these results. It is removed.
    Done(ThreadId, Vec<Val>),
    /// The thread has failed. It is removed.
    Failed(ThreadId, Error),
    /// The thread is suspended for another reason than its fuel or a shared memory. It does not run
    /// before [`Scheduler::resume`] or [`Scheduler::resume_with`].
    Suspended(ThreadId, Suspension),
    /// The thread has entered a function that
    /// [`Config::suspend_at_export`](crate::Config::suspend_at_export) names. It runs next, for the rest
    /// of its slice: a run that is suspended there is the same as one that is not.
    Breakpoint(ThreadId),
    /// No thread can run. If no thread is suspended for the embedder either, and `timeout` is
    /// `None`, this is a deadlock.
    Idle {
        /// The time after which the first wait at an address ends.
        timeout: Option<Duration>,
    },
    /// No fuel is left in the store. The thread runs next when there is, for the rest of its slice: a
    /// run that gets its fuel in several parts is the same as with all of it at once.
    OutOfFuel(ThreadId),
}

/// Runs executions of one store as threads, one at a time.
///
/// A thread runs for a slice, whose length in instructions the [`Policy`] chooses. It ends where code
/// polls for fuel (`docs/fuel.md` in the repository): at the next loop header, call or return. A
/// slice ends early if the thread waits at an address of a shared memory. If fuel is not consumed
/// ([`Config::consume_fuel`](crate::Config::consume_fuel)), slices have no other end, so a thread
/// that spins until another has done something never stops.
///
/// During a slice, the store's fuel is what is left of the slice. Afterwards it is what it was
/// before, without what the thread has spent.
///
/// ```
/// use backstitch::{Config, Engine, Instance, Module, Store};
/// use backstitch::scheduler::{Event, Policy, Scheduler};
///
/// let mut config = Config::new();
/// config.consume_fuel(true);
/// let engine = Engine::new(&config)?;
/// let module = Module::new(&engine, r#"(module
///   (memory 1 1 shared)
///   (func (export "wait") (result i32)
///     (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1)))
///   (func (export "notify") (result i32)
///     (memory.atomic.notify (i32.const 0) (i32.const 1))))"#)?;
/// let mut store = Store::new(&engine, ());
/// store.set_fuel(1_000_000)?;
/// let instance = Instance::new(&mut store, &module, &[])?;
///
/// let mut scheduler = Scheduler::new(Policy::RoundRobin { slice: 100 });
/// for name in ["wait", "notify"] {
///     let function = instance.get_func(&mut store, name).unwrap();
///     scheduler.add(function.start(&mut store, &[])?);
/// }
/// let mut order = Vec::new();
/// while !scheduler.is_empty() {
///     match scheduler.step(&mut store)? {
///         Event::Done(thread, results) => order.push((thread.0, results[0].unwrap_i32())),
///         Event::Switched(_) => {}
///         other => panic!("{other:?}"),
///     }
/// }
/// assert_eq!(order, [(1, 1), (0, 0)]);
/// # Ok::<(), backstitch::Error>(())
/// ```
#[derive(Debug)]
pub struct Scheduler {
    strategy: Strategy,
    /// The state of the choice, if steps end before accesses.
    steps: Option<Steps>,
    threads: Vec<Thread>,
    /// Number of threads that were added.
    added: u32,
    /// The thread that goes on when there is fuel again, and the rest of its slice.
    unfinished: Option<(ThreadId, u64)>,
}

#[derive(Debug)]
struct Thread {
    id: ThreadId,
    execution: Execution,
    state: State,
    /// The access that the thread performs when it runs next.
    access: Option<Access>,
}

/// The state of a thread.
#[derive(Debug)]
enum State {
    /// The thread can run.
    Ready,
    /// The thread can run, with these results of the host function or tag that suspended it.
    ReadyWith(Vec<Val>),
    /// The thread waits at an address of a shared memory.
    Waiting(Waiting),
    /// The thread waits for the embedder.
    Suspended,
}

/// The wait of a thread.
#[derive(Debug)]
struct Waiting {
    memory: Memory,
    address: u64,
    /// The time after which the wait ends.
    left: Option<Duration>,
    /// True if that time has passed.
    timed_out: bool,
}

impl Scheduler {
    /// Creates a scheduler without threads.
    pub fn new(policy: Policy) -> Scheduler {
        Scheduler {
            strategy: Strategy::new(policy, PATIENCE),
            steps: None,
            threads: Vec::new(),
            added: 0,
            unfinished: None,
        }
    }

    /// Creates a scheduler without threads, whose steps also end before each access to a shared
    /// memory. The policy counts steps instead of instructions. The listener is called for what the
    /// threads do.
    ///
    /// Every interleaving that makes a difference can occur then. This requires an engine with
    /// [`Config::observe_accesses`](crate::Config::observe_accesses). A step that reaches no access
    /// ends after 10,000 instructions, if fuel is consumed.
    ///
    /// ```
    /// use backstitch::scheduler::{Event, Listener, Policy, Position, Scheduler};
    /// use backstitch::{Access, Config, Engine, Instance, Module, Store};
    /// use std::sync::{Arc, Mutex};
    ///
    /// # if cfg!(not(feature = "wat")) { return Ok(()) }
    /// #[derive(Clone, Default)]
    /// struct Order(Arc<Mutex<Vec<u32>>>);
    ///
    /// impl Listener for Order {
    ///     fn accesses(&mut self, _: Access, position: &Position<'_>) {
    ///         self.0.lock().unwrap().push(position.thread.0);
    ///     }
    /// }
    ///
    /// let mut config = Config::new();
    /// config.consume_fuel(true).observe_accesses(true);
    /// let engine = Engine::new(&config)?;
    /// let module = Module::new(&engine, r#"(module
    ///   (memory (export "memory") 1 1 shared)
    ///   (func (export "add")
    ///     (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 1)))))"#)?;
    /// let mut store = Store::new(&engine, ());
    /// store.set_fuel(1_000)?;
    /// let instance = Instance::new(&mut store, &module, &[])?;
    ///
    /// let order = Order::default();
    /// let policy = Policy::RoundRobin { slice: 2 };
    /// let mut scheduler = Scheduler::at_accesses(policy, order.clone());
    /// let add = instance.get_func(&mut store, "add").unwrap();
    /// for _ in 0..2 {
    ///     scheduler.add(add.start(&mut store, &[])?);
    /// }
    /// while !scheduler.is_empty() {
    ///     scheduler.step(&mut store)?;
    /// }
    /// // Both threads load before one stores, so one of the additions is lost.
    /// assert_eq!(*order.0.lock().unwrap(), [0, 1, 0, 1]);
    /// let memory = instance.get_memory(&mut store, "memory").unwrap();
    /// let mut byte = [0];
    /// memory.read(&store, 0, &mut byte)?;
    /// assert_eq!(byte, [1]);
    /// # Ok::<(), backstitch::Error>(())
    /// ```
    pub fn at_accesses(policy: Policy, listener: impl Listener + 'static) -> Scheduler {
        Scheduler {
            strategy: Strategy::new(policy, policy.patience()),
            steps: Some(Steps::new(None, Box::new(listener))),
            threads: Vec::new(),
            added: 0,
            unfinished: None,
        }
    }

    /// As [`Scheduler::at_accesses`], with a given schedule. A switch to a thread that cannot run is
    /// passed over.
    pub fn replay(schedule: Schedule, listener: impl Listener + 'static) -> Scheduler {
        let policy = Policy::RoundRobin { slice: 1 };
        Scheduler {
            steps: Some(Steps::new(Some(schedule), Box::new(listener))),
            ..Scheduler::new(policy)
        }
    }

    /// Gives a thread the lowest priority before an access, besides the random steps of
    /// [`Policy::Priorities`]: its access number `count`, from 1, of those that begin at `address`.
    /// This has no effect with another policy, or if steps do not end before accesses.
    pub fn lower_priority_at(&mut self, thread: ThreadId, address: u64, count: u64) {
        if let Some(steps) = &mut self.steps {
            steps.lower_at(thread, address, count);
        }
    }

    /// Adds a thread, which can run at once.
    ///
    /// # Panics
    ///
    /// Panics if 2³² threads were added before.
    pub fn add(&mut self, mut execution: Execution) -> ThreadId {
        let id = ThreadId(self.added);
        self.added = self.added.checked_add(1).expect("fewer than 2³² threads");
        self.strategy.add(id);
        if let Some(steps) = &mut self.steps {
            execution.suspend_at_accesses(true);
            steps.add(id);
        }
        self.threads.push(Thread {
            id,
            execution,
            state: State::Ready,
            access: None,
        });
        id
    }

    /// Returns the number of threads that were added.
    #[cfg(feature = "wasi-core")]
    pub(crate) fn added(&self) -> u32 {
        self.added
    }

    /// Returns whether all threads have ended.
    pub fn is_empty(&self) -> bool {
        self.threads.is_empty()
    }

    /// Returns the threads that have not ended, in the order in which they were added.
    pub fn threads(&self) -> impl Iterator<Item = (ThreadId, &Execution)> {
        self.threads
            .iter()
            .map(|thread| (thread.id, &thread.execution))
    }

    /// Returns the backtraces of the threads that have not ended.
    ///
    /// # Panics
    ///
    /// Panics if `store` does not own the executions.
    pub fn backtraces(&self, store: impl AsContext) -> Vec<(ThreadId, WasmBacktrace)> {
        let store = store.as_context();
        let backtrace = |thread: &Thread| (thread.id, thread.execution.backtrace(&store));
        self.threads.iter().map(backtrace).collect()
    }

    /// Runs the next thread for a slice.
    ///
    /// # Errors
    ///
    /// The errors of threads are [`Event::Failed`].
    ///
    /// # Panics
    ///
    /// Panics if `store` does not own the executions.
    pub fn step<T: 'static>(&mut self, store: &mut Store<T>) -> Result<Event> {
        self.end_waits(store);
        let ready = |thread: &Thread| matches!(thread.state, State::Ready | State::ReadyWith(_));
        let ready = self.threads.iter().filter(|thread| ready(thread));
        let ready = ready.map(|thread| thread.id);
        let chosen = match (self.unfinished.take(), &mut self.steps) {
            (Some(unfinished), _) => Some(unfinished),
            (None, None) => self.strategy.choose(ready),
            (None, Some(steps)) => steps.choose(&mut self.strategy, ready).map(|(id, switch)| {
                report(steps, &self.threads, store, id, switch);
                (id, steps::LONGEST)
            }),
        };
        let Some((id, slice)) = chosen else {
            let timeout = self.threads.iter().filter_map(Thread::timeout).min();
            return Ok(Event::Idle { timeout });
        };
        let at = self.position(id);
        // Without fuel to count, the slice ends only where the thread waits or ends.
        let Ok(fuel) = store.get_fuel() else {
            let outcome = self.threads[at].resume(store);
            return Ok(self.event(at, outcome));
        };
        if fuel == 0 {
            self.unfinished = Some((id, slice));
            return Ok(Event::OutOfFuel(id));
        }
        let spent = |store: &Store<T>| store.fuel_spent().unwrap_or_default();
        let before = spent(store);
        store.set_fuel(slice.clamp(1, fuel))?;
        let outcome = self.threads[at].resume(store);
        let spent = spent(store) - before;
        store.set_fuel(fuel.saturating_sub(spent))?;
        if self.steps.is_none() {
            self.strategy.ran(id, spent);
        }
        let goes_on = matches!(
            outcome,
            Ok(Outcome::Suspended(
                Suspension::Fuel | Suspension::Breakpoint | Suspension::Watchpoint(_)
            ))
        );
        if spent < slice && goes_on {
            self.unfinished = Some((id, slice - spent));
        }
        Ok(self.event(at, outcome))
    }

    /// Lets threads run again whose waits have ended.
    fn end_waits<T: 'static>(&mut self, store: &Store<T>) {
        for thread in &mut self.threads {
            if let State::Waiting(wait) = &thread.state
                && !thread.execution.is_waiting(store)
            {
                if let Some(steps) = &mut self.steps
                    && !wait.timed_out
                {
                    steps.listener.woken(thread.id, wait.memory, wait.address);
                }
                thread.state = State::Ready;
            }
        }
    }

    /// Returns the position of a thread that has not ended.
    fn position(&self, id: ThreadId) -> usize {
        let found = self.threads.binary_search_by_key(&id, |thread| thread.id);
        found.expect("the thread has not ended")
    }

    /// Records the outcome of a slice of the thread at a position.
    fn event(&mut self, at: usize, outcome: Result<Outcome>) -> Event {
        let id = self.threads[at].id;
        let (event, state) = match outcome {
            Ok(Outcome::Suspended(Suspension::Fuel)) => (Event::Switched(id), State::Ready),
            Ok(Outcome::Suspended(Suspension::Breakpoint | Suspension::Watchpoint(_))) => {
                (Event::Breakpoint(id), State::Ready)
            }
            Ok(Outcome::Suspended(Suspension::Access(access))) => {
                self.threads[at].access = Some(access);
                if let Some(steps) = &mut self.steps
                    && steps.is_lowered(id, access.address)
                {
                    self.strategy.lower(id);
                }
                (Event::Switched(id), State::Ready)
            }
            Ok(Outcome::Suspended(Suspension::Wait {
                memory,
                address,
                timeout,
            })) => {
                let wait = Waiting {
                    memory,
                    address,
                    left: timeout,
                    timed_out: false,
                };
                (Event::Switched(id), State::Waiting(wait))
            }
            Ok(Outcome::Suspended(suspension)) => {
                (Event::Suspended(id, suspension), State::Suspended)
            }
            Ok(Outcome::Done(results)) => {
                self.remove(at);
                return Event::Done(id, results);
            }
            Err(error) => {
                self.remove(at);
                return Event::Failed(id, error);
            }
        };
        self.threads[at].state = state;
        event
    }

    fn remove(&mut self, at: usize) {
        let thread = self.threads.remove(at);
        self.strategy.remove(thread.id);
    }

    /// Lets a thread run again that was suspended for the embedder. Returns `false` if it was not.
    pub fn resume(&mut self, thread: ThreadId) -> bool {
        self.continue_as(thread, State::Ready)
    }

    /// Lets a thread run again that was suspended for the embedder, with the results that it waits
    /// for ([`Execution::resume_with`]). Returns `false` if it was not suspended.
    pub fn resume_with(&mut self, thread: ThreadId, results: Vec<Val>) -> bool {
        self.continue_as(thread, State::ReadyWith(results))
    }

    fn continue_as(&mut self, id: ThreadId, state: State) -> bool {
        let suspended =
            |thread: &&mut Thread| thread.id == id && matches!(thread.state, State::Suspended);
        match self.threads.iter_mut().find(suspended) {
            Some(thread) => {
                thread.state = state;
                true
            }
            None => false,
        }
    }

    /// Lets time pass: waits at addresses whose timeouts are over end, in the order in which the
    /// threads were added.
    ///
    /// # Panics
    ///
    /// Panics if `store` does not own the executions.
    pub fn pass(&mut self, mut store: impl AsContextMut, time: Duration) {
        for thread in &mut self.threads {
            if let State::Waiting(wait) = &mut thread.state
                && let Some(left) = &mut wait.left
            {
                *left = left.saturating_sub(time);
                if left.is_zero() && thread.execution.time_out(store.as_context_mut()) {
                    wait.timed_out = true;
                }
            }
        }
    }
}

impl Thread {
    fn resume<T: 'static>(&mut self, store: &mut Store<T>) -> Result<Outcome> {
        self.access = None;
        match mem::replace(&mut self.state, State::Ready) {
            State::ReadyWith(results) => self.execution.resume_with(store, &results),
            _ => self.execution.resume(store),
        }
    }

    /// Returns the time after which the thread's wait ends.
    fn timeout(&self) -> Option<Duration> {
        match &self.state {
            State::Waiting(wait) => wait.left,
            _ => None,
        }
    }
}

/// Calls the listener for the step that a thread is about to take.
fn report<T: 'static>(
    steps: &mut Steps,
    threads: &[Thread],
    store: &Store<T>,
    id: ThreadId,
    switch: Option<Switch>,
) {
    let thread = |id: ThreadId| threads.iter().find(|thread| thread.id == id);
    let Some(runs) = thread(id) else { return };
    let capture = || runs.execution.backtrace(store);
    let position = Position {
        thread: id,
        access: runs.access,
        capture: &capture,
    };
    let listener = &mut *steps.listener;
    if let Some(switch) = switch {
        match thread(switch.from) {
            Some(stops) => {
                let capture = || stops.execution.backtrace(store);
                let from = Position {
                    thread: switch.from,
                    access: stops.access,
                    capture: &capture,
                };
                listener.switched(switch, Some(&from), &position);
            }
            None => listener.switched(switch, None, &position),
        }
    }
    if let Some(access) = runs.access {
        // An access out of bounds traps.
        let size = access.memory.data_size(store) as u64;
        let end = access.address.checked_add(access.size);
        if end.is_some_and(|end| end <= size) {
            listener.accesses(access, &position);
        }
    }
}
