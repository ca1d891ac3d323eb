//! Programs whose threads are threads of the operating system.
//!
//! Each thread has a store and an instance of the program's module. They share the memory that the
//! module imports, and one WASI context, which is locked during a call. A call that would block
//! waits with the context unlocked.

use super::abi::{self, Blocked};
use super::context::WasiCtx;
use super::threads::{IMPORT, NO_THREAD, START};
use crate::api::{
    Caller, ExternType, Instance, InstancePre, InterruptHandle, Linker, Module, SharedMemory,
    Store, Trap,
};
use crate::support::error::{Error, Result};
use crate::support::sync::Mutex as ContextMutex;
use alloc::boxed::Box;
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::fmt;
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
/// [`Config::interruptible`](crate::Config::interruptible).
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
    /// The threads that have not ended, by their numbers. That of the first one is 0.
    live: Vec<(i32, InterruptHandle)>,
    next: i32,
    end: Option<End>,
}

/// The end of a program.
enum End {
    /// The first thread has ended.
    First,
    /// Another thread has exited or failed.
    Other(Error),
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

    /// Sets a function that describes the failure of a thread other than the first one while its
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
    /// The error of the thread that ended the program, or an error if the module cannot be
    /// instantiated.
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
            state.live.push((0, handle));
        }
        let member = Member(&self.group, 0);
        let result = program
            .instantiate(&mut store)
            .and_then(|instance| first(&mut store, instance));
        self.group.end(End::First);
        drop(member);
        let mut state = self.group.lock();
        while !state.live.is_empty() {
            let waited = self.group.changed.wait(state);
            state = waited.unwrap_or_else(PoisonError::into_inner);
        }
        match state.end.take() {
            Some(End::Other(error)) => Err(error),
            _ => result,
        }
    }
}

/// A thread of a program, which is removed from its list when this is dropped, also by a panic.
struct Member<'a, T: Send + 'static>(&'a Group<T>, i32);

impl<T: Send> Drop for Member<'_, T> {
    fn drop(&mut self) {
        if thread::panicking() {
            let number = self.1;
            let error = Error::msg("a host function panicked");
            self.0
                .end(End::Other(error.context(alloc::format!("thread {number}"))));
        }
        let mut state = self.0.lock();
        state.live.retain(|(number, _)| *number != self.1);
        self.0.changed.notify_all();
    }
}

impl<T: Send + 'static> Group<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the program, unless it has ended: interrupts all threads.
    fn end(&self, end: End) {
        let mut state = self.lock();
        if state.end.is_none() {
            state.end = Some(end);
            for (_, handle) in &state.live {
                handle.interrupt();
            }
            self.changed.notify_all();
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
        state.live.push((number, handle));
        drop(state);
        let member = Arc::clone(group);
        let started = thread::Builder::new().spawn(move || {
            let member = Member(&member, number);
            if let Err(error) = run_thread(&mut store, &program, number, argument) {
                let error = match &member.0.on_failure {
                    Some(describe) => describe(&mut store, error),
                    None => error,
                };
                let error = error.context(alloc::format!("thread {number}"));
                member.0.end(End::Other(error));
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
