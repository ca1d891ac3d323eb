//! The command line.
//!
//! Input: the process's arguments. Output: results on standard output, errors on standard error,
//! and an exit code: 0 for success, 1 for invalid input, 2 for wrong usage, 134 for a trap (the
//! code of an aborted process, which is what a trap is for the program), 3 for a schedule that
//! `explore` has found. A program that exits by itself chooses its own code.
//!
//! Each command has a module with its arguments and a function `run`, which writes to the output
//! that it is given and returns a [`Failure`] instead of exiting. Never allowed: a panic for
//! anything that a user can type or that a file can contain.
//!
//! [`script`] is shared with the `spec-tests` crate, which includes it by path. It uses only the
//! library's public interface, and nothing of this module.

mod compile;
mod completions;
mod coredump;
mod coverage;
mod debug;
mod debug_files;
mod dis;
mod explore;
mod failure;
mod file_kind;
mod host;
mod input;
mod inspect;
mod lanes;
mod names;
mod output;
#[cfg(backstitch_threads)]
mod parallel;
mod preinit;
mod profile;
mod program;
mod quantity;
mod record;
mod replay;
mod resume;
mod rewind;
mod run;
mod script;
mod signature;
mod snapshot;
mod source_files;
mod sources;
mod symbols;
mod text;
mod ticker;
mod trace;
mod value;
mod wasi;
mod wast;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, Subcommand};
use failure::Failure;
use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

const EXAMPLES: &str = "\
Examples:
  backstitch run program.wasm                     run `_start`, or the start function alone
  backstitch run --dir . program.wasm -v file     run it with arguments and a directory
  backstitch run --invoke fib fib.wat 30          call an exported function, print its results
  backstitch run --fuel 1e6 program.wasm          trap after a million instructions
  backstitch run --coredump %p.core program.wasm  leave a core dump if it traps
  backstitch run --record x.log program.wasm      record what comes from outside
  backstitch replay x.log                         run it again from the recording
  backstitch resume half.core                     go on with the program of a snapshot
  backstitch preinit program.wasm -o ready.wasm   initialise it, write it in that state
  backstitch compile program.wasm -o p.stitch     translate it ahead of time
  backstitch explore --races program.wasm         run it under many schedules of its threads
  backstitch wast tests/core                      run a folder of test scripts
  backstitch dis fib.wat --func fib               show the translated code of a function
  backstitch inspect crash.coredump               show the contents of a core dump
  backstitch debug crash.coredump                 let LLDB look at a core dump
  backstitch completions bash > backstitch.bash   make completions for a shell";

/// Runs WebAssembly programs, and shows what they were doing when they trapped
#[derive(Parser)]
#[command(name = "backstitch", version, after_help = EXAMPLES, arg_required_else_help = true)]
struct CommandLine {
    /// The same for `debug`. LLDB puts its port before all other arguments of a runtime
    #[arg(long, value_name = "ADDR:PORT", hide = true)]
    listen: Option<String>,

    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run a program, or an exported function of a module
    Run(Box<run::Arguments>),
    /// Run the program of a recording again, without its files, clock and environment
    Replay(replay::Arguments),
    /// Go on with the program of a snapshot
    Resume(resume::Arguments),
    /// Initialise a module, and write it in the state that it has then
    Preinit(preinit::Arguments),
    /// Translate a module ahead of time, and write it as an archive
    Compile(compile::Arguments),
    /// Run a program with threads under many schedules, to find faults that depend on them
    Explore(explore::Arguments),
    /// Run WebAssembly test scripts
    Wast(wast::Arguments),
    /// Show the code that a module is translated to
    Dis(dis::Arguments),
    /// Show the contents of a core dump
    Inspect(inspect::Arguments),
    /// Let a debugger look at a program or a core dump, through GDB's remote protocol
    Debug(Box<debug::Arguments>),
    /// Print completions for a shell
    Completions(completions::Arguments),
}

/// Runs the command that the process's arguments select.
pub(crate) fn main() -> ExitCode {
    // For wrong usage the process ends here, with clap's message and exit code 2.
    let arguments = CommandLine::parse();
    if arguments.listen.is_some() && !matches!(arguments.command, Command::Debug(_)) {
        let kind = ErrorKind::ArgumentConflict;
        let message = "only `debug` listens";
        CommandLine::command().error(kind, message).exit();
    }
    let mut out = BufWriter::new(io::stdout().lock());
    let listen = arguments.listen.as_deref();
    let result = match &arguments.command {
        Command::Run(arguments) => run::run(arguments, &mut out),
        Command::Replay(arguments) => replay::run(arguments, &mut out),
        Command::Resume(arguments) => resume::run(arguments, &mut out),
        Command::Preinit(arguments) => preinit::run(arguments),
        Command::Compile(arguments) => compile::run(arguments),
        Command::Explore(arguments) => explore::run(arguments, &mut out),
        Command::Wast(arguments) => wast::run(arguments, &mut out),
        Command::Dis(arguments) => dis::run(arguments, &mut out),
        Command::Inspect(arguments) => inspect::run(arguments, &mut out),
        Command::Debug(arguments) => debug::run(arguments, listen, &mut out),
        Command::Completions(arguments) => completions::run(arguments, &mut out),
    };
    // Output that precedes a failure is printed before the failure's report.
    let flushed = out.flush().map_err(Failure::from);
    match result.and(flushed) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}
