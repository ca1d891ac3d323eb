//! `backstitch resume`: goes on with the program of a snapshot.

use super::failure::Failure;
use super::host::{self, Host};
use super::input::{self, Source};
use super::program::{self, Ended, Running, Stopped};
use super::snapshot::{Moment, Snapshotting, State};
use super::value::Notation;
use super::{coredump, quantity, run as command};
use backstitch::{Config, Engine, Error, Execution, Linker, Restored, Snapshot, Store};
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
        let module = source.load(&engine);
        modules.push(module.map_err(|error| Failure::refused(&source, &error))?);
    }
    // Names in error messages are those of the first module.
    let source = match (arguments.module.first(), snapshot.modules().next()) {
        (Some(path), _) => Source::read(path)?,
        (None, first) => {
            let mut source = Source::without_file(&name);
            if let Some(bytes) = first.and_then(|module| module.bytes) {
                source.binary = bytes.to_vec().into();
            }
            source
        }
    };
    let mut linker = Linker::new(&engine);
    host::link_functions(&mut linker).map_err(|error| cannot(&error))?;
    let restored = Store::restore(&engine, &linker, &modules, &snapshot, &mut State);
    let mut restored = restored.map_err(|error| cannot(&error))?;
    let running = match &arguments.invoke {
        Some(function) => Running::Call(invoke(&mut restored, function, &arguments.arguments)?),
        None => Running::restore(&mut restored, &mut linker, &name)?,
    };
    let store = &mut restored.store;
    let ended = go_on(store, running, arguments);
    let dump = arguments.coredump.as_deref();
    let dump = dump
        .map(|pattern| coredump::path(pattern, Path::new(&source.file), &source.binary))
        .transpose()?;
    let snapshotting = &arguments.snapshotting;
    // What is saved again keeps its name, so that the same state is the same bytes.
    let program = snapshot.dump().name();
    let dump = dump.as_deref();
    let results = program::conclude(ended, store, snapshotting, dump, &source, program)?;
    command::print_results(out, Notation::of(arguments.hex), &results)
}

/// Begins the call of an exported function: of the last instance that has it.
fn invoke(
    restored: &mut Restored<Host>,
    name: &str,
    texts: &[String],
) -> Result<Execution, Failure> {
    let store = &mut restored.store;
    let mut instances = restored.instances.iter().rev();
    let function = instances.find_map(|instance| instance.get_func(&mut *store, name));
    let function = function
        .ok_or_else(|| Failure::Input(format!("the snapshot has no exported function `{name}`")))?;
    let ty = function.ty(&*store);
    let values = command::parse_arguments(name, &ty, texts)?;
    function
        .start(store, &values)
        .map_err(|error| Failure::Input(format!("cannot call `{name}`: {error:#}")))
}

/// Advances a program to its end, or to the moment of a snapshot.
fn go_on(
    store: &mut Store<Host>,
    running: Running,
    arguments: &Arguments,
) -> Result<Ended, Stopped> {
    let moment = arguments.snapshotting.suspends();
    if store.get_fuel().is_ok() {
        let limit = match (moment, arguments.fuel) {
            (Some(Moment::Fuel(count)), _) => left(store, *count)?,
            (_, Some(fuel)) => fuel,
            // As much as is left in a run without interruption.
            (_, None) => left(store, u64::MAX)?,
        };
        store.set_fuel(limit)?;
    } else if moment.is_some() || arguments.fuel.is_some() {
        return Err(Stopped::Command(Failure::Input(
            "the program of the snapshot does not count instructions".to_string(),
        )));
    }
    running.advance(store, moment)
}

/// Returns the number of instructions that are left until the program has executed `count`.
fn left(store: &Store<Host>, count: u64) -> Result<u64, Failure> {
    let spent = store.fuel_spent().unwrap_or_default();
    count.checked_sub(spent).ok_or_else(|| {
        Failure::Input(format!(
            "the program has executed {spent} instructions, more than {count}"
        ))
    })
}
