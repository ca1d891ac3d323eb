//! `backstitch debug`: lets a debugger look at a program.
//!
//! Input: a program or a core dump, and a debugger that connects and sends packets of GDB's remote
//! protocol. Output: answers, and one line on standard error with the address to connect to.

use super::failure::Failure;
use super::host::Host;
use super::names::printable;
use super::program::Stopped;
use super::replay;
use super::run;
use super::ticker::Ticker;
use super::{file_kind, input, inspect};
use backstitch::debug::{Debuggee, Dump, End, Live, Recorded, Server};
use backstitch::wasi::I32Exit;
use backstitch::{
    CoreDump, CoreDumpError, Error, Execution, Replayer, Store, Timeline, TimelineOptions, Val,
};
use clap::Args;
use std::io::{self, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::time::Duration;

const EXAMPLES: &str = "\
Examples:
  backstitch debug program.wasm arguments
  backstitch debug --listen 127.0.0.1:4711 --dir . program.wasm
  backstitch debug --module program.wasm crash.coredump

Then, in LLDB 22 or newer:
  process connect --plugin wasm connect://127.0.0.1:4711";

/// A free port, for programs of this machine only.
const ANY_PORT: &str = "127.0.0.1:0";

/// The arguments of `backstitch debug`.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
#[group(id = "debugging")]
pub(crate) struct Arguments {
    /// For a core dump, a snapshot or a recording as FILE: a module that ran, or a folder that is searched for the modules that ran
    #[arg(long = "module", value_name = "FILE|DIR")]
    modules: Vec<PathBuf>,

    /// Wait for a debugger at this address instead of a free port of this machine
    #[arg(long, value_name = "ADDR:PORT")]
    listen: Option<String>,

    #[command(flatten)]
    program: run::Arguments,
}

/// The contents of a file.
enum Subject<'a> {
    Dump(Box<CoreDump<'a>>),
    Recording,
    Program,
}

/// Serves a debugger until it leaves.
///
/// The address that stands before the command is used if none stands after it.
pub(crate) fn run(
    arguments: &Arguments,
    before: Option<&str>,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let listen = arguments.listen.as_deref().or(before).unwrap_or(ANY_PORT);
    let (path, rest) = arguments.program.file()?;
    let file = input::name(path);
    let bytes = input::read_dump(path)?;
    match subject(&file, &bytes)? {
        Subject::Dump(_) | Subject::Recording if rest != 0 => Err(Failure::Input(format!(
            "`{file}` is not a program, and takes no arguments; options stand before it"
        ))),
        Subject::Dump(dump) => {
            let listed = inspect::listed(&dump);
            let mut modules = inspect::find(&dump, &listed, &arguments.modules)?;
            inspect::add_debug_files(&mut modules, arguments.program.debug_files())?;
            for known in modules.iter_mut().flatten() {
                known.embed_debug_info();
            }
            for (module, known) in listed.iter().zip(&modules) {
                if known.is_none() {
                    let name = printable(&module.name);
                    eprintln!("Module {name} is not known; provide it with --module");
                }
            }
            let module = |index: u32| Some(&*modules.get(index as usize)?.as_ref()?.bytes);
            let debuggee = Dump::new(&dump, module)
                .map_err(|error| Failure::Input(format!("cannot debug `{file}`: {error:#}")))?;
            finish(accept(listen)?, debuggee).map(drop)
        }
        Subject::Recording => {
            let cannot =
                |error: &Error| Failure::Input(format!("cannot debug `{file}`: {error:#}"));
            let module = arguments.modules.first().map(|path| &**path);
            let loaded = replay::load(
                bytes.clone(),
                module,
                arguments.program.debug_files(),
                &cannot,
                |_| (),
            )?;
            let timeline = Timeline::new(loaded.replayer, &TimelineOptions::new());
            let mut timeline = timeline.map_err(|error| cannot(&error))?;
            let debuggee = Recorded::new(&mut timeline).map_err(|error| cannot(&error))?;
            finish(accept(listen)?, debuggee).map(drop)
        }
        Subject::Program => {
            if let Some(option) = arguments.program.refused_by_debugger() {
                return Err(Failure::Input(format!(
                    "a program under a debugger cannot have {option}"
                )));
            }
            run::run_debugged(
                &arguments.program,
                out,
                Some(&mut |store, call| debug(store, call, listen)),
            )
        }
    }
}

/// Serves a debugger while a call runs. Returns the results of the call, which only the debugger sees.
fn debug(store: &mut Store<Host>, call: Execution, listen: &str) -> Result<Vec<Val>, Stopped> {
    let client = accept(listen)?;
    let _ticker = Ticker::new(store.interrupt_handle()?, TICK);
    let exit = |error: &Error| Some(error.downcast_ref::<I32Exit>()?.process_exit_code());
    let debuggee = Live::new(store, call)?.exit_code(exit);
    match finish(client, debuggee)? {
        Some(0) | None => Ok(Vec::new()),
        Some(status) => Err(Failure::Exit(status).into()),
    }
}

/// Time between two interruptions of a program, at which its debugger can stop it. They take some
/// microseconds each.
const TICK: Duration = Duration::from_millis(20);

/// Recognises what a file contains.
fn subject<'a>(file: &str, bytes: &'a [u8]) -> Result<Subject<'a>, Failure> {
    if let Some(reason) = file_kind::foreign(bytes) {
        return Err(Failure::Input(format!("`{file}` {reason}")));
    }
    match CoreDump::parse(bytes) {
        Ok(dump) => Ok(Subject::Dump(Box::new(dump))),
        Err(CoreDumpError::NotADump) => Ok(Subject::Program),
        Err(_) if Replayer::new(bytes.to_vec()).is_ok() => Ok(Subject::Recording),
        // A program in the text format.
        Err(_) if !bytes.starts_with(file_kind::MAGIC) => Ok(Subject::Program),
        Err(error) => Err(Failure::Input(format!("cannot debug `{file}`: {error}"))),
    }
}

/// Waits for a debugger.
fn accept(listen: &str) -> Result<TcpStream, Failure> {
    let cannot = |error: io::Error| Failure::Input(format!("cannot listen at `{listen}`: {error}"));
    let listener = TcpListener::bind(listen).map_err(cannot)?;
    let address = listener.local_addr().map_err(cannot)?;
    eprintln!("Waiting for a debugger at {address}");
    // There is one client only.
    let (client, _) = listener.accept().map_err(cannot)?;
    // A session consists of many small packets.
    client.set_nodelay(true).map_err(cannot)?;
    Ok(client)
}

/// Serves a debugger until it leaves. Returns the exit code of the program, if it has exited.
fn finish(mut client: TcpStream, debuggee: impl Debuggee) -> Result<Option<u8>, Failure> {
    match Server::new(debuggee).serve(&mut client) {
        Ok(End::Exited(status)) => Ok(Some(status)),
        Ok(_) => Ok(None),
        Err(error) => Err(Failure::Input(format!(
            "the connection to the debugger failed: {error}"
        ))),
    }
}
