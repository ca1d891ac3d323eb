//! The part of `run` that gives a program arguments, files and an environment: WASI.

use super::failure::Failure;
use super::{input, quantity};
use backstitch::Module;
use backstitch::scheduler::Policy;
use backstitch::wasi::threads::MAX_THREADS;
use backstitch::wasi::{
    Deterministic, DirPerms, Errno, FilePerms, MemoryDirectory, MemoryInputPipe, MinimalOutput,
    Named, OutputStream, SystemInput, TracedCall, WasiCtx, WasiCtxBuilder,
};
use clap::Args;
use std::env;
use std::fs::{self, File};
use std::io::{self, LineWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Number of instructions for which a thread runs: long enough that switching costs little, and
/// short enough that a thread that spins delays the others little.
const SLICE: u64 = 50_000;

/// The module that WASI programs import.
const MODULE: &str = "wasi_snapshot_preview1";

/// The options of `run` for WASI.
#[derive(Args)]
pub(crate) struct Given {
    /// Give the program this directory and everything below it, under the name GUEST
    #[arg(long, value_name = "HOST[::GUEST]")]
    dir: Vec<String>,

    /// Set an environment variable of the program, to this value or to the present one
    #[arg(long, value_name = "NAME[=VALUE]")]
    env: Vec<String>,

    /// Read the program's standard input from this file
    #[arg(long, value_name = "FILE")]
    stdin: Option<PathBuf>,

    /// Give the program a clock that counts its instructions, random numbers and a schedule of its
    /// threads derived from the seed, in-memory copies of the directories, and no input but
    /// `--stdin`
    #[arg(
        long,
        value_name = "SEED",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "0",
        value_parser = quantity::count::<u64>
    )]
    deterministic: Option<u64>,

    /// Write each of the program's WASI calls and its result to this file; preceded by the number
    /// of instructions executed until then, if they are counted
    #[arg(long, value_name = "FILE")]
    trace: Option<PathBuf>,

    /// Limit the number of files that the program may have open at once, including the initial
    /// ones
    #[arg(long, value_name = "N", value_parser = quantity::count::<usize>)]
    max_files: Option<usize>,

    /// Limit the number of bytes that the program may write to files
    #[arg(long, value_name = "BYTES", value_parser = quantity::size::<u64>)]
    max_file_bytes: Option<u64>,

    /// Limit the number of threads that the program may have at once besides the first one
    #[arg(long, value_name = "N", value_parser = quantity::count::<usize>)]
    max_threads: Option<usize>,

    /// End the program if it waits for longer than this in one call
    #[arg(long, value_name = "MILLISECONDS", value_parser = quantity::count::<u64>)]
    max_wait: Option<u64>,
}

impl Given {
    /// Returns the options of a program with a deterministic host.
    pub(crate) fn deterministic(
        seed: u64,
        dir: Vec<String>,
        env: Vec<String>,
        stdin: Option<PathBuf>,
        max_threads: Option<usize>,
    ) -> Given {
        Given {
            dir,
            env,
            stdin,
            deterministic: Some(seed),
            trace: None,
            max_files: None,
            max_file_bytes: None,
            max_threads,
            max_wait: None,
        }
    }

    /// Returns the schedule of a program's threads.
    pub(crate) fn policy(&self) -> Policy {
        match self.deterministic {
            Some(seed) => Policy::Random { seed, slice: SLICE },
            None => Policy::RoundRobin { slice: SLICE },
        }
    }

    /// Returns the number of threads that a program may have at once besides the first one.
    pub(crate) fn max_threads(&self) -> usize {
        self.max_threads.unwrap_or(MAX_THREADS)
    }

    pub(crate) fn is_deterministic(&self) -> bool {
        self.deterministic.is_some()
    }
}

/// Returns whether a module is a WASI program. If it is, the command's arguments are the
/// program's own.
pub(crate) fn is_program(module: &Module) -> bool {
    module.imports().any(|import| import.module() == MODULE)
}

/// Builds the program's WASI state: its name, its arguments, and the given options.
pub(crate) fn context(
    given: &Given,
    file: &Path,
    arguments: &[String],
    has_threads: bool,
) -> Result<WasiCtx, Failure> {
    Ok(prepare(given, file, arguments, has_threads)?.build())
}

/// Prepares the program's WASI state: see [`context`].
pub(crate) fn prepare(
    given: &Given,
    file: &Path,
    arguments: &[String],
    has_threads: bool,
) -> Result<WasiCtxBuilder, Failure> {
    let mut builder = match given.deterministic {
        Some(seed) => in_memory(given, seed)?,
        None => on_the_system(given)?,
    };
    // A thread that waits lets the others run.
    builder.suspend_when_blocked(has_threads);
    if let Some(count) = given.max_files {
        builder.max_descriptors(count);
    }
    if let Some(bytes) = given.max_file_bytes {
        builder.max_file_bytes(bytes);
    }
    if let Some(milliseconds) = given.max_wait {
        builder.max_wait(Duration::from_millis(milliseconds));
    }
    if let Some(path) = &given.trace {
        builder.trace(tracer(path)?);
    }
    builder.arg(input::program_name(file)).args(arguments);
    for variable in &given.env {
        match variable.split_once('=') {
            Some((name, value)) => builder.env(name, value),
            None => match env::var(variable) {
                Ok(value) => builder.env(variable, value),
                Err(error) => {
                    return Err(Failure::Input(format!(
                        "cannot give the program the variable `{variable}`: {error}; \
                         `--env {variable}=VALUE` gives it one"
                    )));
                }
            },
        };
    }
    Ok(builder)
}

/// Returns a function that writes calls to a file.
pub(crate) fn tracer(
    path: &Path,
) -> Result<impl FnMut(&TracedCall<'_>) + Send + Sync + 'static, Failure> {
    let file = File::create(path)
        .map_err(|error| Failure::Input(format!("cannot write `{}`: {error}", path.display())))?;
    // Written line by line, so that the trace is complete if the process is killed.
    let mut lines = LineWriter::new(file);
    let mut failed = false;
    Ok(move |call: &TracedCall<'_>| {
        if !failed && let Err(error) = write_call(&mut lines, call) {
            eprintln!("Error: cannot write the trace: {error}");
            failed = true;
        }
    })
}

/// Writes a call as a line of the trace.
fn write_call(lines: &mut dyn Write, call: &TracedCall<'_>) -> io::Result<()> {
    if let Some(spent) = call.fuel_spent {
        write!(lines, "{spent:>12} ")?;
    }
    write!(lines, "{}(", call.name)?;
    for (index, argument) in call.arguments.iter().enumerate() {
        let separator = if index == 0 { "" } else { ", " };
        write!(lines, "{separator}{argument:#x}")?;
    }
    match call.answer {
        Some(Ok(())) => writeln!(lines, "): done"),
        Some(Err(errno)) => writeln!(lines, "): {errno}"),
        None => writeln!(lines, ")"),
    }
}

/// Returns the host's and the guest's name of a directory.
fn names(directory: &str) -> (&str, &str) {
    directory.split_once("::").unwrap_or((directory, directory))
}

fn unreadable(path: &Path, error: io::Error) -> Failure {
    Failure::Input(format!("cannot read `{}`: {error}", path.display()))
}

fn on_the_system(given: &Given) -> Result<WasiCtxBuilder, Failure> {
    let mut builder = WasiCtxBuilder::new();
    builder.inherit_stdio();
    for directory in &given.dir {
        let (host, guest) = names(directory);
        builder
            .preopened_dir(host, guest, DirPerms::all(), FilePerms::all())
            .map_err(|error| Failure::Input(format!("--dir {directory}: {error:#}")))?;
    }
    if let Some(path) = &given.stdin {
        let file = File::open(path).map_err(|error| unreadable(path, error))?;
        builder.stdin(SystemInput::file(file));
    }
    Ok(builder)
}

fn in_memory(given: &Given, seed: u64) -> Result<WasiCtxBuilder, Failure> {
    let host = Deterministic::new(seed);
    let time = host.time();
    let mut builder = WasiCtxBuilder::with_host(host);
    for directory in &given.dir {
        let (host, guest) = names(directory);
        let copy = MemoryDirectory::copy_of(host, time.clone())
            .map_err(|error| Failure::Input(format!("--dir {directory}: {error:#}")))?;
        builder.preopen(copy, guest);
    }
    if let Some(path) = &given.stdin {
        let bytes = fs::read(path).map_err(|error| unreadable(path, error))?;
        builder.stdin(MemoryInputPipe::new(bytes));
    }
    builder.stdout(stdout()).stderr(stderr());
    Ok(builder)
}

/// Names of the outputs of deterministic programs in snapshots.
pub(super) const STDOUT: &str = "backstitch:stdout";
pub(super) const STDERR: &str = "backstitch:stderr";

/// Returns the standard output of a deterministic program, which cannot detect whether that is a
/// terminal.
pub(super) fn stdout() -> impl OutputStream {
    let stream = MinimalOutput::new(|bytes| print(&mut io::stdout(), bytes));
    Named::new(STDOUT, stream)
}

/// Returns the standard error of a deterministic program.
pub(super) fn stderr() -> impl OutputStream {
    let stream = MinimalOutput::new(|bytes| print(&mut io::stderr(), bytes));
    Named::new(STDERR, stream)
}

pub(crate) fn print(stream: &mut dyn Write, bytes: &[u8]) -> Result<usize, Errno> {
    let printed = stream.write_all(bytes).and_then(|()| stream.flush());
    printed.map_err(|_| Errno::Io)?;
    Ok(bytes.len())
}
