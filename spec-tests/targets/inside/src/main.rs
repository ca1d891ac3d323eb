//! The part of the command that needs no operating system, for `wasm32-wasip1`: this program runs in
//! Backstitch, and goes on with the snapshots of another program.
//!
//! ```text
//! inside resume SNAPSHOT END           goes on to the end, and writes the last state
//! inside save SNAPSHOT COUNT SNAPSHOT  goes on until the program has executed COUNT instructions
//! inside replay LOG MODULE
//! ```

use backstitch::wasi::{
    self, Errno, I32Exit, MinimalOutput, OutputKind, ReplayedOutput, WasiCtx, WasiCtxRestorer,
};
use backstitch::{
    Config, Engine, Error, Linker, Module, Outcome, Replayer, Result, Snapshot, SnapshotHost,
    SnapshotOptions, Store,
};
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

/// The host's part of a snapshot, with the names that the command gives to the outputs.
struct State;

impl SnapshotHost<WasiCtx> for State {
    fn save_data(&mut self, wasi: &WasiCtx) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        wasi.save(&mut bytes)?;
        Ok(bytes)
    }

    fn restore_data(&mut self, bytes: &[u8]) -> Result<WasiCtx> {
        let mut restorer = WasiCtxRestorer::new();
        let (out, err) = ("backstitch:stdout", "backstitch:stderr");
        let stdout = MinimalOutput::new(|bytes| print(&mut io::stdout(), bytes));
        let stderr = MinimalOutput::new(|bytes| print(&mut io::stderr(), bytes));
        restorer
            .output(out, wasi::Named::new(out, stdout))
            .output(err, wasi::Named::new(err, stderr));
        restorer.restore(bytes)
    }
}

fn print(stream: &mut dyn Write, bytes: &[u8]) -> Result<usize, Errno> {
    stream.write_all(bytes).map_err(|_| Errno::Io)?;
    Ok(bytes.len())
}

/// Returns the code of a program that has ended itself, or the error of another one.
fn exit_code(error: Error) -> Result<i32> {
    match error.downcast_ref::<I32Exit>() {
        Some(exit) => Ok(exit.0),
        None => Err(error),
    }
}

/// Goes on with a program, and saves it at its end or when it has executed `count` instructions.
/// Returns its exit code.
fn go_on(from: &str, count: Option<u64>, to: &str) -> Result<i32> {
    let bytes = fs::read(from)?;
    let snapshot = Snapshot::parse(&bytes)?;
    let mut config = Config::new();
    config.consume_fuel(true);
    let engine = Engine::new(&config)?;
    let mut linker = Linker::new(&engine);
    wasi::add_to_linker(&mut linker, |wasi: &mut WasiCtx| wasi)?;
    let restored = Store::restore(&engine, &linker, &[], &snapshot, &mut State)?;
    let mut store = restored.store;
    let execution = restored.executions.into_iter().next();
    let mut execution = execution.ok_or_else(|| Error::msg("no call can go on"))?;
    let spent = store.fuel_spent().unwrap_or_default();
    store.set_fuel(count.unwrap_or(u64::MAX) - spent)?;
    let outcome = execution.resume(&mut store);
    // A call that has ended is not a part of the state, unless its handle exists.
    let _suspended = matches!(outcome, Ok(Outcome::Suspended(_))).then_some(execution);
    let code = outcome.map_or_else(exit_code, |_| Ok(0))?;
    let mut options = SnapshotOptions::new();
    options.name(snapshot.dump().name());
    options.embed_modules(count.is_some());
    let mut out = BufWriter::new(File::create(to)?);
    store.snapshot(&mut State, &mut out, &options)?;
    out.flush()?;
    Ok(code)
}

/// Replays a recording, and prints what its program prints. Returns its exit code.
fn replay(log: &str, module: &str) -> Result<i32> {
    let mut replayer = Replayer::new(fs::read(log)?)?;
    let engine = Engine::new(&replayer.config())?;
    replayer.add_module(Module::from_file(&engine, module)?);
    let mut output = ReplayedOutput::new();
    replayer.on_call(move |call| {
        output.follow(call, |stream, bytes| {
            let _ = match stream {
                OutputKind::Stdout => print(&mut io::stdout(), bytes),
                OutputKind::Stderr => print(&mut io::stderr(), bytes),
            };
        })
    });
    match replayer.run(&engine)?.outcome {
        Some(Err(error)) => exit_code(error),
        _ => Ok(0),
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let ended = match arguments[..] {
        ["resume", from, to] => go_on(from, None, to),
        ["save", from, count, to] => match count.parse() {
            Ok(count) => go_on(from, Some(count), to),
            Err(error) => Err(Error::new(error)),
        },
        ["replay", log, module] => replay(log, module),
        _ => Err(Error::msg("the usage is at the top of its source")),
    };
    ended.map_or_else(
        |error| {
            eprintln!("Error: {error:#}");
            ExitCode::FAILURE
        },
        |code| ExitCode::from(code as u8),
    )
}
