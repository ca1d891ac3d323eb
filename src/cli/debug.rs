//! `backstitch debug`: lets a debugger look at a program.
//!
//! Input: a core dump, and a debugger that connects and sends packets of GDB's remote protocol.
//! Output: answers, and one line on standard error with the address to connect to.

use super::failure::Failure;
use super::names::printable;
use super::{file_kind, input, inspect};
use backstitch::debug::{Debuggee, Dump, End, Server};
use backstitch::{CoreDump, CoreDumpError, Replayer};
use clap::Args;
use std::io;
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  backstitch debug crash.coredump --module program.wasm
  backstitch debug crash.coredump --module build/ --listen 127.0.0.1:4711

Then, in LLDB 22 or newer:
  process connect --plugin wasm connect://127.0.0.1:4711";

/// A free port, for programs of this machine only.
const ANY_PORT: &str = "127.0.0.1:0";

/// The arguments of `backstitch debug`.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// A core dump or a snapshot; `-` reads standard input
    #[arg(value_name = "DUMP")]
    file: PathBuf,

    /// A module that ran, or a folder that is searched for the modules that ran
    #[arg(long = "module", value_name = "FILE|DIR")]
    modules: Vec<PathBuf>,

    /// Wait for a debugger at this address instead of a free port of this machine
    #[arg(long, value_name = "ADDR:PORT")]
    listen: Option<String>,
}

/// What a file contains.
enum Subject<'a> {
    Dump(Box<CoreDump<'a>>),
    Recording,
    Program,
}

/// Serves a debugger until it leaves.
///
/// The address that stands before the command is used if none stands after it.
pub(crate) fn run(arguments: &Arguments, before: Option<&str>) -> Result<(), Failure> {
    let listen = arguments.listen.as_deref().or(before).unwrap_or(ANY_PORT);
    let file = input::name(&arguments.file);
    let bytes = input::read_dump(&arguments.file)?;
    match subject(&file, &bytes)? {
        Subject::Dump(dump) => {
            let listed = inspect::listed(&dump);
            let modules = inspect::find(&dump, &listed, &arguments.modules)?;
            for (module, known) in listed.iter().zip(&modules) {
                if known.is_none() {
                    let name = printable(&module.name);
                    eprintln!("Module {name} is not known; provide it with --module");
                }
            }
            let module = |index: u32| Some(&*modules.get(index as usize)?.as_ref()?.bytes);
            let debuggee = Dump::new(&dump, module)
                .map_err(|error| Failure::Input(format!("cannot debug `{file}`: {error:#}")))?;
            serve(listen, debuggee)
        }
        Subject::Recording => Err(not_yet(&file, "a recording")),
        Subject::Program => Err(not_yet(&file, "a program")),
    }
}

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

fn not_yet(file: &str, what: &str) -> Failure {
    Failure::Input(format!(
        "`{file}` is {what}, and only core dumps and snapshots are supported; write a core dump with \
         `backstitch run --coredump`"
    ))
}

/// Waits for a debugger, and serves it.
fn serve(listen: &str, debuggee: impl Debuggee) -> Result<(), Failure> {
    let cannot = |error: io::Error| Failure::Input(format!("cannot listen at `{listen}`: {error}"));
    let listener = TcpListener::bind(listen).map_err(cannot)?;
    let address = listener.local_addr().map_err(cannot)?;
    eprintln!("Waiting for a debugger at {address}");
    let (client, _) = listener.accept().map_err(cannot)?;
    // There is one client only.
    drop(listener);
    finish(serve_client(client, debuggee))
}

fn serve_client(mut client: TcpStream, debuggee: impl Debuggee) -> io::Result<End> {
    // A session consists of many small packets.
    client.set_nodelay(true)?;
    Server::new(debuggee).serve(&mut client)
}

/// Returns the result of a session: a program that has exited chooses the exit code.
fn finish(end: io::Result<End>) -> Result<(), Failure> {
    match end {
        Ok(End::Exited(status)) => Err(Failure::Exit(status)),
        Ok(_) => Ok(()),
        Err(error) => Err(Failure::Input(format!(
            "the connection to the debugger failed: {error}"
        ))),
    }
}
