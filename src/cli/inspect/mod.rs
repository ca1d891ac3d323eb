//! `backstitch inspect`: shows the contents of a core dump, to people and to programs.
//!
//! Input: a dump of any writer, and the modules that ran, if available. Output: a summary, the
//! details of a frame, a range of a memory, an object or all types of objects, everything as JSON, an
//! interactive page, or a heap snapshot. Never allowed: a guess that looks like a fact; anything that
//! a dump does not contain is shown as missing.

pub(super) mod disassembly;
mod frame;
mod heap;
mod hex;
mod inspection;
mod json;
mod modules;
mod object;
mod page;
mod source;
mod stacks;
mod summary;
mod variables;

pub(super) use modules::{add_debug_files, find, hex, listed};

use super::debug_files;
use super::failure::Failure;
use super::lanes::Shape;
use super::source_files::{self, SourceFiles};
use super::{file_kind, input};
use backstitch::CoreDump;
use backstitch::coredump::{Frame, Memory};
use clap::Args;
use heap::Heap;
use inspection::Inspection;
use serde::Serialize;
use std::cell::OnceCell;
use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

const EXAMPLES: &str = "\
Examples:
  backstitch inspect crash.coredump
  backstitch inspect crash.coredump --module program.wasm
  backstitch inspect crash.coredump --module build/ --frame 2
  backstitch inspect crash.coredump --module build/ --frame 2 --source-path src
  backstitch inspect crash.coredump --frame 2 --lanes u8x16
  backstitch inspect crash.coredump --memory 0x100000:64
  backstitch inspect crash.coredump --memory 1@0x20:256
  backstitch inspect crash.coredump --objects
  backstitch inspect crash.coredump --object 17
  backstitch inspect crash.coredump --heap-snapshot crash.heapsnapshot
  backstitch inspect crash.coredump --module program.wasm --json
  backstitch inspect crash.coredump --module program.wasm --html crash.html";

/// The arguments of `backstitch inspect`.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The core dump; `-` reads standard input
    #[arg(value_name = "DUMP")]
    dump: PathBuf,

    /// A module that ran, or a folder that is searched for the modules that ran
    #[arg(long = "module", value_name = "FILE|DIR")]
    modules: Vec<PathBuf>,

    #[command(flatten)]
    debug_files: debug_files::Arguments,

    /// Show the details of this frame, with the code around its position
    #[arg(long, value_name = "[THREAD:]N")]
    frame: Option<frame::Number>,

    /// Show bytes of a memory; the default is 256 bytes of memory 0
    #[arg(long, value_name = "[MEMORY@]ADDR[:LEN]")]
    memory: Option<hex::Range>,

    /// Show vectors as lanes of this shape, such as `i32x4` (the default), `u8x16` or `f64x2`: `i`
    /// for signed integers, `u` for unsigned ones, `x` for hexadecimal, `f` for floats
    #[arg(
        long,
        value_name = "SHAPE",
        value_enum,
        default_value = "i32x4",
        hide_default_value = true,
        hide_possible_values = true
    )]
    lanes: Shape,

    /// List the types of objects: how many objects have them, their bytes, and the bytes that would be
    /// free without these objects
    #[arg(long, conflicts_with_all = ["frame", "memory", "object"])]
    objects: bool,

    /// Show an object: its contents, what refers to it, and a shortest path from a root
    #[arg(long, value_name = "N", conflicts_with_all = ["frame", "memory"])]
    object: Option<u32>,

    /// Print JSON, in which vectors are hexadecimal
    #[arg(long)]
    json: bool,

    /// Write an interactive page to this file; it needs only a browser
    #[arg(
        long,
        value_name = "OUT",
        conflicts_with_all = ["frame", "memory", "objects", "object", "json"]
    )]
    html: Option<PathBuf>,

    #[command(flatten)]
    sources: source_files::Arguments,

    /// Write the objects to this file, in the format of Chrome's developer tools, which require that
    /// its name ends in `.heapsnapshot`
    #[arg(
        long,
        value_name = "OUT",
        conflicts_with_all = ["frame", "memory", "objects", "object", "json", "html"]
    )]
    heap_snapshot: Option<PathBuf>,
}

/// Prints the selected contents.
pub(crate) fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<(), Failure> {
    let file = input::name(&arguments.dump);
    let bytes = input::read_dump(&arguments.dump)?;
    if let Some(reason) = file_kind::foreign(&bytes) {
        return Err(Failure::Input(format!("`{file}` {reason}")));
    }
    let dump = CoreDump::parse(&bytes)
        .map_err(|error| Failure::Input(format!("cannot inspect `{file}`: {error}")))?;
    let listed = modules::listed(&dump);
    let mut modules = modules::find(&dump, &listed, &arguments.modules)?;
    modules::add_debug_files(&mut modules, &arguments.debug_files)?;
    let inspection = Inspection {
        file,
        dump,
        listed,
        debug_info: modules.iter().map(|_| OnceCell::new()).collect(),
        modules: &modules,
        lanes: arguments.lanes,
        sources: SourceFiles::new(&arguments.sources)?,
    };
    if let Some(page) = &arguments.html {
        return write_file(page, out, |file| page::write(&inspection, file));
    }
    if let Some(snapshot) = &arguments.heap_snapshot {
        let heap = Heap::new(&inspection)?;
        return write_file(snapshot, out, |file| {
            heap.graph.write_snapshot(file).map_err(io::Error::other)
        });
    }
    if arguments.objects {
        return list_types(&inspection, arguments.json, out);
    }
    if let Some(number) = arguments.object {
        let object = inspection.object(number)?;
        let heap = Heap::new(&inspection)?;
        if arguments.json {
            return write_json(&json::object(&inspection, &heap, number, object), out);
        }
        return Ok(object::print(&inspection, &heap, number, object, out)?);
    }
    // Missing items are reported before anything is printed.
    let frame = arguments.frame.map(|number| inspection.frame(number));
    let memory = arguments.memory.map(|range| inspection.memory(range));
    let (frame, memory) = (frame.transpose()?, memory.transpose()?);
    if arguments.json {
        return print_json(&inspection, arguments.frame.zip(frame), memory, out);
    }
    if let (Some(number), Some(frame)) = (arguments.frame, frame) {
        frame::print(&inspection, number, frame, out)?;
    }
    if let Some((memory, range)) = memory {
        if frame.is_some() {
            writeln!(out)?;
        }
        hex::print(memory, range, out)?
            .map_err(|error| Failure::Input(format!("memory {}: {error}", range.memory)))?;
        if arguments.memory != Some(range) {
            writeln!(out, "the memory ends at {:#x}", memory.size())?;
        }
    }
    if frame.is_none() && memory.is_none() {
        summary::print(&inspection, out)?;
    }
    Ok(())
}

fn list_types(
    inspection: &Inspection<'_>,
    is_json: bool,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let heap = Heap::new(inspection)?;
    let classes = heap.classes(inspection).map_err(|error| {
        Failure::Input(format!("the objects of `{}`: {error}", inspection.file))
    })?;
    if is_json {
        return write_json(&json::types(inspection, &classes), out);
    }
    Ok(object::print_types(inspection, &classes, out)?)
}

fn write_file(
    path: &Path,
    out: &mut dyn Write,
    write: impl FnOnce(&mut BufWriter<fs::File>) -> io::Result<()>,
) -> Result<(), Failure> {
    let cannot =
        |error: io::Error| Failure::Input(format!("cannot write `{}`: {error}", path.display()));
    let mut file = BufWriter::new(fs::File::create(path).map_err(cannot)?);
    write(&mut file).map_err(cannot)?;
    file.flush().map_err(cannot)?;
    Ok(writeln!(out, "wrote {}", path.display())?)
}

/// The output of `--json` for a selected frame or range of memory.
#[derive(Serialize)]
struct Parts {
    #[serde(skip_serializing_if = "Option::is_none")]
    frame: Option<json::FullFrame>,
    #[serde(skip_serializing_if = "Option::is_none")]
    memory: Option<json::Bytes>,
}

fn print_json(
    inspection: &Inspection<'_>,
    frame: Option<(frame::Number, &Frame)>,
    memory: Option<(&Memory<'_>, hex::Range)>,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    if frame.is_none() && memory.is_none() {
        return write_json(&json::dump(inspection), out);
    }
    let memory = memory.map(|(memory, range)| {
        json::bytes(memory, range)
            .map_err(|error| Failure::Input(format!("memory {}: {error}", range.memory)))
    });
    let parts = Parts {
        frame: frame.map(|(number, frame)| json::frame(inspection, number, frame)),
        memory: memory.transpose()?,
    };
    write_json(&parts, out)
}

fn write_json(value: &impl Serialize, out: &mut dyn Write) -> Result<(), Failure> {
    serde_json::to_writer_pretty(json::Escaping(out), value).map_err(io::Error::from)?;
    Ok(writeln!(out)?)
}

impl Inspection<'_> {
    /// Returns a frame. The error states which frames exist.
    fn frame(&self, number: frame::Number) -> Result<&Frame, Failure> {
        let threads = self.dump.threads();
        let Some(thread) = threads.get(number.thread) else {
            return Err(Failure::Input(format!(
                "`{}` has no thread {}: it has {} of them, counted from 0",
                self.file,
                number.thread,
                threads.len()
            )));
        };
        thread.frames.get(number.frame).ok_or_else(|| {
            Failure::Input(format!(
                "thread {} of `{}` has no frame {}: it has {} of them, counted from 0",
                number.thread,
                self.file,
                number.frame,
                thread.frames.len()
            ))
        })
    }

    /// Returns a memory, and the part of a range that is in it. The error states which memories
    /// exist, or how large the memory is.
    fn memory(&self, range: hex::Range) -> Result<(&Memory<'_>, hex::Range), Failure> {
        let memories = self.dump.memories();
        let memory = memories.get(range.memory as usize).ok_or_else(|| {
            Failure::Input(format!(
                "`{}` has no memory {}: it has {} of them, counted from 0",
                self.file,
                range.memory,
                memories.len()
            ))
        })?;
        let range = range
            .clipped(memory)
            .map_err(|error| Failure::Input(format!("memory {}: {error}", range.memory)))?;
        Ok((memory, range))
    }
}
