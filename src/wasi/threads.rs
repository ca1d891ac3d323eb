//! Threads of programs: the import `wasi::thread-spawn` of the
//! [proposal](https://github.com/WebAssembly/wasi-threads).
//!
//! Each thread is an instance of the program's module, in the store of the program, and an
//! execution of its export `wasi_thread_start`. The instances share the memory that the module
//! imports. A [`Scheduler`] runs the threads one at a time, so a program behaves the same in each
//! run with the same policy, if its host is deterministic. The instance of a thread that has ended
//! lives as long as the store, so the store's limit of instances also limits the threads that a
//! program starts in its life.

mod saved;

use super::abi::{Blocked, Clock, Retried};
use super::context::WasiCtx;
use crate::api::{
    Caller, Execution, ExternType, ImportType, Instance, InstancePre, Linker, Memory, Module,
    Store, Suspension, Trap, Val, WasmBacktrace, WasmCoreDump, coredump::ReasonKind,
};
use crate::scheduler::{Event, Policy, Scheduler, ThreadId};
use crate::support::error::{Error, Result};
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::mem;
use core::time::Duration;

/// The module and the name of the import.
pub(super) const IMPORT: (&str, &str) = ("wasi", "thread-spawn");

/// The export that a thread runs, with its number and the argument of `thread-spawn`.
pub(super) const START: &str = "wasi_thread_start";

/// The result of `thread-spawn` if no more threads are allowed: the negative number of `EAGAIN`.
pub(super) const NO_THREAD: i32 = -6;

/// The number of threads beside the first one that the command allows by default.
pub const MAX_THREADS: usize = 256;

/// Interval at which input is polled if all threads wait for input.
const LOOK_AGAIN: Duration = Duration::from_millis(1);

/// Returns whether a module imports `thread-spawn`.
pub fn has_threads(module: &Module) -> bool {
    let is_spawn = |name: (&str, &str)| name == IMPORT;
    module
        .imports()
        .any(|import| is_spawn((import.module(), import.name())))
}

/// The threads of one program. The embedder keeps it in the store's data.
pub struct Threads<T: 'static> {
    program: Option<InstancePre<T>>,
    /// The shared memories that the module imports, in the order of its imports.
    memories: Vec<Memory>,
    /// Threads that the program has started since the scheduler ran last.
    started: Vec<(i32, Execution)>,
    /// Number of threads that have not ended, without the first one.
    live: usize,
    limit: usize,
    next: i32,
}

impl<T> fmt::Debug for Threads<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Threads")
            .field("live", &self.live)
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}

impl<T: 'static> Threads<T> {
    /// Creates the state of a program that may have `limit` threads at once besides the first one.
    /// `thread-spawn` fails beyond.
    pub fn new(limit: usize) -> Threads<T> {
        Threads {
            program: None,
            memories: Vec::new(),
            started: Vec::new(),
            live: 0,
            limit,
            next: 1,
        }
    }
}

/// Defines `wasi::thread-spawn`, and a memory for each shared memory that the module imports and the
/// linker does not define.
///
/// # Errors
///
/// An error if the linker defines the function already, or if a memory cannot be allocated.
pub fn add_to_linker<T: 'static>(
    linker: &mut Linker<T>,
    store: &mut Store<T>,
    module: &Module,
    get: impl Fn(&mut T) -> &mut Threads<T> + Copy + Send + Sync + 'static,
) -> Result<()> {
    add_spawn_to_linker(linker, get)?;
    for import in shared_memories(module) {
        if let ExternType::Memory(ty) = import.ty()
            && linker.get_by_import(&mut *store, &import).is_none()
        {
            let memory = Memory::new(&mut *store, ty)?;
            linker.define(&mut *store, import.module(), import.name(), memory)?;
        }
    }
    Ok(())
}

/// Defines `wasi::thread-spawn`, and no memories. [`Program::restore`] defines those of a program that
/// was saved.
///
/// # Errors
///
/// An error if the linker defines the function already.
pub fn add_spawn_to_linker<T: 'static>(
    linker: &mut Linker<T>,
    get: impl Fn(&mut T) -> &mut Threads<T> + Copy + Send + Sync + 'static,
) -> Result<()> {
    let spawn = move |caller: Caller<'_, T>, argument: i32| spawn(caller, argument, get);
    linker.func_wrap(IMPORT.0, IMPORT.1, spawn)?;
    Ok(())
}

/// Returns the imports of a module that are shared memories.
fn shared_memories(module: &Module) -> impl Iterator<Item = ImportType<'_>> {
    let is_shared = |import: &ImportType<'_>| match import.ty() {
        ExternType::Memory(ty) => ty.is_shared(),
        _ => false,
    };
    module.imports().filter(is_shared)
}

/// Starts a thread. Returns its number, or a negative one if that is not possible.
fn spawn<T: 'static>(
    mut caller: Caller<'_, T>,
    argument: i32,
    get: impl Fn(&mut T) -> &mut Threads<T>,
) -> i32 {
    let threads = get(caller.data_mut());
    let (Some(program), true) = (threads.program.clone(), threads.live < threads.limit) else {
        return NO_THREAD;
    };
    let (number, Some(next)) = (threads.next, threads.next.checked_add(1)) else {
        return NO_THREAD;
    };
    // A start function is not a part of the slice of the calling thread.
    let fuel = caller.get_fuel().ok();
    if fuel.is_some() && caller.set_fuel(u64::MAX).is_err() {
        return NO_THREAD;
    }
    let execution = start(&mut caller, &program, number, argument);
    if let Some(fuel) = fuel
        && caller.set_fuel(fuel).is_err()
    {
        return NO_THREAD;
    }
    let Ok(execution) = execution else {
        return NO_THREAD;
    };
    let threads = get(caller.data_mut());
    threads.started.push((number, execution));
    threads.live += 1;
    threads.next = next;
    number
}

/// Makes an instance for a thread, and prepares its execution.
fn start<T: 'static>(
    caller: &mut Caller<'_, T>,
    program: &InstancePre<T>,
    number: i32,
    argument: i32,
) -> Result<Execution> {
    let instance = program.instantiate(&mut *caller)?;
    let function = instance.get_func(&mut *caller, START);
    let function = function.ok_or_else(|| Error::msg("the program has no `wasi_thread_start`"))?;
    let thread = function.start(&mut *caller, &[Val::I32(number), Val::I32(argument)])?;
    thread.set_name(caller, &name(number));
    Ok(thread)
}

/// Returns the name of a thread in errors and core dumps.
fn name(number: i32) -> String {
    match number {
        0 => "main".into(),
        number => alloc::format!("thread {number}"),
    }
}

/// The message of [`Deadlock`].
const DEADLOCK: &str = "deadlock: all threads wait for a notification";

/// The error of a program whose threads all wait for each other.
#[derive(Debug)]
pub struct Deadlock {
    /// The backtrace of each thread, by its number; that of the first thread is 0.
    pub backtraces: Vec<(i32, WasmBacktrace)>,
}

impl fmt::Display for Deadlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(DEADLOCK)?;
        for (number, backtrace) in &self.backtraces {
            write!(f, "\nthread {number}: {backtrace}")?;
        }
        Ok(())
    }
}

impl core::error::Error for Deadlock {}

/// The execution of a program with threads.
///
/// ```no_run
/// # use backstitch::wasi::{self, Deterministic, Program, Threads, WasiCtx};
/// # use backstitch::{Config, Engine, Linker, Module, Store, scheduler::Policy};
/// struct Host {
///     wasi: WasiCtx,
///     threads: Threads<Host>,
/// }
///
/// let mut config = Config::new();
/// config.consume_fuel(true); // slices are counted in instructions
/// let engine = Engine::new(&config)?;
/// let module = Module::from_file(&engine, "program.wasm")?;
/// let wasi = WasiCtx::builder(Deterministic::new(1))
///     .suspend_when_blocked(true)
///     .build();
/// let mut store = Store::new(&engine, Host { wasi, threads: Threads::new(16) });
/// store.set_fuel(u64::MAX)?;
/// let mut linker = Linker::new(&engine);
/// wasi::add_to_linker(&mut linker, |host: &mut Host| &mut host.wasi)?;
/// wasi::threads::add_to_linker(&mut linker, &mut store, &module, |host: &mut Host| {
///     &mut host.threads
/// })?;
/// let policy = Policy::Random { seed: 1, slice: 10_000 };
/// let program = Program::new(
///     policy,
///     |host: &mut Host| &mut host.wasi,
///     |host: &mut Host| &mut host.threads,
/// );
/// let instance = program.instantiate(&mut store, &linker, &module)?;
/// let start = instance.get_func(&mut store, "_start").unwrap();
/// let first = start.start(&mut store, &[])?;
/// program.run(&mut store, first)?;
/// # Ok::<(), backstitch::Error>(())
/// ```
pub struct Program<T: 'static> {
    scheduler: Scheduler,
    wasi: fn(&mut T) -> &mut WasiCtx,
    threads: fn(&mut T) -> &mut Threads<T>,
    /// The number of each thread of the scheduler, in the program.
    numbers: Vec<i32>,
    /// Threads that wait for a time or for input.
    blocked: Vec<BlockedThread>,
    /// The time of the host's clock after the last slice, once a thread was added.
    time: Option<Duration>,
}

/// The state of a program after a slice of one of its threads ([`Program::step`]).
#[non_exhaustive]
#[derive(Debug)]
pub enum Progress {
    /// The program goes on.
    Running,
    /// The first thread has returned these results, which is the end of the program.
    Done(Vec<Val>),
    /// No fuel is left in the store: set more with [`Store::set_fuel`] before the next slice, which is
    /// that of this thread.
    OutOfFuel(ThreadId),
    /// This thread has entered a function that
    /// [`Config::suspend_at_export`](crate::Config::suspend_at_export) names. The program goes on.
    Breakpoint(ThreadId),
}

/// A thread in a call of WASI that would block.
struct BlockedThread {
    id: ThreadId,
    call: Blocked,
    /// The time after which the call must be retried.
    left: Option<Duration>,
}

impl<T> fmt::Debug for Program<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Program")
            .field("scheduler", &self.scheduler)
            .finish_non_exhaustive()
    }
}

impl<T: 'static> Program<T> {
    /// Creates the execution of a program, whose WASI context and threads are at these places in the
    /// store's data.
    pub fn new(
        policy: Policy,
        wasi: fn(&mut T) -> &mut WasiCtx,
        threads: fn(&mut T) -> &mut Threads<T>,
    ) -> Program<T> {
        Program::with_scheduler(Scheduler::new(policy), wasi, threads)
    }

    /// Creates the execution of a program, whose threads a scheduler runs that has no threads yet.
    /// The numbers of the threads are those that the program knows them by. See [`Program::new`].
    pub fn with_scheduler(
        scheduler: Scheduler,
        wasi: fn(&mut T) -> &mut WasiCtx,
        threads: fn(&mut T) -> &mut Threads<T>,
    ) -> Program<T> {
        Program {
            scheduler,
            wasi,
            threads,
            numbers: Vec::new(),
            blocked: Vec::new(),
            time: None,
        }
    }

    /// Makes the instance of the first thread. The others get the same imports.
    ///
    /// # Errors
    ///
    /// The errors of [`Linker::instantiate`].
    pub fn instantiate(
        &self,
        store: &mut Store<T>,
        linker: &Linker<T>,
        module: &Module,
    ) -> Result<Instance> {
        let program = linker.instantiate_pre(module)?;
        let memories = shared_memories(module)
            .filter_map(|import| linker.get_by_import(&mut *store, &import)?.into_memory())
            .collect();
        let threads = (self.threads)(store.data_mut());
        threads.program = Some(program.clone());
        threads.memories = memories;
        program.instantiate(store)
    }

    /// Runs the program to its end: until its first thread, whose execution is `first`, returns, or
    /// any thread exits or fails. Returns the results of the first thread.
    ///
    /// A thread that would block lets others run, if the context has
    /// [`suspend_when_blocked`](super::WasiCtxBuilder::suspend_when_blocked). If all wait, the
    /// host's clock advances ([`Host::sleep`](super::Host::sleep)).
    ///
    /// # Errors
    ///
    /// The error of the thread that ended the program; [`Deadlock`] if all threads wait for each
    /// other; [`Trap::OutOfFuel`] or [`Trap::Interrupt`].
    pub fn run(mut self, store: &mut Store<T>, first: Execution) -> Result<Vec<Val>> {
        self.start(store, first);
        self.finish(store)
    }

    /// Runs a program that was started, or restored, to its end: see [`Program::run`].
    ///
    /// # Errors
    ///
    /// The errors of [`Program::run`].
    pub fn finish(mut self, store: &mut Store<T>) -> Result<Vec<Val>> {
        loop {
            match self.step(store)? {
                Progress::Running | Progress::Breakpoint(_) => {}
                Progress::Done(results) => return Ok(results),
                Progress::OutOfFuel(id) => {
                    return Err(self.ended(store, id, Trap::OutOfFuel.into()));
                }
            }
        }
    }

    /// Starts the program, whose first thread is `first`. It runs in [`Program::step`].
    ///
    /// # Panics
    ///
    /// Panics if the program was started before, or if `store` does not own `first`.
    pub fn start(&mut self, store: &mut Store<T>, first: Execution) {
        assert!(self.numbers.is_empty(), "a program is started once");
        first.set_name(&mut *store, &name(0));
        self.add(0, first);
        self.time = Some(self.now(store));
    }

    /// Runs the next thread of the program for a slice.
    ///
    /// Between slices, the program can be saved ([`Program::save`]).
    ///
    /// # Errors
    ///
    /// The errors of [`Program::run`], which end the program, except [`Trap::OutOfFuel`].
    pub fn step(&mut self, store: &mut Store<T>) -> Result<Progress> {
        let event = self.scheduler.step(store)?;
        for (number, execution) in mem::take(&mut (self.threads)(store.data_mut()).started) {
            self.add(number, execution);
        }
        match event {
            Event::Done(id, results) if self.number(id) == 0 => {
                return Ok(Progress::Done(results));
            }
            Event::Done(..) => (self.threads)(store.data_mut()).live -= 1,
            Event::Failed(id, error) => return Err(self.of_thread(id, error)),
            Event::Suspended(id, suspension) => self.suspended(store, id, suspension)?,
            Event::OutOfFuel(id) => return Ok(Progress::OutOfFuel(id)),
            Event::Breakpoint(id) => return Ok(Progress::Breakpoint(id)),
            Event::Idle { timeout } => self.sleep(store, timeout)?,
            Event::Switched(_) => {}
        }
        let now = self.now(store);
        let before = self.time.replace(now).unwrap_or(now);
        self.pass(store, now.saturating_sub(before))?;
        Ok(Progress::Running)
    }

    fn add(&mut self, number: i32, execution: Execution) -> ThreadId {
        self.numbers.push(number);
        self.scheduler.add(execution)
    }

    fn number(&self, id: ThreadId) -> i32 {
        self.numbers[id.0 as usize]
    }

    /// Adds the number of the thread to an error.
    fn of_thread(&self, id: ThreadId, error: Error) -> Error {
        match self.number(id) {
            0 => error,
            number => match error.pop_context::<WasmCoreDump>() {
                // A core dump stays outermost, where it can be taken off.
                Ok((dump, error)) => error.context(name(number)).context(dump),
                Err(error) => error.context(name(number)),
            },
        }
    }

    /// Adds the number of a thread, its backtrace and a core dump to the error that ends the program
    /// there.
    fn ended(&self, store: &Store<T>, id: ThreadId, error: Error) -> Error {
        let mut threads = self.scheduler.threads();
        let error = match threads.find(|(other, _)| *other == id) {
            Some((_, execution)) => execution.fail(store, error),
            None => error,
        };
        self.of_thread(id, error)
    }

    /// Returns the time of the host's clock.
    fn now(&self, store: &mut Store<T>) -> Duration {
        let spent = store.fuel_spent();
        let context = (self.wasi)(store.data_mut());
        context.host.called(spent);
        let time = context.host.clock_time(Clock::Monotonic);
        Duration::from_nanos(time.unwrap_or_default())
    }

    /// Treats the suspension of a thread that waits for the host.
    fn suspended(
        &mut self,
        store: &mut Store<T>,
        id: ThreadId,
        suspension: Suspension,
    ) -> Result<()> {
        let error = match suspension {
            Suspension::Host(request) => match request.downcast::<Blocked>() {
                Ok(call) => {
                    let left = call.timeout();
                    self.blocked.push(BlockedThread { id, call, left });
                    return Ok(());
                }
                Err(request) => Error::new(request),
            },
            Suspension::Tag(..) => Trap::UnhandledTag.into(),
            _ => Trap::Interrupt.into(),
        };
        Err(self.ended(store, id, error))
    }

    /// Waits until the first thread can run again. `timeout` is that of the first wait at an
    /// address.
    fn sleep(&mut self, store: &mut Store<T>, timeout: Option<Duration>) -> Result<()> {
        let retry = |thread: &BlockedThread| match thread.call.waits_for_input() {
            true => Some(LOOK_AGAIN),
            false => thread.left,
        };
        let times = self.blocked.iter().filter_map(retry).chain(timeout);
        let Some(time) = times.min() else {
            return Err(self.deadlock(store));
        };
        let nanoseconds = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        let slept = (self.wasi)(store.data_mut()).host.sleep(nanoseconds);
        slept.map_err(|errno| Error::msg(alloc::format!("the host cannot wait: {errno}")))
    }

    /// Lets time pass for the threads that wait, and retries the calls of those that are blocked.
    fn pass(&mut self, store: &mut Store<T>, time: Duration) -> Result<()> {
        self.scheduler.pass(&mut *store, time);
        for mut thread in mem::take(&mut self.blocked) {
            thread.left = thread.left.map(|left| left.saturating_sub(time));
            let is_due = thread.left.is_some_and(|left| left.is_zero());
            if !is_due && !thread.call.waits_for_input() {
                self.blocked.push(thread);
                continue;
            }
            let id = thread.id;
            match thread.call.retry(&mut *store, self.wasi) {
                Ok(Retried::Done(results)) => {
                    self.scheduler.resume_with(id, results);
                }
                Ok(Retried::Blocked(call)) => {
                    let left = call.timeout();
                    self.blocked.push(BlockedThread { id, call, left });
                }
                Err(error) => return Err(self.ended(store, id, error)),
            }
        }
        Ok(())
    }

    /// Returns the error of a deadlock, with a core dump in which the thread is first that was
    /// started first.
    fn deadlock(&self, store: &Store<T>) -> Error {
        let error = Error::new(Deadlock {
            backtraces: self.backtraces(store),
        });
        match self.scheduler.threads().next() {
            Some((_, thread)) if store.engine().has_core_dumps() => {
                error.context(thread.core_dump_because(store, ReasonKind::Deadlock, DEADLOCK))
            }
            _ => error,
        }
    }

    fn backtraces(&self, store: &Store<T>) -> Vec<(i32, WasmBacktrace)> {
        let backtraces = self.scheduler.backtraces(store);
        let number = |(id, backtrace)| (self.number(id), backtrace);
        backtraces.into_iter().map(number).collect()
    }
}
