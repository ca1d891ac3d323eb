//! Programs whose threads are threads of the operating system.
//!
//! Each thread has a store and an instance of the program's module. They share the memory that the
//! module imports, and one WASI context, which is locked during a call. A call that would block
//! waits with the context unlocked.

use super::abi::{self, Blocked};
use super::context::WasiCtx;
use super::threads::{Deadlock, IMPORT, NO_THREAD, START};
use crate::api::{
    Caller, ExternType, Instance, InstancePre, InterruptHandle, Linker, Module, SharedMemory,
    Store, Trap, WasmBacktrace,
};
use crate::support::error::{Error, Result};
use crate::support::sync::Mutex as ContextMutex;
use crate::support::wait_queue::{Ticket, WaitState};
use alloc::boxed::Box;
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::fmt;
use core::mem;
use core::time::Duration;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

/// Interval at which input is polled.
const LOOK_AGAIN: Duration = Duration::from_millis(1);

/// Makes the store of a thread.
type NewStore<T> = Box<dyn Fn() -> Result<Store<T>> + Send + Sync>;

/// Describes the failure of a thread while its store can still be examined.
type OnFailure<T> = Box<dyn Fn(&mut Store<T>, Error) -> Error + Send + Sync>;

/// A program whose threads are threads of the operating system.
///
/// The program ends when its first thread returns, or when any thread exits or fails. The others are
/// interrupted then, for which the engine must have
/// [`Config::interruptible`](crate::Config::interruptible). It also ends when all threads wait at
/// addresses of shared memories without a timeout: as only they have these memories, nothing can wake
/// them. The error is [`Deadlock`] then.
///
/// ```no_run
/// use backstitch::wasi::{ParallelProgram, System, WasiCtx};
/// use backstitch::{Config, Engine, Linker, Module, Store};
///
/// let engine = Engine::new(Config::new().interruptible(true))?;
/// let module = Module::from_file(&engine, "program.wasm")?;
/// let wasi = WasiCtx::builder(System::new()).build();
/// let mut linker = Linker::new(&engine);
/// let program = ParallelProgram::new(wasi, 16, move || Ok(Store::new(&engine, ())));
/// program.add_to_linker(&mut linker, &module)?;
/// program.run(&linker, &module, |store, instance| {
///     let start = instance.get_typed_func::<(), ()>(&mut *store, "_start")?;
///     start.call(store, ())
/// })?;
/// # Ok::<(), backstitch::Error>(())
/// ```
///
/// This type exists with the feature `std`, on targets with 64-bit atomic instructions.
pub struct ParallelProgram<T: 'static> {
    group: Arc<Group<T>>,
    context: Arc<ContextMutex<WasiCtx>>,
}

/// The state that the threads of a program share.
struct Group<T: 'static> {
    new_store: NewStore<T>,
    on_failure: Option<OnFailure<T>>,
    limit: usize,
    state: Mutex<State<T>>,
    /// Signalled when a thread ends.
    changed: Condvar,
}

struct State<T: 'static> {
    program: Option<InstancePre<T>>,
    /// The threads that have not ended.
    live: Vec<Live>,
    next: i32,
    end: Option<End>,
    /// The backtraces of threads that have ended because of a deadlock, by their numbers.
    stopped: Vec<(i32, WasmBacktrace)>,
}

/// A thread that has not ended.
struct Live {
    /// The number; that of the first thread is 0.
    number: i32,
    handle: InterruptHandle,
    /// The wait for which the thread is parked, if that has no timeout.
    parked: Option<Arc<Ticket>>,
}

impl Live {
    fn new(number: i32, handle: InterruptHandle) -> Live {
        Live {
            number,
            handle,
            parked: None,
        }
    }

    /// Returns whether only a notification lets the thread run again.
    fn waits(&self) -> bool {
        let ticket = self.parked.as_ref();
        ticket.is_some_and(|ticket| ticket.state() == WaitState::Waiting)
    }
}

/// The end of a program.
enum End {
    /// The first thread has returned.
    Returned,
    /// A thread has exited or failed. The error is missing until it is described.
    Failed(Option<Error>),
    /// All threads waited for each other.
    Deadlock,
}

impl<T> fmt::Debug for ParallelProgram<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ParallelProgram")
            .field("limit", &self.group.limit)
            .finish_non_exhaustive()
    }
}

impl<T: Send + 'static> ParallelProgram<T> {
    /// Creates a program that may have `limit` threads at once besides the first one; `thread-spawn`
    /// fails beyond. `new_store` makes the store of each thread, whose engine is that of the
    /// program's module.
    pub fn new(
        mut context: WasiCtx,
        limit: usize,
        new_store: impl Fn() -> Result<Store<T>> + Send + Sync + 'static,
    ) -> ParallelProgram<T> {
        context.suspend_when_blocked = true;
        let state = State {
            program: None,
            live: Vec::new(),
            next: 1,
            end: None,
            stopped: Vec::new(),
        };
        let group = Group {
            new_store: Box::new(new_store),
            on_failure: None,
            limit,
            state: Mutex::new(state),
            changed: Condvar::new(),
        };
        ParallelProgram {
            group: Arc::new(group),
            context: Arc::new(ContextMutex::new(context)),
        }
    }

    /// Sets a function that describes the failure of the thread that ends the program while its
    /// store can still be examined, for example to write a core dump.
    ///
    /// # Panics
    ///
    /// If the program has been added to a linker.
    pub fn on_failure(
        &mut self,
        describe: impl Fn(&mut Store<T>, Error) -> Error + Send + Sync + 'static,
    ) -> &mut ParallelProgram<T> {
        let group = Arc::get_mut(&mut self.group);
        group.expect("no linker has the program").on_failure = Some(Box::new(describe));
        self
    }

    /// Defines the functions of WASI, `wasi::thread-spawn`, and a memory for each shared memory that
    /// the module imports.
    ///
    /// # Errors
    ///
    /// An error if the linker defines one of them already, or if a memory cannot be allocated.
    pub fn add_to_linker(&self, linker: &mut Linker<T>, module: &Module) -> Result<()> {
        // The program has the linker's functions: a strong reference would be a cycle.
        let group = Arc::downgrade(&self.group);
        let wait = move |blocked: &Blocked| match group.upgrade() {
            Some(group) => group.wait(blocked),
            None => Err(Trap::Interrupt.into()),
        };
        abi::add_shared_to_linker(linker, &self.context, wait)?;
        let group = Arc::downgrade(&self.group);
        let spawn = move |_: Caller<'_, T>, argument: i32| Group::spawn(&group, argument);
        linker.func_wrap(IMPORT.0, IMPORT.1, spawn)?;
        for import in module.imports() {
            if let ExternType::Memory(ty) = import.ty()
                && ty.is_shared()
            {
                let memory = SharedMemory::new(module.engine(), ty)?;
                linker.define_shared_memory(import.module(), import.name(), &memory)?;
            }
        }
        Ok(())
    }

    /// Runs the program to its end: instantiates its module for the first thread, whose code `first`
    /// calls. Returns the result of `first`.
    ///
    /// All threads have ended when it returns. A thread in a host function other than those of WASI
    /// ends when the function returns.
    ///
    /// # Errors
    ///
    /// The error of the thread that ended the program, a [`Deadlock`], or an error if the module
    /// cannot be instantiated.
    pub fn run<R>(
        &self,
        linker: &Linker<T>,
        module: &Module,
        first: impl FnOnce(&mut Store<T>, Instance) -> Result<R>,
    ) -> Result<R> {
        let program = linker.instantiate_pre(module)?;
        let mut store = (self.group.new_store)()?;
        let handle = store.interrupt_handle()?;
        {
            let mut state = self.group.lock();
            state.program = Some(program.clone());
            state.live.push(Live::new(0, handle));
        }
        Group::watch(&self.group, &mut store, 0);
        let member = Member(&self.group, 0);
        let result = program
            .instantiate(&mut store)
            .and_then(|instance| first(&mut store, instance));
        let returned = match result {
            Ok(returned) => {
                self.group.end(End::Returned);
                Some(returned)
            }
            Err(error) => {
                self.group.fail(&mut store, 0, error);
                None
            }
        };
        drop(member);
        let mut state = self.group.lock();
        while !state.live.is_empty() {
            let waited = self.group.changed.wait(state);
            state = waited.unwrap_or_else(PoisonError::into_inner);
        }
        match (state.end.take(), returned) {
            (Some(End::Returned), Some(returned)) => Ok(returned),
            (Some(End::Failed(Some(error))), _) => Err(error),
            (Some(End::Deadlock), _) => {
                let mut backtraces = mem::take(&mut state.stopped);
                backtraces.sort_by_key(|&(number, _)| number);
                Err(Error::new(Deadlock { backtraces }))
            }
            _ => unreachable!("a program ends once all of its threads have"),
        }
    }
}

/// A thread of a program, which is removed from its list when this is dropped, also by a panic.
struct Member<'a, T: Send + 'static>(&'a Group<T>, i32);

impl<T: Send> Drop for Member<'_, T> {
    fn drop(&mut self) {
        if thread::panicking() {
            let error = Error::msg("a host function panicked");
            let error = error.context(alloc::format!("thread {}", self.1));
            self.0.end(End::Failed(None));
            let mut state = self.0.lock();
            if let Some(End::Failed(missing @ None)) = &mut state.end {
                *missing = Some(error);
            }
        }
        let mut state = self.0.lock();
        state.live.retain(|thread| thread.number != self.1);
        self.0.changed.notify_all();
        drop(state);
        self.0.end_if_deadlocked();
    }
}

impl<T: Send + 'static> Group<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the program, unless it has ended: interrupts all threads. Returns whether it had not
    /// ended.
    fn end(&self, end: End) -> bool {
        let mut state = self.lock();
        if state.end.is_some() {
            return false;
        }
        state.end = Some(end);
        for thread in &state.live {
            thread.handle.interrupt();
        }
        self.changed.notify_all();
        true
    }

    /// Ends the program because a thread has failed, unless the thread has failed because the program
    /// has ended.
    fn fail(&self, store: &mut Store<T>, number: i32, error: Error) {
        if self.end(End::Failed(None)) {
            let error = match &self.on_failure {
                Some(describe) => describe(store, error),
                None => error,
            };
            let error = match number {
                0 => error,
                _ => error.context(alloc::format!("thread {number}")),
            };
            self.lock().end = Some(End::Failed(Some(error)));
            return;
        }
        let mut state = self.lock();
        if let (Some(End::Deadlock), Some(backtrace)) = (&state.end, error.downcast_ref()) {
            let backtrace: &WasmBacktrace = backtrace;
            state.stopped.push((number, backtrace.clone()));
        }
    }

    /// Records when a thread is parked without a timeout.
    fn watch(group: &Arc<Group<T>>, store: &mut Store<T>, number: i32) {
        let group = Arc::downgrade(group);
        store.wait_hook(move |ticket| {
            let Some(group) = group.upgrade() else {
                return;
            };
            let mut state = group.lock();
            let mut threads = state.live.iter_mut();
            if let Some(thread) = threads.find(|thread| thread.number == number) {
                thread.parked = ticket.cloned();
            }
            drop(state);
            group.end_if_deadlocked();
        });
    }

    /// Ends the program if all threads wait for a notification.
    fn end_if_deadlocked(&self) {
        let state = self.lock();
        let is_deadlock = !state.live.is_empty() && state.live.iter().all(Live::waits);
        drop(state);
        if is_deadlock {
            self.end(End::Deadlock);
        }
    }

    /// Starts a thread. Returns its number, or a negative one if that is not possible.
    fn spawn(group: &Weak<Group<T>>, argument: i32) -> i32 {
        let started = group
            .upgrade()
            .and_then(|group| Group::start(&group, argument));
        started.unwrap_or(NO_THREAD)
    }

    fn start(group: &Arc<Group<T>>, argument: i32) -> Option<i32> {
        // The embedder's function is called without the lock.
        let mut store = (group.new_store)().ok()?;
        let handle = store.interrupt_handle().ok()?;
        let mut state = group.lock();
        // The first thread does not count.
        if state.end.is_some() || state.live.len() > group.limit {
            return None;
        }
        let number = state.next;
        let program = state.program.clone()?;
        state.next = number.checked_add(1)?;
        state.live.push(Live::new(number, handle));
        drop(state);
        Group::watch(group, &mut store, number);
        let member = Arc::clone(group);
        let started = thread::Builder::new().spawn(move || {
            let member = Member(&member, number);
            if let Err(error) = run_thread(&mut store, &program, number, argument) {
                member.0.fail(&mut store, number, error);
            }
            // The store is freed before the program is said to have ended.
            drop(store);
        });
        if started.is_err() {
            drop(Member(group, number));
            return None;
        }
        Some(number)
    }

    /// Waits until a call that would block can be retried.
    fn wait(&self, blocked: &Blocked) -> Result<()> {
        let time = match (blocked.timeout(), blocked.waits_for_input()) {
            (time, false) => time,
            (time, true) => Some(time.unwrap_or(LOOK_AGAIN).min(LOOK_AGAIN)),
        };
        let state = self.lock();
        let is_running = |state: &mut State<T>| state.end.is_none();
        let state = match time {
            Some(time) => {
                let waited = self.changed.wait_timeout_while(state, time, is_running);
                waited.unwrap_or_else(PoisonError::into_inner).0
            }
            None => {
                let waited = self.changed.wait_while(state, is_running);
                waited.unwrap_or_else(PoisonError::into_inner)
            }
        };
        match state.end {
            Some(_) => Err(Trap::Interrupt.into()),
            None => Ok(()),
        }
    }
}

/// Makes the instance of a thread, and runs it to its end.
fn run_thread<T: 'static>(
    store: &mut Store<T>,
    program: &InstancePre<T>,
    number: i32,
    argument: i32,
) -> Result<()> {
    let instance = program.instantiate(&mut *store)?;
    let start = instance.get_typed_func::<(i32, i32), ()>(&mut *store, START)?;
    start.call(store, (number, argument))
}
