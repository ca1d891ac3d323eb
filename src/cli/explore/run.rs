//! One run of the program under a schedule.

use super::survey::{Step, Survey};
use super::{Arguments, RaceKind};
use crate::cli::failure::Failure;
use crate::cli::host::{self, Host};
use crate::cli::input::Source;
use crate::cli::{run as command, wasi};
use backstitch::scheduler::{
    Listener, Policy, Position, Race, RaceDetector, Schedule, Scheduler, Switch, ThreadId,
};
use backstitch::wasi::threads::Deadlock;
use backstitch::wasi::{self as preview1, I32Exit, MinimalOutput, Threads};
use backstitch::{
    Access, Config, Engine, Error, Linker, Memory, Module, Store, StoreLimitsBuilder, Trap,
    WasmBacktrace,
};
use std::mem;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// A program that is ready to run.
pub(super) struct Program<'a> {
    arguments: &'a Arguments,
    pub(super) source: &'a Source,
    path: &'a Path,
    texts: &'a [String],
    module: Module,
    /// The functions of WASI.
    linker: Linker<Host>,
    /// The name of the exported function that the first thread runs.
    entry: String,
}

/// The rule by which a run chooses threads.
pub(super) enum Order<'a> {
    Policy(Policy),
    /// By a policy with priorities, which are lowered at these steps as well.
    Priorities {
        policy: Policy,
        changes: Vec<Step>,
    },
    Replay(&'a Schedule),
}

/// The record of a run besides its schedule.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Detail {
    Nothing,
    /// The positions of threads at switches.
    Switches,
    /// All accesses.
    Accesses,
}

/// The end of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The first thread has returned.
    Returned,
    /// The program has exited with this code.
    Exited(i32),
    /// A thread has trapped, for this reason.
    Trapped(String),
    /// All threads wait for each other.
    Deadlock,
    /// A thread has failed in another way, for this reason: an exception that is not caught, or a
    /// wrong call of the host.
    Failed(String),
    /// The instructions of the run are used up.
    Unfinished,
}

/// The observations of a run.
#[derive(Clone, Debug)]
pub(super) struct Run {
    pub(super) end: End,
    /// The error that has ended the program, with its backtraces.
    pub(super) error: Option<String>,
    /// The output of the program on standard output and standard error.
    pub(super) output: Vec<u8>,
    /// The schedule.
    pub(super) schedule: Schedule,
    /// The position of the threads at each switch of the schedule, if it was requested.
    pub(super) switches: Vec<Stops>,
    /// The number of steps with an access.
    pub(super) steps: u64,
    /// The data races.
    pub(super) races: Vec<Race>,
    /// The accesses, if they were requested.
    pub(super) survey: Survey,
}

impl Run {
    pub(super) fn is_finished(&self) -> bool {
        self.end != End::Unfinished
    }
}

/// The positions of two threads at a switch.
#[derive(Clone, Debug)]
pub(super) struct Stops {
    pub(super) switch: Switch,
    /// The position of the thread that stops, if it has not ended.
    pub(super) from: Option<Place>,
    pub(super) to: Place,
}

/// The position of a thread.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) thread: u32,
    /// The name or the number of the function, if the thread has begun.
    pub(super) function: Option<String>,
    /// The offset of the instruction in the module.
    pub(super) offset: Option<usize>,
    pub(super) access: Option<Access>,
}

impl Place {
    fn of(position: &Position<'_>) -> Place {
        let backtrace = position.backtrace();
        let frame = backtrace.frames().first();
        Place {
            thread: position.thread.0,
            function: frame.map(|frame| match frame.func_name() {
                Some(name) => backstitch::demangle(name),
                None => format!("<wasm function {}>", frame.func_index()),
            }),
            offset: frame.and_then(|frame| frame.module_offset()),
            access: position.access,
        }
    }
}

/// The events that the listener of a run records.
#[derive(Default)]
struct Record {
    switches: Vec<Switch>,
    /// The positions at the switches, if they are recorded.
    stops: Option<Vec<Stops>>,
    steps: u64,
    races: Option<RaceDetector>,
    /// The accesses, if they are recorded.
    survey: Option<Survey>,
}

/// The listener of a run.
struct Recorder(Arc<Mutex<Record>>);

impl Recorder {
    fn record(&self, change: impl FnOnce(&mut Record)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Listener for Recorder {
    fn added(&mut self, thread: ThreadId, by: Option<ThreadId>) {
        self.record(|record| {
            if let Some(races) = &mut record.races {
                races.added(thread, by);
            }
        });
    }

    fn switched(&mut self, switch: Switch, from: Option<&Position<'_>>, to: &Position<'_>) {
        self.record(|record| {
            record.switches.push(switch);
            if let Some(stops) = &mut record.stops {
                stops.push(Stops {
                    switch,
                    from: from.map(Place::of),
                    to: Place::of(to),
                });
            }
        });
    }

    fn accesses(&mut self, access: Access, position: &Position<'_>) {
        self.record(|record| {
            record.steps += 1;
            if let Some(survey) = &mut record.survey {
                survey.add(access, position);
            }
            if let Some(races) = &mut record.races {
                races.accesses(access, position);
            }
        });
    }

    fn woken(&mut self, thread: ThreadId, memory: Memory, address: u64) {
        self.record(|record| {
            if let Some(races) = &mut record.races {
                races.woken(thread, memory, address);
            }
        });
    }
}

impl<'a> Program<'a> {
    /// Validates and links the program.
    pub(super) fn load(
        arguments: &'a Arguments,
        source: &'a Source,
        path: &'a Path,
        texts: &'a [String],
    ) -> Result<Program<'a>, Failure> {
        let mut config = Config::new();
        config.consume_fuel(true).observe_accesses(true);
        let engine = Engine::new(&config)
            .map_err(|error| Failure::Input(format!("cannot create an engine: {error:#}")))?;
        let module = source.load(&engine).map_err(|error| {
            let description = source.describe(&error);
            Failure::Input(format!("cannot load `{}`: {description}", source.file))
        })?;
        let mut linker = Linker::new(&engine);
        preview1::add_to_linker(&mut linker, |host: &mut Host| &mut host.wasi)
            .map_err(|error| Failure::Input(format!("cannot link WASI: {error:#}")))?;
        let mut program = Program {
            arguments,
            source,
            path,
            texts,
            module,
            linker,
            entry: String::new(),
        };
        let (mut store, linker) = program.host(&Arc::default())?;
        host::check_imports(source, &program.module, &linker, &mut store)?;
        program.entry = command::default_entry(source, &program.module, false)?
            .map(|(name, _)| name)
            .ok_or_else(|| {
                Failure::Input(format!("`{}` exports no function `_start`", source.file))
            })?;
        Ok(program)
    }

    pub(super) fn module(&self) -> &Module {
        &self.module
    }

    /// Returns a store and the imports of the program. What it prints goes to `output`.
    fn host(&self, output: &Arc<Mutex<Vec<u8>>>) -> Result<(Store<Host>, Linker<Host>), Failure> {
        let given = self.arguments.given();
        let mut builder = wasi::prepare(&given, self.path, self.texts, true)?;
        let stream = || {
            let output = Arc::clone(output);
            MinimalOutput::new(move |bytes: &[u8]| {
                let mut output = output.lock().unwrap_or_else(PoisonError::into_inner);
                output.extend_from_slice(bytes);
                Ok(bytes.len())
            })
        };
        builder.stdout(stream()).stderr(stream());
        let refuse = |error: Error| {
            let description = self.source.describe(&error);
            Failure::Input(format!("cannot run `{}`: {description}", self.source.file))
        };
        let host = Host {
            limits: StoreLimitsBuilder::new().build(),
            wasi: builder.build(),
            threads: Threads::new(given.max_threads()),
            saved: None,
        };
        let mut store = Store::new(self.module.engine(), host);
        store.set_fuel(self.arguments.fuel).map_err(refuse)?;
        let mut linker = self.linker.clone();
        preview1::threads::add_to_linker(&mut linker, &mut store, &self.module, |host| {
            &mut host.threads
        })
        .map_err(refuse)?;
        Ok((store, linker))
    }

    /// Runs the program.
    pub(super) fn run(&self, order: Order<'_>) -> Result<Run, Failure> {
        self.run_as(order, Detail::Nothing)
    }

    /// Runs the program under the usual schedule, and records its accesses.
    pub(super) fn run_first(&self) -> Result<Run, Failure> {
        self.run_as(Order::Replay(&Schedule::default()), Detail::Accesses)
    }

    /// Runs the program under a schedule, and records the positions of the threads at its switches.
    pub(super) fn run_in_detail(&self, schedule: &Schedule) -> Result<Run, Failure> {
        self.run_as(Order::Replay(schedule), Detail::Switches)
    }

    fn run_as(&self, order: Order<'_>, detail: Detail) -> Result<Run, Failure> {
        let output = Arc::default();
        let (mut store, linker) = self.host(&output)?;
        let record = Arc::new(Mutex::new(Record {
            stops: (detail == Detail::Switches).then(Vec::new),
            survey: (detail == Detail::Accesses).then(Survey::default),
            races: self.arguments.races.map(|kind| {
                let mut races = RaceDetector::new();
                races.plain_only(kind == RaceKind::Plain);
                races
            }),
            ..Record::default()
        }));
        let recorder = Recorder(Arc::clone(&record));
        let scheduler = match order {
            Order::Policy(policy) => Scheduler::at_accesses(policy, recorder),
            Order::Priorities { policy, changes } => {
                let mut scheduler = Scheduler::at_accesses(policy, recorder);
                for step in changes {
                    scheduler.lower_priority_at(step.thread, step.address, step.count);
                }
                scheduler
            }
            Order::Replay(schedule) => Scheduler::replay(schedule.clone(), recorder),
        };
        let ended = self.execute(&mut store, &linker, scheduler);
        let (end, error) = match ended {
            Ok(()) => (End::Returned, None),
            Err(error) => {
                let text = self.source.describe_in_full(&error);
                let file = &self.source.file;
                let end = end_of(&error)
                    .ok_or_else(|| Failure::Input(format!("cannot run `{file}`: {text}")))?;
                (end, Some(text))
            }
        };
        let mut record = record.lock().unwrap_or_else(PoisonError::into_inner);
        let record = mem::take(&mut *record);
        let output = mem::take(&mut *output.lock().unwrap_or_else(PoisonError::into_inner));
        Ok(Run {
            error: error
                .filter(|_| matches!(end, End::Trapped(_) | End::Failed(_) | End::Deadlock)),
            end,
            output,
            schedule: Schedule::new(record.switches),
            switches: record.stops.unwrap_or_default(),
            steps: record.steps,
            races: record
                .races
                .map_or(Vec::new(), |races| races.races().to_vec()),
            survey: record.survey.unwrap_or_default(),
        })
    }

    fn execute(
        &self,
        store: &mut Store<Host>,
        linker: &Linker<Host>,
        scheduler: Scheduler,
    ) -> Result<(), Error> {
        let program = preview1::Program::with_scheduler(
            scheduler,
            |host: &mut Host| &mut host.wasi,
            |host: &mut Host| &mut host.threads,
        );
        let instance = program.instantiate(store, linker, &self.module)?;
        let entry = instance.get_func(&mut *store, &self.entry);
        let entry = entry.ok_or_else(|| Error::msg("the entry is missing"))?;
        let first = entry.start(&mut *store, &[])?;
        program.run(store, first)?;
        Ok(())
    }
}

/// Classifies the error that has ended a program. Returns `None` if no code has run.
fn end_of(error: &Error) -> Option<End> {
    if let Some(exit) = error.downcast_ref::<I32Exit>() {
        return Some(End::Exited(exit.0));
    }
    if error.is::<Deadlock>() {
        return Some(End::Deadlock);
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::OutOfFuel) => Some(End::Unfinished),
        Some(trap) => Some(End::Trapped(trap.to_string())),
        None => {
            let has_run = error.is::<WasmBacktrace>();
            has_run.then(|| End::Failed(error.root_cause().to_string()))
        }
    }
}
