//! `run --trace-calls` and `run --trace-memory`: what a program does, line by line.
//!
//! The program stops at breakpoints where functions begin and end, and at accesses to watched bytes. Each
//! stop is a line, and then the program goes on.

mod calls;
mod points;

use super::failure::Failure;
use super::host::Host;
use super::input::Source;
use super::names::printable;
use super::quantity;
use super::symbols::Symbols;
use backstitch::wasi::I32Exit;
use backstitch::{
    Access, AccessKind, Error, Execution, FrameInfo, Module, Outcome, Result, Store, Suspension,
    Symbolizer, Trap, Val, WasmBacktrace, WasmCoreDump, Watchpoint, demangle_without_hash,
};
use calls::Calls;
use clap::Args;
use points::Point;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::ops::Range;
use std::path::PathBuf;

/// The options for traces.
#[derive(Args)]
pub(crate) struct Tracing {
    /// Print each call of a function with its arguments, and its end with its results. A pattern selects
    /// functions by name: a part of it, or all of it with `*` and `?` for any characters
    #[arg(
        long,
        value_name = "PATTERN",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "*",
        conflicts_with_all = ["snapshot", "record", "profile"]
    )]
    trace_calls: Option<String>,

    /// Print each access of the program to bytes of its first memory, such as `0x400:16`
    #[arg(
        long,
        value_name = "START:LEN",
        value_parser = bytes,
        conflicts_with_all = ["snapshot", "record", "profile"]
    )]
    trace_memory: Vec<Range<u64>>,

    /// Write the trace to this file instead of standard error
    #[arg(long, value_name = "PATH")]
    trace_output: Option<PathBuf>,
}

/// Parses a range of addresses.
fn bytes(text: &str) -> Result<Range<u64>, String> {
    let (start, size) = text
        .split_once(':')
        .ok_or("expected an address and a number of bytes, such as `0x400:16`")?;
    let start = match start.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).map_err(|error| error.to_string())?,
        None => start.parse().map_err(|_| "the address is not a number")?,
    };
    let size: u64 = quantity::size(size)?;
    let end = start.checked_add(size).filter(|_| size > 0);
    Ok(start..end.ok_or("the range has no bytes, or too many")?)
}

/// A trace that is being made.
pub(super) struct Trace<'m> {
    module: &'m Module,
    symbols: Symbols,
    symbolizer: Option<Symbolizer<'m>>,
    watched: Vec<Range<u64>>,
    /// The instructions at which the program stops.
    points: BTreeMap<u32, Point>,
    calls: Calls,
    out: Output,
}

/// Where the lines go.
struct Output {
    to: Box<dyn Write>,
    /// The first failure to write.
    failure: Option<io::Error>,
}

impl Output {
    /// Writes a line inside of a number of calls.
    fn line(&mut self, depth: usize, text: &str) {
        let written = writeln!(self.to, "{:1$}{2}", "", 2 * depth, printable(text));
        if let Err(error) = written {
            self.failure.get_or_insert(error);
        }
    }
}

impl Tracing {
    /// Returns whether the user has asked for a trace.
    pub(super) fn is_some(&self) -> bool {
        self.trace_calls.is_some() || !self.trace_memory.is_empty()
    }

    /// Prepares the trace that the user has asked for, of a module.
    pub(super) fn start<'m>(
        &self,
        module: &'m Module,
        source: &Source,
    ) -> Result<Option<Trace<'m>>, Failure> {
        if !self.is_some() {
            return match self.trace_output {
                None => Ok(None),
                Some(_) => Err(Failure::Input(
                    "--trace-output needs --trace-calls or --trace-memory".to_string(),
                )),
            };
        }
        let symbols = source.symbols()?;
        let mut points = BTreeMap::new();
        if let Some(pattern) = &self.trace_calls {
            let names = symbols.all_names().filter(|(_, name)| {
                matches(pattern, name) || matches(pattern, &demangle_without_hash(name))
            });
            let named: BTreeSet<u32> = names.map(|(index, _)| index).collect();
            // Functions without a name are among all functions.
            let selected = |function| pattern == "*" || named.contains(&function);
            points = points::find(&symbols, &source.binary, selected).map_err(|error| {
                Failure::Input(format!("cannot trace `{}`: {error}", source.file))
            })?;
            if !points.values().any(|point| point.enters) {
                return Err(Failure::Input(format!(
                    "`{}` defines no function whose name matches `{pattern}`",
                    source.file
                )));
            }
        }
        let to: Box<dyn Write> = match &self.trace_output {
            None => Box::new(io::stderr()),
            Some(path) => Box::new(BufWriter::new(File::create(path).map_err(|error| {
                let path = path.display();
                Failure::Input(format!("cannot write the trace `{path}`: {error}"))
            })?)),
        };
        Ok(Some(Trace {
            module,
            symbols,
            // Malformed debugging information is no reason not to run the program.
            symbolizer: module.symbolizer().unwrap_or_default(),
            watched: self.trace_memory.clone(),
            points,
            calls: Calls::default(),
            out: Output { to, failure: None },
        }))
    }
}

/// Returns whether a name matches a pattern.
fn matches(pattern: &str, name: &str) -> bool {
    if !pattern.contains(['*', '?']) {
        return name.contains(pattern);
    }
    let (pattern, name): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), name.chars().collect());
    let (mut at, mut of_name) = (0, 0);
    // The last `*`, and the beginning of what matches the pattern after it.
    let mut star = None;
    while of_name < name.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, of_name));
                at += 1;
            }
            Some(&next) if next == '?' || next == name[of_name] => {
                (at, of_name) = (at + 1, of_name + 1)
            }
            _ => match star {
                None => return false,
                Some((place, start)) => {
                    star = Some((place, start + 1));
                    (at, of_name) = (place + 1, start + 1);
                }
            },
        }
    }
    pattern[at..].iter().all(|&rest| rest == '*')
}

impl Trace<'_> {
    /// Runs an execution to its end, and prints what it does.
    pub(super) fn run(
        &mut self,
        store: &mut Store<Host>,
        mut execution: Execution,
    ) -> Result<Vec<Val>> {
        for &offset in self.points.keys() {
            store.add_breakpoint(self.module, offset)?;
        }
        if !self.watched.is_empty() {
            self.watch(store)?;
        }
        loop {
            match execution.resume(&mut *store) {
                Ok(Outcome::Done(results)) => {
                    let initial = self.calls.stacks().last();
                    let initial = initial.copied().into_iter().collect();
                    self.calls.end(&mut self.out, initial, "is left");
                    return Ok(results);
                }
                Ok(Outcome::Suspended(Suspension::Breakpoint)) => self.stop(store, &execution),
                Ok(Outcome::Suspended(Suspension::Watchpoint(access))) => {
                    self.access(store, &execution, access);
                }
                Ok(Outcome::Suspended(Suspension::Fuel)) => {
                    return Err(self.fail(execution.fail(&*store, Trap::OutOfFuel.into())));
                }
                Ok(Outcome::Suspended(other)) => {
                    return Err(Error::msg(format!(
                        "the program waits for something that this command cannot give: {other:?}"
                    )));
                }
                Err(error) => return Err(self.fail(error)),
            }
        }
    }

    /// Completes the output.
    pub(super) fn finish(mut self) -> Result<(), Failure> {
        let flushed = self.out.to.flush();
        match self.out.failure.map_or(flushed, Err) {
            Ok(()) => Ok(()),
            Err(error) => Err(Failure::Input(format!("cannot write the trace: {error}"))),
        }
    }

    /// Watches the bytes of the first memory.
    fn watch(&self, store: &mut Store<Host>) -> Result<()> {
        let dump = WasmCoreDump::capture(&mut *store);
        let Some(&memory) = dump.memories().first() else {
            return Err(Error::msg("the program has no memory that could be traced"));
        };
        let watchpoints = self.watched.iter().map(|bytes| Watchpoint {
            memory,
            bytes: bytes.clone(),
            reads: true,
            writes: true,
        });
        store.watch(&watchpoints.collect::<Vec<_>>())
    }

    /// Prints what happens at a breakpoint.
    fn stop(&mut self, store: &Store<Host>, execution: &Execution) {
        let Some(frame) = execution.frame_state(store, 0) else {
            return;
        };
        if let Some(point) = self.points.get(&frame.module_offset()) {
            let stacks = execution.stacks(store);
            self.calls
                .stop(&mut self.out, &self.symbols, point, &frame, stacks);
        }
    }

    /// Prints an access to watched bytes.
    fn access(&mut self, store: &Store<Host>, execution: &Execution, access: Access) {
        let Some(frame) = execution.frame_state(store, 0) else {
            return;
        };
        let kind = match access.kind {
            AccessKind::Load => "read",
            AccessKind::Store => "write",
            AccessKind::AtomicLoad => "atomic read",
            AccessKind::AtomicStore => "atomic write",
            AccessKind::AtomicUpdate => "atomic update",
            AccessKind::Wait => "wait",
            _ => "access",
        };
        let offset = frame.module_offset();
        let body = self.symbols.body(frame.func_index()).unwrap_or_default();
        let mut text = format!(
            "{kind} of {} {} at {:#x} by {}+{:#x}",
            access.size,
            if access.size == 1 { "byte" } else { "bytes" },
            access.address,
            name(&self.symbols, frame.func_index()),
            offset as usize - body.start
        );
        let symbols = self.symbolizer.as_ref().map(|it| it.symbols(offset.into()));
        if let Some(symbol) = symbols.iter().flatten().next()
            && let (Some(file), Some(line)) = (symbol.file(), symbol.line())
        {
            text += &format!(" ({file}:{line})");
        }
        let depth = self.calls.depth();
        self.out.line(depth, &text);
    }

    /// Prints the ends of all calls for which an error is the reason.
    fn fail(&mut self, error: Error) -> Error {
        let reason = match error.downcast_ref::<Trap>() {
            Some(trap) => format!("trapped: {trap}"),
            None if error.is::<I32Exit>() => "left: the program exits".to_string(),
            None => "left with an error".to_string(),
        };
        let mut stacks: Vec<u32> = match error.downcast_ref::<WasmBacktrace>() {
            Some(backtrace) => backtrace.frames().iter().map(FrameInfo::stack).collect(),
            None => self.calls.stacks().to_vec(),
        };
        stacks.dedup();
        self.calls.end(&mut self.out, stacks, &reason);
        error
    }
}

/// Returns the name of a function for people.
fn name(symbols: &Symbols, function: u32) -> String {
    let name = symbols.function(function).map(demangle_without_hash);
    name.unwrap_or_else(|| format!("<wasm function {function}>"))
}
