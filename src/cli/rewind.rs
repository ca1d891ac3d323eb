//! The part of `replay` that reads a recording at one instruction: what the state is there, and who
//! has written some bytes before.

use super::dis;
use super::failure::Failure;
use super::input::Source;
use super::inspect::disassembly;
use super::names::{printable, printable_lines};
use super::quantity;
use backstitch::{Replayer, Timeline, TimelineOptions, TimelineWriter, WasmBacktrace};
use clap::Args;
use std::fmt::Write as _;
use std::fs;
use std::io::Write;
use std::ops::Range;

/// The options of `replay` for one instruction.
#[derive(Args)]
pub(super) struct Rewind {
    /// Go to the instruction with this number, or to `end`, and print nothing of the program
    #[arg(long, value_name = "N", value_parser = position)]
    at: Option<u64>,

    /// Print the backtrace there
    #[arg(long)]
    backtrace: bool,

    /// Print who has written these bytes of memory last before: an address and a number of bytes
    #[arg(long, value_name = "ADDRESS:BYTES", value_parser = bytes)]
    last_write: Option<Range<u64>>,

    /// The memory of `--last-write`, as an index
    #[arg(
        long,
        value_name = "INDEX",
        default_value = "0",
        requires = "last_write"
    )]
    memory: u32,

    /// Print the last call of this function before: a name or an index
    #[arg(long, value_name = "FUNCTION")]
    last_call: Option<String>,

    /// Write a core dump of the instruction with a number to a file
    #[arg(long, num_args = 2, value_names = ["N", "PATH"])]
    coredump_at: Option<Vec<String>>,

    /// Memory for the copies of the program's state by which going back is fast
    #[arg(long, value_name = "BYTES", default_value = "256MiB", value_parser = quantity::size::<usize>)]
    budget: usize,
}

/// Position of the end.
const END: u64 = u64::MAX;

fn position(text: &str) -> Result<u64, String> {
    match text {
        "end" => Ok(END),
        count => quantity::count(count),
    }
}

fn bytes(text: &str) -> Result<Range<u64>, String> {
    let form = || format!("`{text}` is not an address and a number of bytes, such as `0x1008:4`");
    let (address, size) = text.split_once(':').ok_or_else(form)?;
    let (start, size): (u64, u64) = (quantity::count(address)?, quantity::count(size)?);
    match start.checked_add(size) {
        Some(end) if size > 0 => Ok(start..end),
        _ => Err(form()),
    }
}

impl Rewind {
    /// Returns whether the recording is read at one instruction, and not replayed for its output.
    pub(super) fn is_some(&self) -> bool {
        self.at.is_some()
            || self.backtrace
            || self.last_write.is_some()
            || self.last_call.is_some()
            || self.coredump_at.is_some()
    }

    /// Reads the recording, and prints what the user wants to know.
    pub(super) fn run(
        &self,
        replayer: Replayer,
        source: &Source,
        cannot: &dyn Fn(&backstitch::Error) -> Failure,
        out: &mut dyn Write,
    ) -> Result<(), Failure> {
        let mut options = TimelineOptions::new();
        options.budget(self.budget);
        let timeline = Timeline::new(replayer, &options).map_err(|error| cannot(&error))?;
        let mut reader = Reader {
            timeline,
            source,
            cannot,
            out,
        };
        let at = self.at.unwrap_or(END);
        if let Some(arguments) = &self.coredump_at {
            let at = position(&arguments[0]).map_err(Failure::Input)?;
            reader.dump(at, &arguments[1])?;
        }
        if let Some(bytes) = &self.last_write {
            reader.last_write(self.memory, bytes, at)?;
        }
        if let Some(function) = &self.last_call {
            reader.last_call(function, at)?;
        }
        let asked = self.last_write.is_some() || self.last_call.is_some();
        if self.backtrace || (self.at.is_some() && !asked && self.coredump_at.is_none()) {
            reader.show(at)?;
        }
        Ok(())
    }
}

/// A recording that is read, and where the answers go.
struct Reader<'a> {
    timeline: Timeline,
    source: &'a Source,
    cannot: &'a dyn Fn(&backstitch::Error) -> Failure,
    out: &'a mut dyn Write,
}

impl Reader<'_> {
    fn seek(&mut self, position: u64) -> Result<(), Failure> {
        let reached = self.timeline.seek(position);
        reached.map_err(|error| (self.cannot)(&error)).map(|_| ())
    }

    /// Describes the position: the number, the instruction and the backtrace.
    fn place(&self) -> String {
        let timeline = &self.timeline;
        let (position, end) = (timeline.position(), timeline.end());
        if position == end {
            let mut text = format!("the end, after {end} instructions");
            if let Some(Err(error)) = timeline.outcome() {
                let _ = write!(text, ":\n{}", self.source.describe_in_full(error));
            }
            return text;
        }
        let backtrace = timeline.backtrace();
        let operator = self.operator(&backtrace);
        let operator = operator.map_or_else(String::new, |it| format!(", `{}`", printable(&it)));
        let frames = backtrace.to_string();
        let frames = frames.strip_prefix("error while executing at ");
        format!(
            "instruction {position} of {end}{operator}\n{}",
            printable_lines(frames.unwrap_or_default())
        )
    }

    /// Returns the text of the instruction in the youngest frame, if the module's file is known.
    fn operator(&self, backtrace: &WasmBacktrace) -> Option<String> {
        let frame = backtrace.frames().first()?;
        let modules = self.timeline.modules();
        let first = modules.first()?;
        if !backstitch::Module::same(frame.module(), first) {
            return None;
        }
        let symbols = self.source.symbols().ok()?;
        let binary = &self.source.binary;
        let lines = disassembly::of_function(binary, &symbols, frame.func_index()).ok()?;
        let offset = frame.module_offset()? as u64;
        let line = lines.into_iter().find(|line| line.offset == offset)?;
        Some(line.text)
    }

    fn show(&mut self, at: u64) -> Result<(), Failure> {
        self.seek(at)?;
        let place = self.place();
        writeln!(self.out, "{place}").map_err(Failure::Output)
    }

    fn dump(&mut self, at: u64, path: &str) -> Result<(), Failure> {
        self.seek(at)?;
        let dump = self.timeline.core_dump(&self.source.file);
        fs::write(path, dump).map_err(|error| {
            Failure::Input(format!("cannot write the core dump `{path}`: {error}"))
        })?;
        let position = self.timeline.position();
        eprintln!(
            "Core dump of instruction {position} written to `{path}`: see `backstitch inspect`"
        );
        Ok(())
    }

    /// Returns the bytes of a memory at the position, as hexadecimal digits.
    fn hexadecimal(&self, memory: u32, bytes: &Range<u64>) -> String {
        let Some(memory) = self.timeline.memory(memory) else {
            return "no memory".to_string();
        };
        // No more than fit a line.
        let shown = bytes.start..bytes.end.min(bytes.start + 16);
        let mut buffer = vec![0; (shown.end - shown.start) as usize];
        let start = usize::try_from(shown.start).unwrap_or(usize::MAX);
        let read = memory.read(self.timeline.store(), start, &mut buffer);
        if read.is_err() {
            return "no such bytes".to_string();
        }
        let digits: Vec<String> = buffer.iter().map(|byte| format!("{byte:02x}")).collect();
        let more = if shown == *bytes { "" } else { " …" };
        digits.join(" ") + more
    }

    fn last_write(&mut self, memory: u32, bytes: &Range<u64>, at: u64) -> Result<(), Failure> {
        let write = self.timeline.last_write(memory, bytes.clone(), at);
        let write = write.map_err(|error| (self.cannot)(&error))?;
        let what = format!(
            "{:#x}:{} of memory {memory}",
            bytes.start,
            bytes.end - bytes.start
        );
        let Some(write) = write else {
            self.seek(at)?;
            let now = self.hexadecimal(memory, bytes);
            let text = format!("{what} was never written: {now}");
            return writeln!(self.out, "{text}").map_err(Failure::Output);
        };
        if let TimelineWriter::Data { module, segment } = &write.writer {
            let module = module.as_deref().unwrap_or("the module");
            self.seek(write.position)?;
            let now = self.hexadecimal(memory, bytes);
            let module = printable(module).into_owned();
            let text = format!(
                "{what} was written last by data segment {segment} of {module}, when that was \
                 instantiated: {now}"
            );
            return writeln!(self.out, "{text}").map_err(Failure::Output);
        }
        self.seek(write.position)?;
        let before = self.hexadecimal(memory, bytes);
        let place = self.place();
        self.timeline
            .step()
            .map_err(|error| (self.cannot)(&error))?;
        let after = self.hexadecimal(memory, bytes);
        let writer = match &write.writer {
            TimelineWriter::Host(Some(name)) => format!("the host function {}", printable(name)),
            TimelineWriter::Host(None) => "the host".to_string(),
            _ => "this instruction".to_string(),
        };
        writeln!(
            self.out,
            "{what} was written last by {writer}: {before} -> {after}\n{place}"
        )
        .map_err(Failure::Output)
    }

    fn last_call(&mut self, function: &str, at: u64) -> Result<(), Failure> {
        let symbols = self.source.symbols()?;
        let index = dis::select(&symbols, function)
            .map_err(|reason| Failure::Input(format!("`{}` {reason}", self.source.file)))?;
        let call = self.timeline.last_call(0, index, at);
        match call.map_err(|error| (self.cannot)(&error))? {
            Some(position) => self.show(position),
            None => {
                writeln!(self.out, "function `{function}` was not called").map_err(Failure::Output)
            }
        }
    }
}
