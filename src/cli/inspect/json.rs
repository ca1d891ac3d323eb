//! JSON output: the contents of the text output, for programs. Fields are written in the order of
//! their declaration.

use super::frame::{self, Number};
use super::heap::{self, Class, Heap};
use super::hex::Range;
use super::inspection::{
    Inspection, Local, Subject, bits_of, boundary, position, state_name, type_of,
};
use super::modules::hex;
use super::object::{self, object_in};
use super::variables;
use crate::cli::names::is_misleading;
use crate::cli::sources::Source;
use backstitch::SourceVariable;
use backstitch::coredump::{self, Contents, Frame, ObjectKind, ObjectType, ThreadState, Value};
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::{self, Write};

/// Number of instructions given before and after the current one.
const AROUND: usize = 32;

/// A whole dump, except the bytes of its memories.
#[derive(Serialize)]
pub(crate) struct Dump {
    program: String,
    producer: Option<String>,
    reason: Reason,
    fuel: Option<u64>,
    configuration: BTreeMap<String, u64>,
    threads: Vec<Thread>,
    stacks: Vec<Stack>,
    modules: Vec<Module>,
    instances: Vec<Instance>,
    memories: Vec<Memory>,
    globals: Vec<Global>,
    tables: Vec<Table>,
    reached: Option<Reached>,
    objects: Vec<Object>,
}

#[derive(Serialize)]
struct Reason {
    kind: Option<String>,
    trap: Option<String>,
    message: Option<String>,
    access: Option<Access>,
}

#[derive(Serialize)]
struct Access {
    memory: u32,
    address: u64,
    offset: u64,
    size: u64,
}

#[derive(Serialize)]
struct Thread {
    name: String,
    state: Option<&'static str>,
    waits_at: Option<Place>,
    complete: bool,
    frames: Vec<FrameEntry>,
}

/// An address of a memory.
#[derive(Serialize)]
struct Place {
    memory: u32,
    address: u64,
}

/// A frame in a list.
#[derive(Serialize)]
pub(crate) struct FrameEntry {
    frame: usize,
    instance: u32,
    module: Option<usize>,
    function: u32,
    name: Option<String>,
    signature: Option<String>,
    parameters: Option<usize>,
    code_offset: u32,
    module_offset: Option<u64>,
    source: Vec<Source>,
    stack: Option<u32>,
    position: Option<&'static str>,
    boundary: Option<&'static str>,
    locals: Vec<Named>,
    operands: Vec<Typed>,
}

/// A frame with the code around its position.
#[derive(Serialize)]
pub(crate) struct FullFrame {
    #[serde(flatten)]
    entry: FrameEntry,
    /// The variables of the source, of functions that were inlined into each other.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    variables: Vec<Scope>,
    code: Vec<Operator>,
}

/// A function and its variables.
#[derive(Serialize)]
pub(crate) struct Scope {
    function: Option<String>,
    variables: Vec<Variable>,
}

#[derive(Serialize)]
struct Variable {
    name: Option<String>,
    #[serde(rename = "type")]
    ty: String,
    value: Option<String>,
    parameter: bool,
}

#[derive(Serialize)]
struct Operator {
    offset: u64,
    depth: usize,
    text: String,
    here: bool,
}

#[derive(Serialize)]
struct Named {
    name: Option<String>,
    #[serde(flatten)]
    value: Typed,
}

/// A value. Numbers are strings because many JSON parsers have only floats.
#[derive(Serialize)]
struct Typed {
    #[serde(rename = "type")]
    ty: String,
    value: Option<String>,
    bits: Option<String>,
}

/// A stack.
#[derive(Serialize)]
pub(crate) struct Stack {
    number: u32,
    continuation: bool,
    state: &'static str,
    parent: Option<u32>,
    revision: u64,
    /// The function that was called on the stack.
    function: Option<String>,
    bound: Vec<Typed>,
    handlers: Vec<Handler>,
    /// The thread that contains the stack's frames, and the number of the youngest of them.
    thread: Option<usize>,
    frame: Option<usize>,
    frames: usize,
}

/// A clause of the instruction that resumed a stack.
#[derive(Serialize)]
struct Handler {
    tag: u32,
    switch: bool,
}

/// A module and its file.
#[derive(Serialize)]
pub(crate) struct Module {
    name: String,
    size: Option<u64>,
    sha256: Option<String>,
    file: Option<String>,
    verified: bool,
}

/// An instance.
#[derive(Serialize)]
pub(crate) struct Instance {
    module: u32,
    memories: Vec<Option<u32>>,
    globals: Vec<u32>,
    tables: Vec<u32>,
}

#[derive(Serialize)]
struct Memory {
    size: u64,
    pages: u64,
    page_size: u64,
    maximum_pages: Option<u64>,
    is_64: bool,
    chunks: Vec<(u64, u64)>,
}

#[derive(Serialize)]
struct Global {
    mutable: bool,
    #[serde(flatten)]
    value: Typed,
}

#[derive(Serialize)]
struct Table {
    #[serde(rename = "type")]
    ty: String,
    elements: Vec<Elements>,
}

#[derive(Serialize)]
struct Elements {
    count: u64,
    value: Option<String>,
}

/// The numbers of all objects that could be reached, and of their bytes.
#[derive(Serialize)]
struct Reached {
    objects: u64,
    bytes: u64,
}

/// An object, and its contents.
#[derive(Serialize)]
struct Object {
    kind: &'static str,
    #[serde(rename = "type")]
    ty: Option<String>,
    tag: Option<u32>,
    module: Option<u32>,
    type_index: Option<u32>,
    size: u64,
    /// The fields or elements. It is empty for arrays of numbers.
    contents: Vec<Item>,
    /// The elements of an array of numbers, in little-endian byte order, as hexadecimal digits.
    bytes: Option<String>,
    text: Option<String>,
}

/// A field, or a run of equal elements.
#[derive(Serialize)]
struct Item {
    index: u64,
    count: u64,
    name: Option<String>,
    #[serde(flatten)]
    value: Typed,
    object: Option<u64>,
}

/// An object with its place among the others.
#[derive(Serialize)]
pub(crate) struct FullObject {
    object: u32,
    #[serde(flatten)]
    contents: Object,
    retained: u64,
    referrers: Vec<Step>,
    path: Vec<Step>,
}

/// A reference.
#[derive(Serialize)]
struct Step {
    object: Option<u32>,
    holder: String,
    place: String,
}

/// The types of objects.
#[derive(Serialize)]
pub(crate) struct Types {
    reached: Option<Reached>,
    /// The number of objects in the dump.
    shown: usize,
    types: Vec<Type>,
}

#[derive(Serialize)]
struct Type {
    #[serde(rename = "type")]
    ty: String,
    objects: u64,
    bytes: u64,
    retained: u64,
}

/// A range of a memory.
#[derive(Serialize)]
pub(crate) struct Bytes {
    memory: u32,
    address: u64,
    /// The bytes, as two hexadecimal digits each.
    bytes: String,
}

/// A writer of JSON that escapes the characters of strings that a terminal would interpret. JSON
/// has such characters only in strings.
pub(crate) struct Escaping<'o>(pub(crate) &'o mut dyn Write);

impl Write for Escaping<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        let is_escaped = |character| character != '\n' && is_misleading(character);
        // The serializer writes whole strings, or their parts between escapes.
        let Ok(text) = std::str::from_utf8(bytes) else {
            return self.0.write_all(bytes);
        };
        if !text.contains(is_escaped) {
            return self.0.write_all(bytes);
        }
        for character in text.chars() {
            if is_escaped(character) {
                write!(self.0, "\\u{:04x}", u32::from(character))?;
            } else {
                write!(self.0, "{character}")?;
            }
        }
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Converts a whole dump, except the bytes of its memories.
pub(crate) fn dump(inspection: &Inspection<'_>) -> Dump {
    let dump = &inspection.dump;
    let threads = dump.threads().iter().map(|thread| Thread {
        name: thread.name.clone(),
        state: thread.state.map(|state| match state {
            ThreadState::Running => "running",
            ThreadState::Ready => "ready",
            ThreadState::Waiting { .. } => "waiting",
            ThreadState::Blocked => "blocked",
            ThreadState::Detached => "detached",
        }),
        waits_at: match thread.state {
            Some(ThreadState::Waiting { memory, address }) => Some(Place { memory, address }),
            _ => None,
        },
        complete: thread.complete,
        frames: thread
            .frames
            .iter()
            .enumerate()
            .map(|(number, frame)| entry(inspection, number, frame))
            .collect(),
    });
    Dump {
        program: dump.name().to_string(),
        producer: dump.producer().map(str::to_string),
        reason: reason(inspection),
        fuel: dump.fuel(),
        configuration: dump.configuration().iter().cloned().collect(),
        threads: threads.collect(),
        stacks: stacks(inspection),
        modules: modules(inspection),
        instances: instances(inspection),
        memories: dump.memories().iter().map(memory).collect(),
        globals: dump
            .globals()
            .iter()
            .map(|global| Global {
                mutable: global.mutable,
                value: typed(inspection, &global.value, Some(global.ty.to_string())),
            })
            .collect(),
        reached: reached(inspection),
        objects: dump
            .objects()
            .iter()
            .map(|object| self::contents(inspection, object))
            .collect(),
        tables: dump
            .tables()
            .iter()
            .map(|table| Table {
                ty: table.ty.to_string(),
                elements: table
                    .elements
                    .iter()
                    .map(|run| Elements {
                        count: run.count,
                        value: known(inspection, &run.value),
                    })
                    .collect(),
            })
            .collect(),
    }
}

/// Converts a frame, with the code around its position.
pub(crate) fn frame(inspection: &Inspection<'_>, number: Number, frame: &Frame) -> FullFrame {
    let subject = inspection.subject(frame);
    // Without the module's file there is no code.
    let (lines, at) = frame::code(inspection, frame, &subject, AROUND).unwrap_or_default();
    let operator = |(index, line): (usize, super::disassembly::Line)| Operator {
        offset: line.offset,
        depth: line.depth,
        text: line.text,
        here: Some(index) == at,
    };
    FullFrame {
        entry: entry(inspection, number.frame, frame),
        variables: scopes(inspection, frame, &subject),
        code: lines.into_iter().enumerate().map(operator).collect(),
    }
}

/// The variables of a frame's source.
pub(crate) fn scopes(inspection: &Inspection<'_>, frame: &Frame, subject: &Subject) -> Vec<Scope> {
    let variable = |variable: SourceVariable| Variable {
        name: variable.name,
        ty: variable.ty,
        value: variable.value,
        parameter: variable.is_parameter,
    };
    let scopes = variables::scopes(inspection, frame, subject);
    let scopes = scopes.into_iter().map(|scope| Scope {
        function: scope.function,
        variables: scope.variables.into_iter().map(variable).collect(),
    });
    scopes.collect()
}

fn reached(inspection: &Inspection<'_>) -> Option<Reached> {
    let reached = inspection.dump.reached()?;
    Some(Reached {
        objects: reached.objects,
        bytes: reached.bytes,
    })
}

fn contents(inspection: &Inspection<'_>, object: &coredump::Object) -> Object {
    let ty = inspection.dump.object_type(object);
    let (kind, tag) = match object.kind {
        ObjectKind::Struct(_) => ("structure", None),
        ObjectKind::Array(_) => ("array", None),
        ObjectKind::Exception(tag) => ("exception", Some(tag)),
    };
    let bytes = match &object.contents {
        Contents::Bytes(bytes) => Some(hex(bytes)),
        _ => None,
    };
    let items = bytes.is_none().then(|| object::items(inspection, object));
    let items = items.into_iter().flatten().map(|item| Item {
        index: item.index,
        count: item.count,
        name: item.name,
        object: object_in(&item.value),
        value: typed(inspection, &item.value, Some(item.ty)),
    });
    Object {
        kind,
        ty: ty.map(ObjectType::name),
        tag,
        module: ty.and_then(|ty| ty.module),
        type_index: ty.map(|ty| ty.index),
        size: object.size,
        contents: items.collect(),
        bytes,
        text: heap::text(inspection, object),
    }
}

/// Converts an object, with its place among the others.
pub(crate) fn object(
    inspection: &Inspection<'_>,
    heap: &Heap,
    number: u32,
    object: &coredump::Object,
) -> FullObject {
    let step = |step: heap::Step| Step {
        object: step.object,
        holder: step.holder,
        place: step.place,
    };
    FullObject {
        object: number,
        contents: contents(inspection, object),
        retained: heap.retained(number),
        referrers: heap.referrers(number).map(step).collect(),
        path: heap.path(number).into_iter().map(step).collect(),
    }
}

/// Converts the list of types.
pub(crate) fn types(inspection: &Inspection<'_>, classes: &[Class]) -> Types {
    let ty = |class: &Class| Type {
        ty: class.name.clone(),
        objects: class.objects,
        bytes: class.bytes,
        retained: class.retained,
    };
    Types {
        reached: reached(inspection),
        shown: inspection.dump.objects().len(),
        types: classes.iter().map(ty).collect(),
    }
}

/// Converts a range of a memory.
///
/// # Errors
///
/// If the range is not within the memory, or too large.
pub(crate) fn bytes(
    memory: &backstitch::coredump::Memory<'_>,
    range: Range,
) -> Result<Bytes, String> {
    range.end_in(memory).map_err(|error| error.to_string())?;
    let mut buffer = Vec::new();
    let len = usize::try_from(range.len).unwrap_or(usize::MAX);
    buffer
        .try_reserve_exact(len)
        .map_err(|_| format!("{len} bytes cannot be allocated"))?;
    buffer.resize(len, 0);
    memory
        .read(range.address, &mut buffer)
        .map_err(|error| error.to_string())?;
    Ok(Bytes {
        memory: range.memory,
        address: range.address,
        bytes: hex(&buffer),
    })
}

fn reason(inspection: &Inspection<'_>) -> Reason {
    let reason = inspection.dump.reason();
    Reason {
        kind: reason.map(|reason| format!("{:?}", reason.kind)),
        trap: reason.and_then(|reason| reason.trap.clone()),
        message: inspection.reason(),
        access: reason
            .and_then(|reason| reason.access)
            .map(|access| Access {
                memory: access.memory,
                address: access.address,
                offset: access.offset,
                size: access.size,
            }),
    }
}

fn entry(inspection: &Inspection<'_>, number: usize, frame: &Frame) -> FrameEntry {
    let subject = inspection.subject(frame);
    let locals = frame.locals.iter().enumerate().map(|(at, value)| {
        let Local { name, ty } = subject.local(at);
        Named {
            name,
            value: typed(inspection, value, ty),
        }
    });
    let operands = frame.operands.iter();
    FrameEntry {
        frame: number,
        instance: frame.instance,
        module: subject.module,
        function: frame.function,
        name: subject.name.clone(),
        signature: subject.signature.clone(),
        parameters: subject.parameters,
        code_offset: frame.code_offset,
        module_offset: subject.module_offset(frame),
        source: inspection
            .symbols(frame, &subject)
            .iter()
            .map(Source::from)
            .collect(),
        stack: frame.details.map(|details| details.stack),
        position: frame.details.map(|details| position(details.position)),
        boundary: frame.details.and_then(|details| boundary(details.boundary)),
        locals: locals.collect(),
        operands: operands
            .map(|value| typed(inspection, value, None))
            .collect(),
    }
}

fn typed(inspection: &Inspection<'_>, value: &Value, ty: Option<String>) -> Typed {
    Typed {
        ty: ty.unwrap_or_else(|| type_of(value).to_string()),
        value: known(inspection, value),
        bits: bits_of(value),
    }
}

/// Formats a value, unless it is missing. A vector is hexadecimal, whatever people selected.
fn known(inspection: &Inspection<'_>, value: &Value) -> Option<String> {
    match value {
        Value::Missing => None,
        Value::V128(_) => bits_of(value),
        _ => Some(inspection.text(value)),
    }
}

/// Converts the stacks of a dump.
pub(crate) fn stacks(inspection: &Inspection<'_>) -> Vec<Stack> {
    let stacks = inspection.dump.stacks().iter();
    let mut stacks: Vec<Stack> = stacks
        .map(|stack| Stack {
            number: stack.number,
            continuation: stack.continuation,
            state: state_name(stack.state),
            parent: stack.parent,
            revision: stack.revision,
            function: stack
                .function
                .map(|index| inspection.function(index.into())),
            bound: stack
                .bound
                .iter()
                .map(|value| typed(inspection, value, None))
                .collect(),
            handlers: stack
                .handlers
                .iter()
                .map(|handler| Handler {
                    tag: handler.tag,
                    switch: handler.switch,
                })
                .collect(),
            thread: None,
            frame: None,
            frames: 0,
        })
        .collect();
    for (thread, entry) in inspection.dump.threads().iter().enumerate() {
        for (number, frame) in entry.frames.iter().enumerate() {
            let stack = frame.details.map(|details| details.stack as usize);
            let Some(stack) = stack.and_then(|at| stacks.get_mut(at)) else {
                continue;
            };
            stack.thread.get_or_insert(thread);
            stack.frame.get_or_insert(number);
            stack.frames += 1;
        }
    }
    stacks
}

/// Converts the modules of a dump.
pub(crate) fn modules(inspection: &Inspection<'_>) -> Vec<Module> {
    let modules = inspection.listed.iter().zip(inspection.modules);
    modules
        .map(|(module, file)| Module {
            name: module.name.clone(),
            size: module.identity.map(|identity| identity.size),
            sha256: module.identity.map(|identity| hex(&identity.sha256)),
            file: file.as_ref().map(|file| file.place()),
            verified: file.as_ref().is_some_and(|file| file.is_verified),
        })
        .collect()
}

/// Converts the instances of a dump.
pub(crate) fn instances(inspection: &Inspection<'_>) -> Vec<Instance> {
    let instances = inspection.dump.instances().iter();
    instances
        .map(|instance| Instance {
            module: instance.module,
            memories: instance
                .memories
                .iter()
                .map(|index| (*index != u32::MAX).then_some(*index))
                .collect(),
            globals: instance.globals.clone(),
            tables: match &instance.details {
                Some(details) => details.tables.clone(),
                None => Vec::new(),
            },
        })
        .collect()
}

fn memory(memory: &backstitch::coredump::Memory<'_>) -> Memory {
    let chunks = memory.chunks();
    Memory {
        size: memory.size(),
        pages: memory.pages(),
        page_size: memory.page_size(),
        maximum_pages: memory.maximum(),
        is_64: memory.is_64(),
        chunks: chunks
            .map(|(address, bytes)| (address, bytes.len() as u64))
            .collect(),
    }
}
