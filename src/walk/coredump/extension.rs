//! The custom section that Backstitch adds to a core dump, for everything that the standard
//! sections cannot express: its data types, [writing](Extension::encode_head) and
//! [reading](Extension::decode).
//!
//! The other sections are a summary for tools that do not know this section. Only the bytes of
//! memories, the names of instances and the standard's values are not repeated here.
//!
//! [`SECTION`] documents the format.
//!
//! # Why
//!
//! * Readers of the standard sections are strict, so nothing may be added to those.
//! * A format of parts with sizes can be written without knowledge of later parts, and a reader
//!   can skip parts that it does not know.
//! * All values of frames are in this section, including those that `corestack` has: with one
//!   complete list a reader never merges two.

mod decode;
mod encode;
mod object;
mod snapshot;

pub use decode::Malformed;
pub(super) use encode::{Items, module_bytes, object, objects};
pub use object::{
    Contents, Field, Object, ObjectKind, ObjectType, Objects, Root, RootKind, Storage,
};
pub use snapshot::{
    Awaits, ExecutionName, Hidden, HostFunction, HostValue, NumberState, Place, Segment, Snapshot,
    StackNumber, StackRest, Wait, WaitState,
};

use alloc::string::String;
use alloc::vec::Vec;

/// Name of the custom section that Backstitch adds to core dumps.
///
/// # Format
///
/// The custom section contains the version (an unsigned LEB128 number, [`VERSION`]), followed by
/// parts: an id byte, the size of the contents in bytes, and the contents. Parts are in the order
/// of their ids. A reader skips parts with unknown ids and bytes behind the known contents of a
/// part, so the version changes only if existing contents change their meaning.
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
/// 13  thread          name: string, complete: flag, vec(frame), state: option(thread state);
///                     one part for each `corestack`
/// 14  object types    vec(object type)
/// 15  objects         reached: number, bytes: number, vec(object); the part is missing if there was
///                     no memory for the list of objects
/// 16  other roots     vec(root)
/// 17  snapshot        vec(stack number), free: vec(number), vec(rest of a stack),
///                         waits: vec(stack number, memory, address: number, state: byte),
///                         names: vec(stack number, string), debt: number, spent: number,
///                         epoch: number, host functions: vec(function, string, string),
///                         next value: number, host values: vec(number, vec(byte)),
///                         hidden: vec(thread, frame, vec(value)),
///                         elements: vec(instance, segment, vec(value)),
///                         pending: option(value), data: vec(byte); only in snapshots
/// 18  module bytes    module, vec(byte); one part for each module that a snapshot contains
///
/// thread state    := 0x00 | 0x01 | 0x02 memory, address: number | 0x03 | 0x04
/// frame           := stack, instance, function: number, code offset: number, position: byte,
///                    boundary: byte, captured: flag, locals: vec(value), operands: vec(value)
/// function        := 0x00 instance function: number | 0x01 type definition's index
/// type definition := 0x60 vec(type) vec(type) | 0x5d type definition's index | 0x00
/// type            := 0x7f | 0x7e | 0x7d | 0x7c | 0x7b | 0x63 heap | 0x64 heap
/// heap            := abstract heap type: byte | 0x00 type definition's index
/// value           := 0x7f number | 0x7e number | 0x7d 4 bytes | 0x7c 8 bytes | 0x7b 16 bytes
///                  | reference kind: byte option(number) | 0x01
/// object type     := type definition's index, array: flag, module: option(module), index in the
///                    module: number, name: option(string), supertype: option(type definition's
///                    index), vec(name: option(string), mutable: flag, storage)
/// storage         := 0x78 | 0x77 | type
/// object          := kind, size: number, contents
/// kind            := 0x5f object type's index | 0x5e object type's index | 0x69 tag
/// contents        := 0x00 vec(value) | 0x01 vec(count: number, value) | 0x02 vec(byte)
/// root            := 0x00 value | 0x01 instance, segment: number, value
///                  | 0x02 thread, frame: number, value
/// stack number    := state: byte, revision: number
/// rest of a stack := first revision: number, place: byte, awaits, crosses: flag,
///                    base: option(instance), handles: vec(tag), out of fuel: flag,
///                    yielded: option(number)
/// awaits          := 0x00 | 0x01 function | 0x02 tag
/// access          := memory index: number, address: number, offset: number, size: number
/// ```
///
/// Numbers, and indices without a stated size, are unsigned LEB128 of up to 64 bits; an `i32` or
/// `i64` is the number with the same bits. Floats and vectors are little-endian. A `string` is
/// its length in bytes and UTF-8; `vec` is a count and that many items; `option` is a flag and,
/// if that is 1, an item; a flag is the byte 0 or 1. Types have the bytes of the WebAssembly
/// binary format. `stack`, `instance`, `function`, `table`, `tag`, `memory` and `module` are
/// indices into the parts of these names. For memories, globals, modules and instances these are
/// also the indices of the dump's standard sections, except that shared memories whose bytes are
/// left out occur only in the part `memories`, behind the others.
///
/// # Objects
///
/// The part `objects` contains the structures, arrays and exceptions that can be reached. They are
/// numbered from 0 in the order in which a breadth-first search finds them: first those to which
/// frames, stacks, globals, tables and other roots refer, in this order, then those to which these
/// refer, and so on. References of the kinds `0x6e` and `0x69` contain this number everywhere in the
/// section. If not all objects fit into the dump, the last ones are left out: `reached` is the number
/// of all, and larger numbers than those of the list occur in references only. The numbers of bytes
/// are those that objects take in the heap, which are the same on every target.
///
/// The definitions of structure and array types are `0x00` in the part `types`, and the part `object
/// types` describes those that objects have. Version 1 was first written without the parts from
/// `object types` on; then the numbers in references identify objects and nothing else.
pub const SECTION: &str = "backstitch.coredump";
/// The version that is written, and the only one that is decoded.
pub const VERSION: u64 = 1;

/// The contents of the section.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extension {
    /// Name and version of the program that wrote the dump.
    pub producer: String,
    /// The reason for the dump.
    pub reason: Reason,
    /// The part of the configuration that a guest can observe, by name: limits as numbers,
    /// switches as 0 and 1.
    pub configuration: Vec<(String, u64)>,
    /// Fuel that was left; `None` if fuel is not counted.
    pub fuel: Option<u64>,
    /// The types that other items refer to.
    pub types: Vec<TypeDefinition>,
    /// The modules, as in `coremodules`.
    pub modules: Vec<Module>,
    /// The functions that references can refer to.
    pub functions: Vec<Function>,
    /// The instances, as in `coreinstances`.
    pub instances: Vec<Instance>,
    /// The memories: those of the memory section, followed by those that are left out.
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
    /// The types of objects.
    pub object_types: Vec<ObjectType>,
    /// The objects; `None` if the dump has no such part.
    pub objects: Option<Objects>,
    /// The roots that no other part contains.
    pub roots: Vec<Root>,
    /// The parts that only snapshots have.
    pub snapshot: Option<Snapshot>,
    /// The modules that a snapshot contains, each with its index.
    pub module_bytes: Vec<(u32, Vec<u8>)>,
}

/// The reason for a dump.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reason {
    /// The kind of reason.
    pub kind: ReasonKind,
    /// The trap, by the variant of [`Trap`](crate::code::Trap).
    pub trap: Option<String>,
    /// The message for people; empty if there is none.
    pub message: String,
    /// The access that was out of bounds, for traps of that kind.
    pub access: Option<Access>,
}

/// The kind of event that led to a dump.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum ReasonKind {
    /// The embedder requested the dump.
    #[default]
    Requested = 0,
    /// A trap.
    Trap = 1,
    /// A host function returned an error.
    HostError = 2,
    /// The fuel ran out.
    OutOfFuel = 3,
    /// The execution was interrupted from outside.
    Interrupt = 4,
    /// An epoch deadline was reached.
    Epoch = 5,
    /// A host function suspended the execution.
    HostRequest = 6,
    /// An exception was not caught.
    UncaughtException = 7,
    /// A suspension was not handled.
    UnhandledTag = 8,
    /// A breakpoint was reached, or a step ended.
    Breakpoint = 9,
    /// Code waited at an address of a shared memory.
    Wait = 10,
    /// All threads waited for each other.
    Deadlock = 11,
}

/// An access to a memory or a table of the running instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    /// The memory, as an index into [`CoreDump::memories`](super::reader::CoreDump::memories).
    pub memory: u32,
    /// The address operand, in bytes.
    pub address: u64,
    /// The instruction's offset, which is added to the address.
    pub offset: u64,
    /// The number of bytes accessed.
    pub size: u64,
}

/// A type definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TypeDefinition {
    /// A function's parameters and results.
    Func(Vec<Type>, Vec<Type>),
    /// A continuation of a function type.
    Cont(u32),
    /// A structure or array type. [`CoreDump::object_types`](super::reader::CoreDump::object_types)
    /// describes those of objects in the dump.
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
        /// `true` if null is one of the type's values.
        nullable: bool,
        /// The heap type.
        heap: Heap,
    },
}

/// A heap type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heap {
    /// An abstract heap type, by its byte in the binary format: `0x70` for `func`.
    Abstract(u8),
    /// A concrete type, as an index into [`CoreDump::types`](super::reader::CoreDump::types).
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
    /// A reference; null without a number. See [`RefKind`] for the meaning of the number.
    Ref(RefKind, Option<u64>),
    /// An unknown value.
    Missing,
}

/// The kind of a reference, with the byte of the top of its type hierarchy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum RefKind {
    /// A function: the number is an index into
    /// [`CoreDump::functions`](super::reader::CoreDump::functions).
    Func = 0x70,
    /// A value of the host: the number identifies it in the store.
    Extern = 0x6f,
    /// A structure or array: the number is an index into
    /// [`CoreDump::objects`](super::reader::CoreDump::objects).
    Any = 0x6e,
    /// A 31-bit integer: the number is its value.
    I31 = 0x6c,
    /// An exception: the number is an index into
    /// [`CoreDump::objects`](super::reader::CoreDump::objects).
    Exn = 0x69,
    /// A continuation: the number contains the stack's number in its low 32 bits, and the
    /// revision above them.
    Cont = 0x68,
}

/// A module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Module {
    /// The name in the module's name section, if it has one.
    pub name: Option<String>,
    /// The size of the binary in bytes.
    pub size: u64,
    /// The SHA-256 of the binary.
    pub sha256: [u8; 32],
}

/// A function that references can refer to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    /// A function of an instance.
    Wasm {
        /// The instance.
        instance: u32,
        /// The function's index in the instance's module.
        index: u32,
    },
    /// A host function.
    Host {
        /// The function's type, as an index into
        /// [`CoreDump::types`](super::reader::CoreDump::types).
        ty: u32,
    },
}

/// An instance.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Instance {
    /// The instance's module.
    pub module: u32,
    /// The imported functions, as indices into
    /// [`CoreDump::functions`](super::reader::CoreDump::functions).
    pub imported_functions: Vec<u32>,
    /// The tables, imported ones first.
    pub tables: Vec<u32>,
    /// The tags, imported ones first.
    pub tags: Vec<u32>,
    /// The dropped data segments.
    pub dropped_data: Vec<u32>,
    /// The dropped element segments.
    pub dropped_elements: Vec<u32>,
}

/// A memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Memory {
    /// The size in bytes.
    pub size: u64,
    /// `true` if threads share the memory.
    pub shared: bool,
    /// The runs of bytes that the dump keeps, as start and length, ascending. Other bytes are
    /// unknown. Kept bytes that no data segment contains are zero.
    pub kept: Vec<(u64, u64)>,
}

/// A global.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Global {
    /// The type of the value.
    pub ty: Type,
    /// The value.
    pub value: Value,
}

/// A table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// The type of its elements.
    pub ty: Type,
    /// `true` if indices have 64 bits.
    pub table64: bool,
    /// The maximum number of elements, if the type has one.
    pub maximum: Option<u64>,
    /// The elements, as runs of equal elements.
    pub elements: Vec<Run>,
}

/// A run of equal elements of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// The number of elements.
    pub count: u64,
    /// The value of each element.
    pub value: Value,
}

/// A tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tag {
    /// The tag's type, as an index into [`CoreDump::types`](super::reader::CoreDump::types).
    pub ty: u32,
}

/// A stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stack {
    /// The stack's number in the store.
    pub number: u32,
    /// `true` for the stack of a continuation, `false` for that of a call from the host.
    pub continuation: bool,
    /// The stack's state.
    pub state: StackState,
    /// The stack that waits for this one: the one that resumed it, or the one that called the
    /// host function from which this call was made.
    pub parent: Option<u32>,
    /// The function that was called on the stack.
    pub function: Option<u32>,
    /// The revision: references to a continuation with another revision are consumed.
    pub revision: u64,
    /// Arguments that are bound and not yet passed.
    pub bound: Vec<Value>,
    /// The clauses of the instruction that resumed the stack, in order.
    pub handlers: Vec<Handler>,
}

/// The state of a stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum StackState {
    /// Nothing has run on the stack yet.
    Fresh = 0,
    /// The stack runs, or has called the host.
    Running = 1,
    /// The stack waits for another one that it resumed.
    Parent = 2,
    /// The stack is suspended and can be resumed.
    Suspended = 3,
    /// The stack's function has returned.
    Returned = 4,
    /// The stack's function has trapped.
    Trapped = 5,
}

/// A clause of a resume instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Handler {
    /// The tag, as an index into [`CoreDump::tags`](super::reader::CoreDump::tags).
    pub tag: u32,
    /// `true` for a clause for `switch`, `false` for one for `suspend`.
    pub switch: bool,
    /// The label that a suspension branches to, as a depth relative to the instruction.
    pub label: u32,
}

/// The frames of one `corestack` section.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Thread {
    /// The thread's name.
    pub name: String,
    /// `true` if all frames are present; `false` if there was no memory for some.
    pub complete: bool,
    /// The frames, youngest first.
    pub frames: Vec<Frame>,
    /// The state; `None` if nothing has run, or if the writer did not record it.
    pub state: Option<ThreadState>,
}

/// The state of a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ThreadState {
    /// The thread ran, and the dump was made in it.
    Running,
    /// The thread can run: it has not begun, was preempted, or its wait has ended.
    Ready,
    /// The thread waits at an address of a shared memory.
    Waiting {
        /// The memory. Memories that a dump leaves out have the numbers behind those of
        /// [`CoreDump::memories`](super::reader::CoreDump::memories).
        memory: u32,
        /// The address.
        address: u64,
    },
    /// The thread waits for results of the host: of a host function that has suspended it, or of a
    /// tag that the host handles.
    Blocked,
    /// The thread is a continuation that code can resume.
    Detached,
}

/// A frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The frame's stack, as an index into [`CoreDump::stacks`](super::reader::CoreDump::stacks).
    pub stack: u32,
    /// The instance whose code runs in the frame.
    pub instance: u32,
    /// The function's index in the instance's module.
    pub function: u32,
    /// Offset of the instruction from the start of the function's body.
    pub code_offset: u32,
    /// The frame's position relative to its instruction.
    pub position: Position,
    /// The boundary between the frame and its caller.
    pub boundary: Boundary,
    /// `true` if the values are present; `false` if there was no memory for them.
    pub captured: bool,
    /// The locals, parameters first.
    pub locals: Vec<Value>,
    /// The operand stack, lowest first.
    pub operands: Vec<Value>,
}

/// The position of a frame relative to its instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Position {
    /// Before the instruction: the operands are on the stack.
    Before = 0,
    /// In the instruction, which trapped: the operands are on the stack.
    Trapped = 1,
    /// In a call: the arguments are no longer on the stack.
    Calling = 2,
}

/// The boundary between a frame and the next older one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Boundary {
    /// None: the caller is of the same instance.
    None = 0,
    /// A change of the instance.
    Instance = 1,
    /// The host, with any other stores that it called.
    Host = 2,
    /// The end of a continuation's stack.
    Continuation = 3,
}

#[cfg(test)]
mod tests;
