//! The interactive page: stacks, frames, memory, globals, objects.
//!
//! The page is one file that loads nothing else. It contains its style, its script and the dump,
//! compressed in a format that browsers can decompress. The script inserts everything from the
//! dump as text, so names in a dump cannot become markup.
//!
//! # Why
//!
//! * Frames share data: a function's name, locals and code are in the page once.
//! * Only the visible rows of a list exist as elements, so a stack of 100,000 frames and a memory
//!   of 256 MiB scroll like small ones.
//! * The page contains as many bytes of memories as a browser opens without a noticeable pause
//!   ([`MOST_BYTES`]). If there are more, the bytes that frames and globals point to are
//!   preferred, and the page states that some are left out.

mod memory;
mod objects;
mod sources;
mod variables;

use super::disassembly;
use super::inspection::{Inspection, Subject, boundary, position, thread_state, type_of};
use super::{json, summary};
use backstitch::coredump::{Frame, ReasonKind, RefKind, Value};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use miniz_oxide::deflate::compress_to_vec_zlib;
use serde::Serialize;
use sources::{Position, Text, Texts};
use std::collections::BTreeMap;
use std::io::{self, Write};
use variables::Variables;

const HTML: &str = include_str!("page/page.html");
const STYLE: &str = include_str!("page/page.css");
/// The script, in the order of its dependencies.
const SCRIPT: &str = concat!(
    include_str!("page/list.js"),
    include_str!("page/lanes.js"),
    include_str!("page/memory.js"),
    include_str!("page/stacks.js"),
    include_str!("page/objects.js"),
    include_str!("page/sources.js"),
    include_str!("page/page.js"),
);

/// Number of bytes of memories in a page.
const MOST_BYTES: u64 = 16 << 20;

/// Number of instructions above which only those around a function's frames are shown.
const LONG: usize = 4000;

/// Number of instructions shown on either side of a frame's position in a long function.
const AROUND: usize = 200;

/// Number of runs of equal elements shown for a table.
const MOST_RUNS: usize = 1000;

/// Compression level, from 0 to 10: higher levels take longer and gain little.
const COMPRESSION: u8 = 6;

/// The data that the script reads.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Data<'i> {
    program: &'i str,
    /// The shape in which vectors are shown first.
    lanes: &'static str,
    producer: Option<&'i str>,
    has_details: bool,
    is_failure: bool,
    reason: Option<String>,
    /// The call and the instruction at which the program stopped.
    #[serde(rename = "where")]
    place: Option<String>,
    access: Option<String>,
    fuel: Option<u64>,
    configuration: BTreeMap<&'i str, u64>,
    functions: Vec<Function>,
    source_texts: Vec<Text>,
    threads: Vec<Thread<'i>>,
    stacks: Vec<json::Stack>,
    modules: Vec<json::Module>,
    instances: Vec<json::Instance>,
    memories: Vec<memory::Described>,
    globals: Vec<Global>,
    tables: Vec<Table>,
    objects: Option<objects::Objects>,
}

/// A function that frames are in.
#[derive(Serialize)]
struct Function {
    module: String,
    index: u32,
    name: String,
    signature: Option<String>,
    parameters: Option<usize>,
    /// Name and type of each local.
    locals: Vec<(Option<String>, Option<String>)>,
    code: Code,
    /// Source positions, by the offset of a frame's instruction.
    sources: BTreeMap<u64, Vec<Position>>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Code {
    /// Offset, depth and text of each instruction; `None` for a gap.
    Lines(Vec<Option<(u64, usize, String)>>),
    /// The reason why there is no code.
    Missing(String),
}

#[derive(Serialize)]
struct Thread<'i> {
    name: &'i str,
    state: Option<String>,
    complete: bool,
    frames: Vec<FrameRow>,
}

/// Function, instance, code offset, module offset, position, boundary, captured flag, locals,
/// operands, variables of the source.
type FrameRow = (
    usize,
    u32,
    u32,
    Option<u64>,
    Option<&'static str>,
    Option<&'static str>,
    Option<bool>,
    Vec<String>,
    Vec<String>,
    Option<Vec<json::Scope>>,
);

#[derive(Serialize)]
struct Global {
    #[serde(rename = "type")]
    ty: String,
    mutable: bool,
    value: String,
}

#[derive(Serialize)]
struct Table {
    #[serde(rename = "type")]
    ty: String,
    size: u64,
    /// Number of elements and their value, for each run.
    runs: Vec<(u64, String)>,
    /// Number of runs that are left out.
    more: usize,
}

/// Writes the page.
pub(crate) fn write(inspection: &Inspection<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut functions = Functions::default();
    let mut variables = Variables::new(inspection);
    let dump = &inspection.dump;
    let threads = dump.threads().iter().map(|thread| {
        variables.start_thread();
        let frames = thread.frames.iter();
        Thread {
            name: &thread.name,
            state: thread.state.and_then(thread_state),
            complete: thread.complete,
            frames: frames
                .map(|frame| functions.row(inspection, frame, &mut variables))
                .collect(),
        }
    });
    let threads = threads.collect();
    let (functions, source_texts) = functions.finish(inspection);
    let memories = memory::choose(dump, MOST_BYTES);
    let stopped = summary::stopped_in(inspection);
    let place = stopped.map(|(frame, subject)| {
        let call = summary::call(inspection, frame, &subject);
        match summary::operator_at(inspection, frame, &subject) {
            Some(operator) => format!("in {call}, at {operator}"),
            None => format!("in {call}"),
        }
    });
    let data = Data {
        program: summary::program(inspection),
        lanes: inspection.lanes.name(),
        producer: dump.producer(),
        has_details: dump.reason().is_some(),
        is_failure: dump.reason().is_some_and(|reason| {
            !matches!(
                reason.kind,
                ReasonKind::Requested
                    | ReasonKind::HostRequest
                    | ReasonKind::Breakpoint
                    | ReasonKind::Wait
            )
        }),
        reason: inspection.reason(),
        place,
        access: inspection.access(),
        fuel: dump.fuel(),
        configuration: dump
            .configuration()
            .iter()
            .map(|(name, value)| (name.as_str(), *value))
            .collect(),
        threads,
        functions,
        source_texts,
        stacks: json::stacks(inspection),
        modules: json::modules(inspection),
        instances: json::instances(inspection),
        globals: dump
            .globals()
            .iter()
            .map(|global| Global {
                ty: global.ty.to_string(),
                mutable: global.mutable,
                value: packed(inspection, &global.value),
            })
            .collect(),
        tables: dump
            .tables()
            .iter()
            .map(|entry| table(inspection, entry))
            .collect(),
        objects: objects::choose(inspection),
        memories: memories
            .iter()
            .map(|memory| memory.described.clone())
            .collect(),
    };
    let json = serde_json::to_vec(&data).map_err(io::Error::from)?;
    let mut parts = embedded("data", &json);
    for (index, memory) in memories.iter().enumerate() {
        parts.push_str(&embedded(&format!("memory-{index}"), &memory.bytes));
    }
    // Placeholders are searched only in the template, not in inserted text.
    let mut rest = HTML;
    for (mark, text) in [
        ("{{style}}", STYLE),
        ("{{data}}", &parts),
        ("{{script}}", SCRIPT),
    ] {
        let (before, after) = rest.split_once(mark).unwrap_or((rest, ""));
        out.write_all(before.as_bytes())?;
        out.write_all(text.trim_end().as_bytes())?;
        rest = after;
    }
    out.write_all(rest.as_bytes())
}

/// Encodes data so that HTML does not interpret it: compressed, then in base 64.
fn embedded(id: &str, bytes: &[u8]) -> String {
    let compressed = compress_to_vec_zlib(bytes, COMPRESSION);
    let text = STANDARD.encode(compressed);
    format!("<script type=\"application/octet-stream\" id=\"{id}\">{text}</script>\n")
}

/// The functions that frames are in, each once.
#[derive(Default)]
struct Functions {
    /// The functions, by module and index.
    known: BTreeMap<(Option<usize>, u32), Known>,
    texts: Texts,
}

struct Known {
    number: usize,
    /// The description for the frame with the most locals.
    subject: Subject,
    locals: usize,
    /// The source positions of the frames' instructions, by their offsets.
    sources: BTreeMap<u64, Vec<Position>>,
}

impl Functions {
    fn row(
        &mut self,
        inspection: &Inspection<'_>,
        frame: &Frame,
        variables: &mut Variables,
    ) -> FrameRow {
        let next = self.known.len();
        let key = (inspection.module_of(frame), frame.function);
        let known = self.known.entry(key).or_insert_with(|| Known {
            number: next,
            subject: inspection.subject(frame),
            locals: frame.locals.len(),
            sources: BTreeMap::new(),
        });
        if frame.locals.len() > known.locals {
            known.subject = inspection.subject(frame);
            known.locals = frame.locals.len();
        }
        let module_offset = known.subject.module_offset(frame);
        if let Some(offset) = module_offset {
            known.sources.entry(offset).or_insert_with(|| {
                let symbols = inspection.symbols(frame, &known.subject);
                self.texts.positions(inspection, &symbols)
            });
        }
        let pack = |values: &[Value]| {
            let values = values.iter();
            values.map(|value| packed(inspection, value)).collect()
        };
        (
            known.number,
            frame.instance,
            frame.code_offset,
            module_offset,
            frame.details.map(|details| position(details.position)),
            frame.details.and_then(|details| boundary(details.boundary)),
            frame.details.map(|details| details.captured),
            pack(&frame.locals),
            pack(&frame.operands),
            variables.of(inspection, frame, &known.subject),
        )
    }

    fn finish(self, inspection: &Inspection<'_>) -> (Vec<Function>, Vec<Text>) {
        let mut known: Vec<Known> = self.known.into_values().collect();
        known.sort_by_key(|known| known.number);
        let functions = known.into_iter().map(
            |Known {
                 subject, sources, ..
             }| Function {
                module: subject.module_name.clone(),
                index: subject.index,
                name: match &subject.name {
                    Some(name) => name.clone(),
                    None => format!("<wasm function {}>", subject.index),
                },
                signature: subject.signature.clone(),
                parameters: subject.parameters,
                locals: subject
                    .locals
                    .iter()
                    .map(|local| (local.name.clone(), local.ty.clone()))
                    .collect(),
                code: code(inspection, &subject, &sources),
                sources,
            },
        );
        (functions.collect(), self.texts.finish())
    }
}

/// Returns a function's instructions; for a long function only those around its frames.
fn code(
    inspection: &Inspection<'_>,
    subject: &Subject,
    sources: &BTreeMap<u64, Vec<Position>>,
) -> Code {
    let file = subject
        .module
        .and_then(|at| inspection.modules[at].as_ref());
    let Some(file) = file else {
        return Code::Missing(
            "The module's file is not known; provide it with --module.".to_string(),
        );
    };
    let lines = match disassembly::of_function(&file.bytes, &file.symbols, subject.index) {
        Ok(lines) => lines,
        Err(reason) => return Code::Missing(reason),
    };
    let mut shown = vec![lines.len() <= LONG; lines.len()];
    if lines.len() > LONG {
        for offset in sources.keys() {
            let at = lines.partition_point(|line| line.offset < *offset);
            let end = lines.len().min(at + AROUND + 1);
            shown[at.saturating_sub(AROUND).min(end)..end].fill(true);
        }
    }
    let mut kept = Vec::new();
    for (line, shown) in lines.into_iter().zip(shown) {
        if shown {
            kept.push(Some((line.offset, line.depth, line.text)));
        } else if !matches!(kept.last(), Some(None)) {
            kept.push(None);
        }
    }
    Code::Lines(kept)
}

/// Encodes a value for the script: a letter for its kind, followed by its text. For a float, the
/// bits precede the text, and for a reference to an object the object's number.
fn packed(inspection: &Inspection<'_>, value: &Value) -> String {
    let text = inspection.text(value);
    match value {
        Value::I32(_) => format!("i{text}"),
        Value::I64(_) => format!("l{text}"),
        Value::F32(bits) => format!("f{bits:08x}:{text}"),
        Value::F64(bits) => format!("d{bits:016x}:{text}"),
        Value::V128(bits) => format!("v{bits:032x}"),
        Value::Ref(RefKind::Any | RefKind::Exn, Some(number)) => {
            format!("o{number}:{}:{text}", type_of(value))
        }
        Value::Ref(..) => format!("r{}:{text}", type_of(value)),
        Value::Missing => "?".to_string(),
    }
}

fn table(inspection: &Inspection<'_>, table: &backstitch::coredump::Table) -> Table {
    let runs = table.elements.iter();
    Table {
        ty: table.ty.to_string(),
        size: runs
            .clone()
            .fold(0, |size, run| size.saturating_add(run.count)),
        runs: runs
            .take(MOST_RUNS)
            .map(|run| (run.count, packed(inspection, &run.value)))
            .collect(),
        more: table.elements.len().saturating_sub(MOST_RUNS),
    }
}
