//! `backstitch replay`: runs the program of a recording again.

use super::failure::Failure;
use super::input::{self, Source};
use super::rewind::Rewind;
use super::value::Notation;
use super::{coredump, debug_files, record, run as command, wasi};
use backstitch::wasi::{self as preview1, I32Exit, OutputKind, ReplayedOutput};
use backstitch::{CompilationMode, Config, Engine, Error, Replayer, WasmCoreDump};
use clap::Args;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

const EXAMPLES: &str = "\
Examples:
  backstitch run --record program.log --dir . program.wasm
  backstitch replay program.log
  backstitch replay program.log --module copy.wasm --trace calls.txt
  backstitch replay program.log --at 1e6 --backtrace
  backstitch replay program.log --last-write 0x1008:4

Exit codes: that of the recorded program; 1 also if the recording is not valid or not complete, or
if the module is missing or another one; 2 wrong usage.";

/// The arguments of `backstitch replay`.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The recording; `-` reads standard input
    #[arg(value_name = "LOG")]
    log: PathBuf,

    /// The module, if it is not in the recording and no longer where it was
    #[arg(long, value_name = "FILE")]
    module: Option<PathBuf>,

    #[command(flatten)]
    debug_files: debug_files::Arguments,

    /// Write each of the program's WASI calls and its result to this file, as `run` does
    #[arg(long, value_name = "FILE")]
    trace: Option<PathBuf>,

    /// Write a core dump to this file if the program traps, as `run` does
    #[arg(long, value_name = "PATH")]
    coredump: Option<String>,

    /// Validate and translate the whole module before it runs
    #[arg(long, conflicts_with = "lazy")]
    eager: bool,

    /// Validate and translate each function when it is first called
    #[arg(long)]
    lazy: bool,

    #[command(flatten)]
    rewind: Rewind,
}

/// Replays the recording, and prints what the program prints.
pub(crate) fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<(), Failure> {
    let name = input::name(&arguments.log);
    let cannot = |error: &Error| Failure::Input(format!("cannot replay `{name}`: {error:#}"));
    let log = input::read_bytes(&arguments.log)?;
    let Loaded {
        mut replayer,
        engine,
        source,
        recorded,
    } = load(
        log,
        arguments.module.as_deref(),
        &arguments.debug_files,
        &cannot,
        |config| {
            config.compilation_mode(match (arguments.eager, arguments.lazy) {
                (true, _) => CompilationMode::Eager,
                (_, true) => CompilationMode::Lazy,
                _ => CompilationMode::LazyTranslation,
            });
            config.coredump_on_trap(arguments.coredump.is_some());
        },
    )?;
    if arguments.rewind.is_some() {
        return arguments.rewind.run(replayer, &source, &cannot, out);
    }
    let dump = arguments.coredump.as_deref();
    let dump = dump
        .map(|pattern| coredump::path(pattern, Path::new(&recorded), &source.binary))
        .transpose()?;
    let notation = Notation::of(replayer.note(record::NOTATION) == Some(record::HEXADECIMAL));
    follow(&mut replayer, arguments.trace.as_deref())?;

    let mut replayed = replayer.run(&engine).map_err(|error| cannot(&error))?;
    let name_of_thread = replayed.execution.take().filter(|name| name != "main");
    let error = match replayed.outcome {
        Some(Err(error)) => Some(match name_of_thread {
            None => error,
            // A core dump stays outermost, where it can be taken off.
            Some(name) => match error.pop_context::<WasmCoreDump>() {
                Ok((dump, error)) => error.context(name).context(dump),
                Err(error) => error.context(name),
            },
        }),
        Some(Ok(results)) if replayed.is_complete && replayed.code == 0 => {
            return command::print_results(out, notation, &results);
        }
        _ => None,
    };
    if !replayed.is_complete {
        return Err(Failure::Input(format!(
            "the recording `{name}` is not complete, and the program was replayed up to its end; \
             the process that wrote it was ended, or something could not be recorded"
        )));
    }
    let Some(error) = error else {
        return match u8::try_from(replayed.code) {
            Ok(0) => Ok(()),
            code => Err(Failure::Recorded(code.unwrap_or(1), replayed.text)),
        };
    };
    let error = match &dump {
        Some(dump) if !error.is::<I32Exit>() => {
            coredump::write(&mut replayed.store, dump, &source.file, error)?
        }
        _ => error,
    };
    Err(Failure::from_execution(&source, error))
}

/// A recording with its module.
pub(super) struct Loaded {
    pub(super) replayer: Replayer,
    engine: Engine,
    source: Source,
    /// The path of the module when the recording was made.
    recorded: String,
}

/// Reads a recording, and the module if it is given, or where it was when the recording was made.
pub(super) fn load(
    log: Vec<u8>,
    module: Option<&Path>,
    debug_files: &debug_files::Arguments,
    cannot: &dyn Fn(&Error) -> Failure,
    configure: impl FnOnce(&mut Config),
) -> Result<Loaded, Failure> {
    let mut replayer = Replayer::new(log).map_err(|error| cannot(&error))?;
    let mut config = replayer.config();
    configure(&mut config);
    let engine = Engine::new(&config).map_err(|error| cannot(&error))?;
    let recorded = replayer.note(record::PATH).unwrap_or("module").to_string();
    let path = module.unwrap_or(Path::new(&recorded));
    // The recording may contain the module.
    let mut source = match module {
        None if !path.is_file() => Source::without_file(&recorded),
        _ => Source::read(path)?,
    };
    source.debug_files.add(debug_files);
    if !source.binary.is_empty() {
        // A file that has become another module is reported as the one that is missing.
        match source.load(&engine) {
            Ok(module) => drop(replayer.add_module(module)),
            Err(error) if module.is_some() => return Err(cannot(&error)),
            Err(_) => {}
        }
    }
    Ok(Loaded {
        replayer,
        engine,
        source,
        recorded,
    })
}

/// Prints what the program prints, and writes the trace.
fn follow(replayer: &mut Replayer, trace: Option<&Path>) -> Result<(), Failure> {
    let mut output = ReplayedOutput::new();
    let tracer = match trace {
        Some(path) => Some(Arc::new(Mutex::new(wasi::tracer(path)?))),
        None => None,
    };
    if let Some(tracer) = tracer.clone() {
        let mut bits = Vec::new();
        replayer.on_note(move |note, spent| {
            if let Some(call) = preview1::traced_retry(note, spent, &mut bits)
                && let Ok(mut trace) = tracer.lock()
            {
                trace(&call);
            }
        });
    }
    let mut bits = Vec::new();
    replayer.on_call(move |call| {
        if let Some(tracer) = &tracer
            && let Some(call) = preview1::traced(call, &mut bits)
            && let Ok(mut trace) = tracer.lock()
        {
            trace(&call);
        }
        output.follow(call, |stream, bytes| {
            // Output that nobody reads is lost, as in a program that ignores errors.
            let _ = match stream {
                OutputKind::Stdout => wasi::print(&mut io::stdout(), bytes),
                OutputKind::Stderr => wasi::print(&mut io::stderr(), bytes),
            };
        })
    });
    Ok(())
}
