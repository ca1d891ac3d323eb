//! What the standard sections of a core dump cannot say, in one custom section: the data,
//! [written](Extension::encode_head) and [read](Extension::decode).
//!
//! The other sections are a summary of this for tools that know nothing better; only the
//! bytes of memories, the names of instances and the standard's values are not repeated
//! here.
//!
//! [`SECTION`] says in which format.
//!
//! # Why
//!
//! * Readers of the standard sections are strict about them, so nothing may be added there.
//! * A format with parts and sizes can be written without knowing what else there will be,
//!   and skipped without understanding it.
//! * Values of frames are all here, also those that `corestack` has: with one complete list
//!   a reader never merges two.

mod decode;
mod encode;

pub use decode::Malformed;

use alloc::string::String;
use alloc::vec::Vec;

/// The name of the custom section in which a dump says what the standard sections cannot.
///
/// # Format
///
/// The custom section holds the version (an unsigned LEB128 number, [`VERSION`]), and then
/// parts: an id byte, the size of the contents in bytes, the contents. Parts come in the order
/// of their ids. A reader skips those whose id it does not know, and bytes behind the contents
/// that it knows; so the version changes only where what was there has changed its meaning.
///
/// ```text
/// id  part            contents
///  0  producer        name and version: string
///  1  reason          kind: byte, trap: option(string), message: string, access: option(access)
///  2  configuration   vec(name: string, value: number)
///  3  fuel            number; the part is missing where fuel is not counted
///  4  types           vec(type definition)
///  5  modules         vec(name: option(string), size: number, sha256: 32 bytes)
///  6  functions       vec(function)
///  7  instances       vec(module, imported functions: vec(function), tables: vec(table),
///                         tags: vec(tag), dropped data: vec(segment), dropped elements: vec(segment))
///  8  memories        vec(size: number, shared: flag, kept: vec(start: number, length: number))
///  9  globals         vec(type, value)
/// 10  table           type, 64-bit: flag, maximum: option(number), vec(count: number, value);
///                     one part for each table
/// 11  tags            vec(type definition's index)
/// 12  stacks          vec(number, continuation: flag, state: byte, parent: option(stack),
///                         function: option(function), revision: number, bound: vec(value),
///                         handlers: vec(tag, switch: flag, label: number))
/// 13  thread          name: string, complete: flag, vec(frame); one part for each `corestack`
///
/// frame           := stack, instance, function: number, code offset: number, position: byte,
///                    boundary: byte, captured: flag, locals: vec(value), operands: vec(value)
/// function        := 0x00 instance function: number | 0x01 type definition's index
/// type definition := 0x60 vec(type) vec(type) | 0x5d type definition's index | 0x00
/// type            := 0x7f | 0x7e | 0x7d | 0x7c | 0x7b | 0x63 heap | 0x64 heap
/// heap            := abstract heap type: byte | 0x00 type definition's index
/// value           := 0x7f number | 0x7e number | 0x7d 4 bytes | 0x7c 8 bytes | 0x7b 16 bytes
///                  | reference kind: byte option(number) | 0x01
/// access          := memory index: number, address: number, offset: number, size: number
/// ```
///
/// Numbers, and the indices that are not said to be bytes, are unsigned LEB128 of up to 64
/// bits; an `i32` or `i64` is the number with the same bits. Floats and vectors are
/// little-endian. A `string` is its length in bytes and UTF-8; `vec` is a count and as
/// many; `option` is a flag and perhaps one; a flag is the byte 0 or 1. Types have the
/// bytes of the WebAssembly binary format. `stack`, `instance`, `function`, `table`,
/// `tag`, `memory` and `module` are indices into the parts of these names, which for
/// memories, globals, modules and instances are those of the dump's standard sections
/// too, except that shared memories, which have no bytes in a dump, stand in the part
/// `memories` alone.
pub const SECTION: &str = "backstitch.coredump";
/// The version that is written, and the only one that is read.
pub const VERSION: u64 = 1;

/// The contents of the section.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extension {
    /// Name and version of the program that wrote it.
    pub producer: String,
    /// Why there is a dump.
    pub reason: Reason,
    /// What of the configuration a guest can see, by name: limits as they are, switches
    /// as 0 and 1.
    pub configuration: Vec<(String, u64)>,
    /// Fuel left; none where fuel is not counted.
    pub fuel: Option<u64>,
    /// The types that others refer to.
    pub types: Vec<TypeDefinition>,
    /// The modules, as in `coremodules`.
    pub modules: Vec<Module>,
    /// The functions that references can refer to.
    pub functions: Vec<Function>,
    /// The instances, as in `coreinstances`.
    pub instances: Vec<Instance>,
    /// The memories: those of the memory section, and shared ones after them.
    pub memories: Vec<Memory>,
    /// The globals, as in the global section.
    pub globals: Vec<Global>,
    /// The tables of the store.
    pub tables: Vec<Table>,
    /// The tags of the store.
    pub tags: Vec<Tag>,
    /// The stacks of the store that are in use.
    pub stacks: Vec<Stack>,
    /// The frames of each `corestack` section.
    pub threads: Vec<Thread>,
}

/// Why there is a dump.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reason {
    /// The kind of reason.
    pub kind: ReasonKind,
    /// Which trap, by the name of its [`Trap`](crate::code::Trap).
    pub trap: Option<String>,
    /// The message for people; empty where there is none.
    pub message: String,
    /// The access that was out of bounds, if that was why.
    pub access: Option<Access>,
}

/// What happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum ReasonKind {
    /// Nothing: somebody asked for a dump.
    #[default]
    Requested = 0,
    /// A trap.
    Trap = 1,
    /// A host function returned an error.
    HostError = 2,
    /// No fuel is left.
    OutOfFuel = 3,
    /// An interruption from outside.
    Interrupt = 4,
    /// An epoch deadline.
    Epoch = 5,
    /// A host function has suspended the execution.
    HostRequest = 6,
    /// An exception that nothing caught.
    UncaughtException = 7,
    /// A suspension that nothing handled.
    UnhandledTag = 8,
    /// A breakpoint, or the end of a step.
    Breakpoint = 9,
}

/// An access to a memory or a table of the running instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    /// The memory, as an index into [`CoreDump::memories`](super::reader::CoreDump::memories).
    pub memory: u32,
    /// The address operand, in bytes.
    pub address: u64,
    /// The instruction's offset, which is added to it.
    pub offset: u64,
    /// The bytes accessed.
    pub size: u64,
}

/// A type definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TypeDefinition {
    /// A function's parameters and results.
    Func(Vec<Type>, Vec<Type>),
    /// A continuation of a function type.
    Cont(u32),
    /// One that this version does not describe.
    Other,
}

/// The type of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// A 32-bit integer.
    I32,
    /// A 64-bit integer.
    I64,
    /// A 32-bit float.
    F32,
    /// A 64-bit float.
    F64,
    /// A vector.
    V128,
    /// A reference.
    Ref {
        /// Whether null is among its values.
        nullable: bool,
        /// What it refers to.
        heap: Heap,
    },
}

/// What a reference type refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heap {
    /// An abstract heap type, by its byte in the binary format: `0x70` for `func`.
    Abstract(u8),
    /// Things of a type of [`CoreDump::types`](super::reader::CoreDump::types).
    Concrete(u32),
}

/// A value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    /// A 32-bit integer's bits.
    I32(u32),
    /// A 64-bit integer's bits.
    I64(u64),
    /// A 32-bit float's bits.
    F32(u32),
    /// A 64-bit float's bits.
    F64(u64),
    /// A vector's bits.
    V128(u128),
    /// A reference; null without a number. See [`RefKind`] for what the number says.
    Ref(RefKind, Option<u64>),
    /// It is not known.
    Missing,
}

/// What a reference refers to, by the byte of the top of its hierarchy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum RefKind {
    /// A function, by its index in [`CoreDump::functions`](super::reader::CoreDump::functions).
    Func = 0x70,
    /// A value of the host's, by its number in the store.
    Extern = 0x6f,
    /// A structure or array, by its number in the store.
    Any = 0x6e,
    /// A 31-bit integer: the number is its value.
    I31 = 0x6c,
    /// An exception, by its number in the store.
    Exn = 0x69,
    /// A continuation: the number of its stack, and above its 32 bits the revision.
    Cont = 0x68,
}

/// A module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Module {
    /// Its name, if its name section has one.
    pub name: Option<String>,
    /// The size of its binary in bytes.
    pub size: u64,
    /// The SHA-256 of its binary.
    pub sha256: [u8; 32],
}

/// A function that references can refer to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    /// One of an instance, by its index in the module.
    Wasm {
        /// The instance.
        instance: u32,
        /// The function.
        index: u32,
    },
    /// One of the host's.
    Host {
        /// Its type, as an index into [`CoreDump::types`](super::reader::CoreDump::types).
        ty: u32,
    },
}

/// An instance.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Instance {
    /// Its module.
    pub module: u32,
    /// Its imported functions, as indices into [`CoreDump::functions`](super::reader::CoreDump::functions).
    pub imported_functions: Vec<u32>,
    /// Its tables, imported ones first.
    pub tables: Vec<u32>,
    /// Its tags, imported ones first.
    pub tags: Vec<u32>,
    /// The data segments that have been dropped.
    pub dropped_data: Vec<u32>,
    /// The element segments that have been dropped.
    pub dropped_elements: Vec<u32>,
}

/// A memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Memory {
    /// Its size in bytes.
    pub size: u64,
    /// Whether it is shared between threads: then it is not in the memory section.
    pub shared: bool,
    /// The runs of bytes that the dump keeps, as start and length, ascending; the others
    /// are not known. Bytes of these that no data segment has are zero.
    pub kept: Vec<(u64, u64)>,
}

/// A global.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Global {
    /// The type of its value.
    pub ty: Type,
    /// Its value.
    pub value: Value,
}

/// A table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// The type of its elements.
    pub ty: Type,
    /// Whether its indices are 64-bit.
    pub table64: bool,
    /// The most elements it may have, where its type says so.
    pub maximum: Option<u64>,
    /// Its elements, as runs of equal ones.
    pub elements: Vec<Run>,
}

/// Equal elements of a table, one after another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// How many.
    pub count: u64,
    /// Each of them.
    pub value: Value,
}

/// A tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tag {
    /// Its type, as an index into [`CoreDump::types`](super::reader::CoreDump::types).
    pub ty: u32,
}

/// A stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stack {
    /// Its number in the store.
    pub number: u32,
    /// Whether it is a continuation's, and not that of a call from the host.
    pub continuation: bool,
    /// What it is doing.
    pub state: StackState,
    /// The stack that waits for it: where it was resumed, or from which the host was
    /// called that made this call.
    pub parent: Option<u32>,
    /// The function that was called on it.
    pub function: Option<u32>,
    /// How often it has been resumed: references with another revision are consumed.
    pub revision: u64,
    /// Arguments that are bound and not yet passed.
    pub bound: Vec<Value>,
    /// The clauses of the instruction that resumed it, in order.
    pub handlers: Vec<Handler>,
}

/// What a stack is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum StackState {
    /// Nothing has run on it yet.
    Fresh = 0,
    /// It runs, or has called the host.
    Running = 1,
    /// It waits for a stack that it has resumed.
    Parent = 2,
    /// It waits to go on.
    Suspended = 3,
    /// Its function has returned.
    Returned = 4,
    /// It has trapped.
    Trapped = 5,
}

/// A clause of a resume instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Handler {
    /// The tag, as an index into [`CoreDump::tags`](super::reader::CoreDump::tags).
    pub tag: u32,
    /// Whether it is for `switch`, and not for `suspend`.
    pub switch: bool,
    /// The label that a suspension branches to, as a depth at the instruction.
    pub label: u32,
}

/// The frames of one `corestack` section.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Thread {
    /// Its name.
    pub name: String,
    /// Whether all of its frames are here: there may not have been memory for them.
    pub complete: bool,
    /// The frames, the youngest first.
    pub frames: Vec<Frame>,
}

/// A frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The stack that it stands on, as an index into [`CoreDump::stacks`](super::reader::CoreDump::stacks).
    pub stack: u32,
    /// The instance that runs in it.
    pub instance: u32,
    /// The function's index in its module.
    pub function: u32,
    /// The offset of the instruction from the start of the function's body.
    pub code_offset: u32,
    /// Where it stands at that instruction.
    pub position: Position,
    /// What lies between it and its caller.
    pub boundary: Boundary,
    /// Whether its values are here: there may not have been memory for them.
    pub captured: bool,
    /// Its locals, parameters first.
    pub locals: Vec<Value>,
    /// Its operand stack, the lowest first.
    pub operands: Vec<Value>,
}

/// Where a frame stands at its instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Position {
    /// Before it: its operands are on the stack.
    Before = 0,
    /// In it, as it trapped: its operands are on the stack.
    Trapped = 1,
    /// In the call that it is: the arguments have left the stack.
    Calling = 2,
}

/// What lies between a frame and the next older one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Boundary {
    /// Nothing: its caller is of the same instance.
    None = 0,
    /// Nothing but a change of the instance.
    Instance = 1,
    /// The host, and whatever it has called of other stores.
    Host = 2,
    /// The end of a continuation's stack.
    Continuation = 3,
}

#[cfg(test)]
mod tests;
