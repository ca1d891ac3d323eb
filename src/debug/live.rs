//! Running programs as debuggees.

use super::image::Image;
use super::stacks::Stacks;
use super::{
    Action, DebugError, Debuggee, Direction, Frame, Location, Resumption, Stop, ThreadId,
    WatchKind, Watchpoint,
};
use crate::api::coredump::{ReasonKind, Value};
use crate::api::{self, Execution, Outcome, Result, Store, Suspension, Trap, WasmCoreDump};
use crate::support::error::Error;
use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

/// Number of instructions after which a step over several of them yields.
const SLICE: usize = 1000;

/// Exit code of a program that has failed, as shells give it for `abort`.
const FAILED: u8 = 134;

/// Function that returns the exit code with which an error ends the program, if it is no failure.
type ExitCode = Box<dyn Fn(&Error) -> Option<u8>>;

/// A call in a store as a [`Debuggee`]: a program that runs.
///
/// The stacks of the store are its threads: the call, with the continuations that it has resumed, is one,
/// and so is each continuation that is suspended. Only the call runs.
///
/// A run yields when the store is interrupted, and goes on when the connection was looked at. So the
/// engine must have [`Config::interruptible`](crate::Config::interruptible), and a timer or another
/// thread must interrupt the store some times in a second ([`Store::interrupt_handle`]). Without, the
/// client cannot interrupt an endless loop.
///
/// If the program traps, its frames can still be read if the engine has
/// [`Config::coredump_on_trap`](crate::Config::coredump_on_trap).
pub struct Live<'s, T: 'static> {
    store: &'s mut Store<T>,
    call: Execution,
    main: ThreadId,
    image: Image,
    breakpoints: BTreeSet<Location>,
    watchpoints: Vec<Watchpoint>,
    /// `true` if the store stops before each instruction.
    steps: bool,
    stop: Stop,
    /// `true` if the program can go on.
    lives: bool,
    exit_code: ExitCode,
}

impl<'s, T: 'static> Live<'s, T> {
    /// Returns a call that has not begun, and is about to execute its first instruction.
    ///
    /// # Errors
    ///
    /// The errors of [`Store::single_step`], and of code that the host runs before.
    pub fn new(store: &'s mut Store<T>, call: Execution) -> Result<Live<'s, T>> {
        let main = ThreadId::new(call.number()).unwrap_or(ThreadId::MIN);
        let mut live = Live {
            store,
            call,
            main,
            image: Image::default(),
            breakpoints: BTreeSet::new(),
            watchpoints: Vec::new(),
            steps: false,
            stop: Stop::Interrupted { thread: main },
            lives: true,
            exit_code: Box::new(|_| None),
        };
        live.step(true)?;
        while live.advance(&Action::Step) == Stop::Yielded {}
        if live.lives {
            live.stop = Stop::Interrupted { thread: main };
        }
        Ok(live)
    }

    /// Sets the function that returns the exit code with which an error of a host function ends the
    /// program, as that of `proc_exit` does. By default, all errors are failures.
    #[must_use]
    pub fn exit_code(mut self, code: impl Fn(&Error) -> Option<u8> + 'static) -> Live<'s, T> {
        self.exit_code = Box::new(code);
        self
    }

    /// Sets whether the store stops before each instruction.
    fn step(&mut self, steps: bool) -> Result<()> {
        if self.steps != steps {
            self.store.single_step(steps)?;
            self.steps = steps;
        }
        Ok(())
    }

    /// Runs until something happens, and reads the stacks then.
    fn advance(&mut self, action: &Action) -> Stop {
        let stop = self.run(action);
        if stop != Stop::Yielded && self.lives {
            let dump = self
                .call
                .core_dump_because(&*self.store, ReasonKind::Breakpoint, "");
            self.read(&dump);
        }
        if stop != Stop::Yielded {
            self.stop = stop.clone();
        }
        stop
    }

    fn run(&mut self, action: &Action) -> Stop {
        let thread = self.main;
        for _ in 0..SLICE {
            let outcome = match self.call.resume(&mut *self.store) {
                Ok(Outcome::Suspended(suspension)) => suspension,
                Ok(Outcome::Done(_)) => return self.end(0),
                Err(error) => return self.fail(&error),
            };
            match outcome {
                Suspension::Interrupt | Suspension::Epoch => return Stop::Yielded,
                Suspension::Breakpoint => {
                    let location = self.location();
                    if location.is_some_and(|it| self.breakpoints.contains(&it)) {
                        return Stop::Breakpoint { thread };
                    }
                    match action {
                        Action::StepOut { module, offsets }
                            if location.is_some_and(|it| {
                                it.module == *module && offsets.contains(&it.offset)
                            }) => {}
                        Action::Step | Action::StepOut { .. } => return Stop::Step { thread },
                        // A breakpoint that was removed meanwhile.
                        Action::Continue => {}
                    }
                }
                Suspension::Watchpoint(access) => {
                    return match self.watchpoint_at(&access) {
                        Some(watchpoint) => Stop::Watchpoint { thread, watchpoint },
                        None => Stop::Step { thread },
                    };
                }
                // Time passes for nobody else.
                Suspension::Wait {
                    timeout: Some(_), ..
                } => drop(self.call.time_out(&mut *self.store)),
                other => {
                    let message = format!("the program cannot go on: {other:?}");
                    return Stop::Trapped { thread, message };
                }
            }
        }
        Stop::Yielded
    }

    /// Returns the instruction that is executed next.
    fn location(&self) -> Option<Location> {
        self.image.youngest(&self.call.backtrace(&*self.store))
    }

    fn watchpoint_at(&self, access: &api::Access) -> Option<Watchpoint> {
        let end = access.address.saturating_add(access.size);
        let mut watchpoints = self.watchpoints.iter();
        let found = watchpoints.find(|it| {
            self.store.memory_of(it.instance) == Some(access.memory)
                && access.address < it.addresses.end
                && end > it.addresses.start
        });
        found.cloned()
    }

    fn end(&mut self, status: u8) -> Stop {
        self.lives = false;
        self.image.stacks = Stacks::default();
        Stop::Exited { status }
    }

    fn fail(&mut self, error: &Error) -> Stop {
        if let Some(status) = (self.exit_code)(error) {
            return self.end(status);
        }
        self.lives = false;
        self.image.stacks = Stacks::default();
        if let Some(dump) = error.downcast_ref::<WasmCoreDump>() {
            self.read(dump);
        }
        let message = match error.downcast_ref::<Trap>() {
            Some(trap) => trap.to_string(),
            None => error.root_cause().to_string(),
        };
        let thread = self.main;
        Stop::Trapped { thread, message }
    }

    /// Reads the stacks of a dump.
    fn read(&mut self, dump: &WasmCoreDump) {
        self.image.read(dump, self.main, ThreadId::new);
    }

    fn watch(&mut self) -> Result<(), DebugError> {
        let mut watched = Vec::new();
        for watchpoint in &self.watchpoints {
            let memory = self.store.memory_of(watchpoint.instance);
            watched.push(api::Watchpoint {
                memory: memory.ok_or(DebugError::Missing)?,
                bytes: watchpoint.addresses.clone(),
                reads: watchpoint.kind != WatchKind::Write,
                writes: watchpoint.kind != WatchKind::Read,
            });
        }
        let watched = self.store.watch(&watched);
        watched.map_err(|_| DebugError::Unsupported)
    }

    fn bytes_of(&self, instance: u32, address: u64, len: usize) -> Result<api::Memory, DebugError> {
        let memory = self.store.memory_of(instance).ok_or(DebugError::Missing)?;
        let end = address.checked_add(len as u64);
        let fits = end.is_some_and(|end| end <= memory.data_size(&*self.store) as u64);
        fits.then_some(memory).ok_or(DebugError::OutOfBounds)
    }
}

impl<T: 'static> Debuggee for Live<'_, T> {
    fn modules(&self) -> Vec<String> {
        self.image.names()
    }

    fn module_bytes(&self, module: u32) -> Option<&[u8]> {
        self.image.bytes(module)
    }

    fn instance_of(&self, module: u32) -> Option<u32> {
        self.image.instance_of(module)
    }

    fn threads(&self) -> Vec<ThreadId> {
        self.image.stacks.ids()
    }

    fn thread_name(&self, thread: ThreadId) -> Option<String> {
        self.image.stacks.name(thread)
    }

    fn thread_state(&self, thread: ThreadId) -> Option<String> {
        if thread == self.main {
            return None;
        }
        self.image.stacks.state(thread)
    }

    fn frames(&self, thread: ThreadId, most: usize) -> Vec<Frame> {
        self.image.frames(thread, most)
    }

    fn local(&self, thread: ThreadId, frame: usize, index: usize) -> Option<Value> {
        self.image.stacks.local(thread, frame, index)
    }

    fn operand(&self, thread: ThreadId, frame: usize, index: usize) -> Option<Value> {
        self.image.stacks.operand(thread, frame, index)
    }

    fn global(&self, thread: ThreadId, frame: usize, index: usize) -> Option<Value> {
        let instance = self.image.stacks.frame(thread, frame)?.instance;
        self.store.global_of(instance, index)
    }

    fn memory_size(&self, instance: u32) -> Option<u64> {
        let memory = self.store.memory_of(instance)?;
        Some(memory.data_size(&*self.store) as u64)
    }

    fn read_memory(
        &self,
        instance: u32,
        address: u64,
        buffer: &mut [u8],
    ) -> Result<(), DebugError> {
        let memory = self.bytes_of(instance, address, buffer.len())?;
        let read = memory.read(&*self.store, address as usize, buffer);
        read.map_err(|_| DebugError::OutOfBounds)
    }

    fn write_memory(
        &mut self,
        instance: u32,
        address: u64,
        bytes: &[u8],
    ) -> Result<(), DebugError> {
        let memory = self.bytes_of(instance, address, bytes.len())?;
        let written = memory.write(&mut *self.store, address as usize, bytes);
        written.map_err(|_| DebugError::OutOfBounds)
    }

    fn stop(&self) -> Stop {
        self.stop.clone()
    }

    fn resume(&mut self, resumption: &Resumption) -> Stop {
        if resumption.direction == Direction::Back {
            return self.stop();
        }
        if !self.lives {
            // A client that lets a failed program go on lets it end.
            self.stop = match self.stop {
                Stop::Exited { status } => Stop::Exited { status },
                _ => Stop::Exited { status: FAILED },
            };
            return self.stop();
        }
        // Only the call runs, whatever the other threads are to do.
        let action = resumption.action(self.main).cloned();
        let action = action.unwrap_or(Action::Continue);
        if let Err(error) = self.step(action != Action::Continue) {
            self.stop = Stop::Trapped {
                thread: self.main,
                message: error.to_string(),
            };
            return self.stop();
        }
        self.advance(&action)
    }

    fn interrupt(&mut self) -> Stop {
        let dump = self.call.core_dump(&*self.store);
        self.read(&dump);
        self.stop = Stop::Interrupted { thread: self.main };
        self.stop()
    }

    fn set_breakpoint(&mut self, location: Location) -> Result<(), DebugError> {
        let location = self.image.instruction(location)?;
        let module = self
            .image
            .module(location.module)
            .ok_or(DebugError::Missing)?;
        let added = self.store.add_breakpoint(module, location.offset as u32);
        added.map_err(|_| DebugError::Missing)?;
        self.breakpoints.insert(location);
        Ok(())
    }

    fn clear_breakpoint(&mut self, location: Location) -> Result<(), DebugError> {
        let location = self.image.instruction(location)?;
        let module = self
            .image
            .module(location.module)
            .ok_or(DebugError::Missing)?;
        let removed = self.store.remove_breakpoint(module, location.offset as u32);
        self.breakpoints.remove(&location);
        match removed {
            Ok(true) => Ok(()),
            Ok(false) | Err(_) => Err(DebugError::Missing),
        }
    }

    fn set_watchpoint(&mut self, watchpoint: &Watchpoint) -> Result<(), DebugError> {
        self.watchpoints.push(watchpoint.clone());
        self.watch()
    }

    fn clear_watchpoint(&mut self, watchpoint: &Watchpoint) -> Result<(), DebugError> {
        let found = self.watchpoints.iter().position(|it| it == watchpoint);
        self.watchpoints.remove(found.ok_or(DebugError::Missing)?);
        self.watch()
    }
}

impl<T: 'static> fmt::Debug for Live<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Live")
            .field("call", &self.call)
            .field("stop", &self.stop)
            .finish_non_exhaustive()
    }
}
