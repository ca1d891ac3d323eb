//! `backstitch resume`: goes on with the program of a snapshot.

use super::failure::Failure;
use super::host::Host;
use super::input::{self, Source};
use super::snapshot::{Moment, Snapshotting, State};
use super::value::Notation;
use super::{coredump, quantity, run as command};
use backstitch::wasi::{self as preview1, I32Exit};
use backstitch::{
    Config, Engine, Error, Execution, Instance, Linker, Module, Outcome, Snapshot, Store,
    Suspension, Trap, Val,
};
use clap::Args;
use std::io::Write;
use std::path::{Path, PathBuf};

const EXAMPLES: &str = "\
Examples:
  backstitch run --deterministic --snapshot half.core --at fuel=1e6 program.wasm
  backstitch resume half.core
  backstitch preinit --snapshot program.wasm -o ready.core
  backstitch resume ready.core --invoke handle 17

Exit codes: those of `backstitch run`.";

/// The arguments of `backstitch resume`.
#[derive(Args)]
#[command(
    override_usage = "backstitch resume [OPTIONS] <SNAPSHOT> [ARGS]...",
    after_help = EXAMPLES
)]
pub(crate) struct Arguments {
    /// A module that the snapshot does not contain; can be given several times
    #[arg(long, value_name = "FILE")]
    module: Vec<PathBuf>,

    /// Call this exported function, instead of going on with the call in the snapshot
    #[arg(long, value_name = "NAME")]
    invoke: Option<String>,

    /// Print numbers in hexadecimal, with all bits of floats
    #[arg(long)]
    hex: bool,

    /// Trap after this many more WebAssembly instructions, such as `1e6`, if the snapshot counts them
    #[arg(long, value_name = "N", value_parser = quantity::count::<u64>)]
    fuel: Option<u64>,

    /// Write a core dump to this file if the program traps, as `run` does
    #[arg(long, value_name = "PATH")]
    coredump: Option<String>,

    #[command(flatten)]
    snapshotting: Snapshotting,

    /// The snapshot; `-` reads standard input
    #[arg(value_name = "SNAPSHOT")]
    file: PathBuf,

    /// The arguments of the function that `--invoke` selects
    #[arg(value_name = "ARGS", requires = "invoke", allow_hyphen_values = true)]
    arguments: Vec<String>,
}

/// Restores the snapshot, and goes on.
pub(crate) fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<(), Failure> {
    let name = input::name(&arguments.file);
    let cannot = |error: &Error| Failure::Input(format!("cannot resume `{name}`: {error:#}"));
    let bytes = input::read_dump(&arguments.file)?;
    let snapshot = Snapshot::parse(&bytes).map_err(|error| cannot(&error))?;
    let mut config = Config::new();
    for (option, on) in snapshot.dump().configuration() {
        let on = *on != 0;
        match &**option {
            "consume_fuel" => drop(config.consume_fuel(on)),
            "epoch_interruption" => drop(config.epoch_interruption(on)),
            _ => {}
        }
    }
    config.coredump_on_trap(arguments.coredump.is_some());
    arguments.snapshotting.configure(&mut config);
    let engine = Engine::new(&config).map_err(|error| cannot(&error))?;
    let mut modules = Vec::new();
    for path in &arguments.module {
        let source = Source::read(path)?;
        let module = Module::from_binary(&engine, &source.binary);
        modules.push(module.map_err(|error| Failure::refused(&source, &error))?);
    }
    // Names in error messages are those of the first module.
    let source = match (arguments.module.first(), snapshot.modules().next()) {
        (Some(path), _) => Source::read(path)?,
        (None, first) => {
            let mut source = Source::without_file(&name);
            if let Some(bytes) = first.and_then(|module| module.bytes) {
                source.binary = bytes.to_vec();
            }
            source
        }
    };
    let mut linker = Linker::new(&engine);
    preview1::add_to_linker(&mut linker, |host: &mut Host| &mut host.wasi)
        .map_err(|error| cannot(&error))?;
    let restored = Store::restore(&engine, &linker, &modules, &snapshot, &mut State);
    let restored = restored.map_err(|error| cannot(&error))?;
    let mut store = restored.store;
    let execution = match &arguments.invoke {
        Some(function) => invoke(
            &mut store,
            &restored.instances,
            function,
            &arguments.arguments,
        )?,
        None => only(restored.executions, &name)?,
    };
    let ended = go_on(&mut store, execution, arguments, &source.file);
    let results = match ended {
        Ok(results) => {
            let store = &mut store;
            (arguments.snapshotting).write_at(&Moment::Exit, store, &source.file)?;
            results
        }
        Err(Stopped::Saved) => return Ok(()),
        Err(Stopped::Failed(failure)) => return Err(failure),
        Err(Stopped::Running(error)) => {
            let is_exit = error.is::<I32Exit>();
            let moment = match is_exit {
                true => Moment::Exit,
                false => Moment::Trap,
            };
            (arguments.snapshotting).write_at(&moment, &mut store, &source.file)?;
            let error = match &arguments.coredump {
                Some(pattern) if !is_exit => {
                    let path = coredump::path(pattern, Path::new(&source.file), &source.binary)?;
                    coredump::write(&mut store, &path, &source.file, error)?
                }
                _ => error,
            };
            return Err(Failure::from_execution(&source, error));
        }
    };
    command::print_results(out, Notation::of(arguments.hex), &results)
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

/// Begins the call of an exported function: of the last instance that has it.
fn invoke(
    store: &mut Store<Host>,
    instances: &[Instance],
    name: &str,
    texts: &[String],
) -> Result<Execution, Failure> {
    let mut instances = instances.iter().rev();
    let function = instances.find_map(|instance| instance.get_func(&mut *store, name));
    let function = function
        .ok_or_else(|| Failure::Input(format!("the snapshot has no exported function `{name}`")))?;
    let ty = function.ty(&*store);
    let values = command::parse_arguments(name, &ty, texts)?;
    function
        .start(store, &values)
        .map_err(|error| Failure::Input(format!("cannot call `{name}`: {error:#}")))
}

/// The reason why a call has no results.
enum Stopped {
    /// The program was saved, and does not go on here.
    Saved,
    /// The command has failed.
    Failed(Failure),
    /// The program has failed, or has exited by itself.
    Running(Error),
}

/// Advances a call to its end, or to the moment of a snapshot.
fn go_on(
    store: &mut Store<Host>,
    mut execution: Execution,
    arguments: &Arguments,
    program: &str,
) -> Result<Vec<Val>, Stopped> {
    let counts = store.get_fuel().is_ok();
    let moment = arguments.snapshotting.suspends();
    if counts {
        let limit = match moment {
            Some(Moment::Fuel(count)) => left(store, *count)?,
            _ => arguments.fuel.unwrap_or(u64::MAX),
        };
        store.set_fuel(limit).map_err(Stopped::Running)?;
    } else if moment.is_some() || arguments.fuel.is_some() {
        return Err(Stopped::Failed(Failure::Input(
            "the program of the snapshot does not count instructions".to_string(),
        )));
    }
    match execution.resume(&mut *store) {
        Ok(Outcome::Done(results)) => {
            let early = arguments.snapshotting.finished_early(store);
            early.map_err(Stopped::Failed)?;
            Ok(results)
        }
        Ok(Outcome::Suspended(suspension)) => match (suspension, moment) {
            (Suspension::Fuel, Some(at @ Moment::Fuel(_))) | (Suspension::Breakpoint, Some(at)) => {
                let written = arguments.snapshotting.write_at(at, store, program);
                written.map_err(Stopped::Failed)?;
                Err(Stopped::Saved)
            }
            (Suspension::Fuel, _) => Err(Stopped::Running(
                execution.fail(&*store, Trap::OutOfFuel.into()),
            )),
            (suspension, _) => Err(Stopped::Failed(Failure::Input(format!(
                "the program waits for something that this command cannot give: {suspension:?}"
            )))),
        },
        Err(error) => Err(Stopped::Running(error)),
    }
}

/// Returns the number of instructions that are left until the program has executed `count`.
fn left(store: &Store<Host>, count: u64) -> Result<u64, Stopped> {
    let spent = store.fuel_spent().unwrap_or_default();
    count.checked_sub(spent).ok_or_else(|| {
        Stopped::Failed(Failure::Input(format!(
            "the program has executed {spent} instructions, more than {count}"
        )))
    })
}
