//! `backstitch preinit`: initialises a module and writes it in the state that it has then.

use super::failure::Failure;
use super::host::Host;
use super::input::Source;
use super::{output, quantity, run as command, snapshot, wasi};
use backstitch::wasi::{self as preview1, I32Exit, Threads};
use backstitch::{Config, Engine, Error, Linker, Preinit, Store, StoreLimitsBuilder};
use clap::Args;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  backstitch preinit program.wasm -o ready.wasm
  backstitch preinit program.wasm --init load --dir data -o ready.wasm -- --verbose

The initialiser is the export `wizer.initialize` or `wizer-initialize`, preceded by `_initialize`
in a WASI reactor. A module with none of them must have a start function.

Exit codes: 0 success; 1 an error in the file, an import, an export or an argument, or a state
that an image cannot contain; 2 wrong usage; 134 the initialiser trapped.";

/// The arguments of `backstitch preinit`.
#[derive(Args)]
#[command(
    override_usage = "backstitch preinit [OPTIONS] <FILE> -o <OUT> [-- ARGS...]",
    after_help = EXAMPLES
)]
pub(crate) struct Arguments {
    /// Write the image to this file
    #[arg(short, long, value_name = "OUT")]
    output: PathBuf,

    /// Initialise the module by this exported function, which has neither parameters nor results,
    /// given by a name (mangled or not), or by the end of a name, such as `module::function`
    #[arg(long, value_name = "NAME")]
    init: Option<String>,

    /// Write a snapshot instead of a module: it also contains objects, host functions by name and the
    /// state of WASI, and `backstitch resume --invoke` goes on from it
    #[arg(long, conflicts_with = "keep_init")]
    snapshot: bool,

    /// Keep the exports of the functions that have initialised the module
    #[arg(long)]
    keep_init: bool,

    /// Trap after this many WebAssembly instructions, such as `1e6`
    #[arg(long, value_name = "N", value_parser = quantity::count::<u64>)]
    fuel: Option<u64>,

    /// Limit each memory to this size, such as `64K` or `16MiB`
    #[arg(long, value_name = "BYTES", value_parser = quantity::size::<usize>)]
    max_memory: Option<usize>,

    /// Give the program a copy of this directory and everything below it, under the name GUEST
    #[arg(long, value_name = "HOST[::GUEST]")]
    dir: Vec<String>,

    /// Set an environment variable of the program, to this value or to the present one
    #[arg(long, value_name = "NAME[=VALUE]")]
    env: Vec<String>,

    /// Read the program's standard input from this file
    #[arg(long, value_name = "FILE")]
    stdin: Option<PathBuf>,

    /// Derive the random numbers that the program gets from this number
    #[arg(long, value_name = "SEED", default_value = "0", value_parser = quantity::count::<u64>)]
    seed: u64,

    /// The module, binary or text; `-` reads standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// The arguments that WASI gives to the program
    #[arg(value_name = "ARGS", last = true)]
    arguments: Vec<String>,
}

/// Initialises the module and writes the image.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let source = Source::read(&arguments.file)?;
    let refuse = |error: Error| {
        let description = source.describe(&error);
        Failure::Input(format!("cannot load `{}`: {description}", source.file))
    };
    let mut config = Config::new();
    // The clock counts instructions.
    config.consume_fuel(true);
    let engine = Engine::new(&config).map_err(refuse)?;
    let module = source.load(&engine).map_err(refuse)?;

    let mut preinit = Preinit::new();
    preinit.keep_init(arguments.keep_init);
    if let Some(name) = &arguments.init {
        let (name, _) = command::find_export(&source, &module, name)?;
        preinit.init(&name);
    }
    let mut store = Store::new(&engine, host(arguments)?);
    if arguments.max_memory.is_some() {
        store.limiter(|host| &mut host.limits);
    }
    let fuel = arguments.fuel.unwrap_or(u64::MAX);
    store.set_fuel(fuel).map_err(refuse)?;
    let mut linker = Linker::new(&engine);
    preview1::add_to_linker(&mut linker, |host: &mut Host| &mut host.wasi).map_err(refuse)?;
    if arguments.snapshot {
        preinit
            .instantiate(&mut store, &linker, &module)
            .map_err(|error| failure(&source, error))?;
        return snapshot::write(&mut store, &arguments.output, &source.file, true);
    }
    let image = preinit
        .run(&mut store, &linker, &module)
        .map_err(|error| failure(&source, error))?;
    output::write(&arguments.output, &image)
}

fn host(arguments: &Arguments) -> Result<Host, Failure> {
    let given = wasi::Given::deterministic(
        arguments.seed,
        arguments.dir.clone(),
        arguments.env.clone(),
        arguments.stdin.clone(),
        None,
    );
    let mut limits = StoreLimitsBuilder::new();
    if let Some(bytes) = arguments.max_memory {
        limits = limits.memory_size(bytes);
    }
    Ok(Host {
        limits: limits.build(),
        wasi: wasi::context(&given, &arguments.file, &arguments.arguments, false)?,
        threads: Threads::new(0),
        saved: None,
    })
}

/// Classifies an error of the initialisation. A program that exits has not been initialised,
/// whatever its exit code is.
fn failure(source: &Source, error: Error) -> Failure {
    if let Some(exit) = error.downcast_ref::<I32Exit>() {
        return Failure::Input(format!(
            "`{}` exited with code {} while it was initialised, so no image was written",
            source.file, exit.0
        ));
    }
    match Failure::from_execution(source, error) {
        Failure::Input(text) => Failure::Input(text.replacen("cannot run", "cannot initialise", 1)),
        other => other,
    }
}
