//! The program that `run` or `resume` executes: a call, or threads that take turns.

use super::coredump;
use super::failure::Failure;
use super::host::{Host, SavedThreads};
use super::input::Source;
use super::snapshot::{Moment, Snapshotting};
use backstitch::scheduler::Policy;
use backstitch::wasi::threads::Progress;
use backstitch::wasi::{self, I32Exit, Program};
use backstitch::{Error, Execution, Linker, Outcome, Restored, Store, Suspension, Trap, Val};

/// The state of a program in this process.
#[derive(Debug)]
pub(super) enum Ended {
    /// The call has returned these results.
    Done(Vec<Val>),
    /// The program is suspended, at the moment of a snapshot.
    Suspended(Running),
}

/// The reason why a program did not finish.
pub(super) enum Stopped {
    /// The command has failed.
    Command(Failure),
    /// The program failed, or exited by itself.
    Program(Error),
}

impl From<Error> for Stopped {
    fn from(error: Error) -> Self {
        Stopped::Program(error)
    }
}

impl From<Failure> for Stopped {
    fn from(failure: Failure) -> Self {
        Stopped::Command(failure)
    }
}

/// A program that was started.
#[derive(Debug)]
pub(super) enum Running {
    /// A call.
    Call(Execution),
    /// Threads that take turns.
    Threads(Box<Program<Host>>),
}

/// Returns the execution of a program with threads.
pub(super) fn with_threads(policy: Policy) -> Program<Host> {
    Program::new(policy, |host| &mut host.wasi, |host| &mut host.threads)
}

impl Running {
    /// Starts a program, whose threads are `threads` if it has any, with the call of its first thread.
    pub(super) fn start(
        store: &mut Store<Host>,
        threads: Option<Program<Host>>,
        first: Execution,
    ) -> Running {
        match threads {
            None => Running::Call(first),
            Some(mut program) => {
                program.start(store, first);
                Running::Threads(Box::new(program))
            }
        }
    }

    /// Returns the program that a snapshot has interrupted. `name` is the name of the snapshot.
    pub(super) fn restore(
        restored: &mut Restored<Host>,
        linker: &mut Linker<Host>,
        name: &str,
    ) -> Result<Running, Failure> {
        let executions = std::mem::take(&mut restored.executions);
        let store = &mut restored.store;
        let Some(saved) = store.data_mut().saved.take() else {
            return Ok(Running::Call(only(executions, name)?));
        };
        let damaged = |what: &dyn std::fmt::Display| {
            Failure::Input(format!("cannot resume `{name}`: its threads: {what}"))
        };
        let mut modules = restored.instances.iter();
        let module = modules.find_map(|instance| {
            let module = instance.module(&*store);
            wasi::threads::has_threads(module).then(|| module.clone())
        });
        let module = module.ok_or_else(|| damaged(&"no module has any"))?;
        let mut ordered = Vec::new();
        let mut executions: Vec<_> = executions.into_iter().map(Some).collect();
        for number in &saved.executions {
            let mut others = executions.iter_mut();
            let found = others
                .find_map(|execution| execution.take_if(|execution| execution.number() == *number));
            ordered.push(found.ok_or_else(|| damaged(&format!("no execution {number}")))?);
        }
        let memories = &restored.memories;
        let memory = |number: u64| {
            let found = usize::try_from(number).ok();
            let found = found.and_then(|number| memories.get(number).copied());
            found.ok_or_else(|| Error::msg(format!("no memory {number}")))
        };
        // The policy is the one that was saved.
        let mut program = with_threads(Policy::RoundRobin { slice: 1 });
        program
            .restore(store, linker, &module, &saved.program, ordered, memory)
            .map_err(|error| damaged(&format!("{error:#}")))?;
        Ok(Running::Threads(Box::new(program)))
    }

    /// Advances the program to its end, or to the moment at which it is to be suspended.
    pub(super) fn advance(
        self,
        store: &mut Store<Host>,
        moment: Option<&Moment>,
    ) -> Result<Ended, Stopped> {
        let waits_for_fuel = matches!(moment, Some(Moment::Fuel(_)));
        match self {
            Running::Call(mut execution) => match execution.resume(&mut *store)? {
                Outcome::Done(results) => Ok(Ended::Done(results)),
                Outcome::Suspended(Suspension::Fuel) if !waits_for_fuel => {
                    let error = execution.fail(&*store, Trap::OutOfFuel.into());
                    Err(Stopped::Program(error))
                }
                Outcome::Suspended(Suspension::Fuel | Suspension::Breakpoint) => {
                    Ok(Ended::Suspended(Running::Call(execution)))
                }
                Outcome::Suspended(other) => Err(Stopped::Command(Failure::Input(format!(
                    "the program waits for something that this command cannot give: {other:?}"
                )))),
            },
            Running::Threads(mut program) => loop {
                match program.step(store)? {
                    Progress::Running => {}
                    Progress::Done(results) => return Ok(Ended::Done(results)),
                    Progress::OutOfFuel(_) if !waits_for_fuel => {
                        return Ok(Ended::Done(program.finish(store)?));
                    }
                    // Out of fuel, or at a breakpoint.
                    _ => return Ok(Ended::Suspended(Running::Threads(program))),
                }
            },
        }
    }

    /// Writes the state of the threads to the store's data, where the snapshot takes it from.
    fn save_threads(&self, store: &mut Store<Host>) -> Result<(), Error> {
        if let Running::Threads(program) = self {
            let mut bytes = Vec::new();
            program.save(store, &mut bytes, |memory| Ok(memory.number().into()))?;
            let threads = program.scheduler().threads();
            store.data_mut().saved = Some(SavedThreads {
                executions: threads.map(|(_, execution)| execution.number()).collect(),
                program: bytes,
            });
        }
        Ok(())
    }
}

/// Returns the only call that can go on.
fn only(executions: Vec<Execution>, name: &str) -> Result<Execution, Failure> {
    let count = executions.len();
    let mut executions = executions.into_iter();
    match (executions.next(), count) {
        (Some(execution), 1) => Ok(execution),
        (_, 0) => Err(Failure::Input(format!(
            "`{name}` has no call that could go on; call an exported function with --invoke"
        ))),
        _ => Err(Failure::Input(format!(
            "`{name}` has {count} calls, and `backstitch resume` goes on with one"
        ))),
    }
}

/// Writes the snapshot and the core dump that the user has asked for, now that the program has ended
/// or is suspended. `name` is the program's name in them. Returns the results of the call, which are
/// none if it is suspended.
pub(super) fn conclude(
    ended: Result<Ended, Stopped>,
    store: &mut Store<Host>,
    snapshot: &Snapshotting,
    dump: Option<&str>,
    source: &Source,
    name: &str,
) -> Result<Vec<Val>, Failure> {
    match ended {
        Ok(Ended::Done(results)) => {
            snapshot.finished_early(store)?;
            snapshot.write_at(&Moment::Exit, store, name)?;
            Ok(results)
        }
        Ok(Ended::Suspended(running)) => {
            let saved = running.save_threads(store);
            saved.map_err(|error| {
                Failure::Input(format!("cannot save the threads of `{name}`: {error:#}"))
            })?;
            if let Some(moment) = snapshot.suspends() {
                snapshot.write_at(moment, store, name)?;
            }
            Ok(Vec::new())
        }
        Err(Stopped::Command(failure)) => Err(failure),
        Err(Stopped::Program(error)) => {
            let is_exit = error.is::<I32Exit>();
            let moment = match is_exit {
                true => Moment::Exit,
                false => Moment::Trap,
            };
            snapshot.write_at(&moment, store, name)?;
            let error = match dump {
                // An exit is not a crash.
                Some(dump) if !is_exit => coredump::write(store, dump, name, error)?,
                _ => error,
            };
            Err(Failure::from_execution(source, error))
        }
    }
}
