//! Core dumps as data: the result of [`CoreDump::parse`].
//!
//! Indices are exactly those of the dump, and a dump may contain anything: an index that is out
//! of range is not an error, so use `get` for look-ups.
//!
//! The standard sections of dumps by any writer are read. Everything beyond them comes from the
//! section that Backstitch adds to its own dumps, whose format is documented at [`SECTION`].
//! Without that section, [`CoreDump::reason`] and similar methods return nothing, and a [`Frame`]
//! has no [`FrameDetails`].

mod display;
mod error;
mod frame;
mod lift;
mod memory;
mod module;
mod object;
mod sections;

#[cfg(test)]
mod tests;

pub use super::extension::{
    Access, Awaits, Boundary, Contents, ExecutionName, Field, Function, Handler, Heap, Hidden,
    HostFunction, HostValue, NumberState, Object, ObjectKind, ObjectType, Place, Position, Reason,
    ReasonKind, RefKind, Root, RootKind, Run, SECTION, Segment, Snapshot, Stack, StackNumber,
    StackRest, StackState, Storage, Table, Tag, ThreadState, Type, TypeDefinition, VERSION, Value,
    Wait, WaitState,
};
pub use super::graph::{Dominators, Edge, HeapGraph, Label, Node, NodeKind, Paths, Referrers};
pub use error::CoreDumpError;
pub use frame::{Frame, FrameDetails, Thread};
pub use memory::Memory;
pub use module::{Global, Instance, InstanceDetails, Module, ModuleIdentity};

use alloc::string::String;
use alloc::vec::Vec;

/// A parsed core dump: the state of a program when it stopped.
///
/// ```
/// use backstitch::CoreDump;
///
/// # use wasm_encoder::*;
/// # let mut module = wasm_encoder::Module::new();
/// # let mut stack = CoreDumpStackSection::new("main");
/// # stack.frame(0, 7, 12, [CoreDumpValue::I32(3)], []);
/// # let bytes = module.section(&CoreDumpSection::new("shop.wasm")).section(&stack).as_slice();
/// let dump = CoreDump::parse(bytes)?;
/// println!("{} stopped:", dump.name());
/// for thread in dump.threads() {
///     for frame in &thread.frames {
///         println!("  function {} at {:#x}", frame.function, frame.code_offset);
///     }
/// }
/// # assert_eq!(dump.threads()[0].frames[0].locals, [backstitch::coredump::Value::I32(3)]);
/// # Ok::<(), backstitch::CoreDumpError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct CoreDump<'a> {
    name: &'a str,
    extension_version: Option<u64>,
    producer: Option<String>,
    reason: Option<Reason>,
    fuel: Option<u64>,
    configuration: Vec<(String, u64)>,
    types: Vec<TypeDefinition>,
    functions: Vec<Function>,
    modules: Vec<Module>,
    instances: Vec<Instance>,
    memories: Vec<Memory<'a>>,
    globals: Vec<Global>,
    tables: Vec<Table>,
    tags: Vec<Tag>,
    stacks: Vec<Stack>,
    threads: Vec<Thread>,
    object_types: Vec<ObjectType>,
    objects: Vec<Object>,
    reached: Option<Reached>,
    other_roots: Vec<Root>,
    snapshot: Option<Snapshot>,
    module_bytes: Vec<(u32, Vec<u8>)>,
}

/// The numbers of all objects that could be reached, and of the bytes they took in the heap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reached {
    /// The number of structures, arrays and exceptions.
    pub objects: u64,
    /// The number of bytes.
    pub bytes: u64,
}

impl<'a> CoreDump<'a> {
    /// Parses a core dump. The bytes of memories are borrowed from `bytes`.
    ///
    /// # Errors
    ///
    /// If the bytes are not a core dump; the error describes the fault and its offset.
    pub fn parse(bytes: &'a [u8]) -> Result<CoreDump<'a>, CoreDumpError> {
        let sections = sections::Sections::read(bytes)?;
        Ok(lift::lift(sections))
    }

    /// Returns the name of the program, as given to the writer.
    pub fn name(&self) -> &'a str {
        self.name
    }

    /// Returns the version of the [section](SECTION) that Backstitch adds to its dumps, if
    /// present. Only version [`VERSION`] is decoded; sections of other versions are ignored.
    pub fn extension_version(&self) -> Option<u64> {
        self.extension_version
    }

    /// Returns the name and version of the program that wrote the dump.
    pub fn producer(&self) -> Option<&str> {
        self.producer.as_deref()
    }

    /// Returns the reason for the dump.
    pub fn reason(&self) -> Option<&Reason> {
        self.reason.as_ref()
    }

    /// Returns the fuel that was left, if fuel was counted.
    pub fn fuel(&self) -> Option<u64> {
        self.fuel
    }

    /// Returns the part of the configuration that the program could observe, by name: limits as
    /// numbers, switches as 0 and 1.
    pub fn configuration(&self) -> &[(String, u64)] {
        &self.configuration
    }

    /// Returns the types that other items refer to.
    pub fn types(&self) -> &[TypeDefinition] {
        &self.types
    }

    /// Returns the functions that references refer to.
    pub fn functions(&self) -> &[Function] {
        &self.functions
    }

    /// Returns the modules.
    pub fn modules(&self) -> &[Module] {
        &self.modules
    }

    /// Returns the instances.
    pub fn instances(&self) -> &[Instance] {
        &self.instances
    }

    /// Returns the memories, without those that the writer left out: shared ones that others could
    /// change at the same time.
    pub fn memories(&self) -> &[Memory<'a>] {
        &self.memories
    }

    /// Returns the globals.
    pub fn globals(&self) -> &[Global] {
        &self.globals
    }

    /// Returns the tables.
    pub fn tables(&self) -> &[Table] {
        &self.tables
    }

    /// Returns the tags.
    pub fn tags(&self) -> &[Tag] {
        &self.tags
    }

    /// Returns the stacks that were in use.
    pub fn stacks(&self) -> &[Stack] {
        &self.stacks
    }

    /// Returns the threads, each with its frames: first the one that stopped, then the suspended
    /// executions, and then each detached continuation.
    pub fn threads(&self) -> &[Thread] {
        &self.threads
    }

    /// Returns the objects that could be reached: structures, arrays and exceptions, those closest to
    /// a root first. A dump with a limited size contains only the first of [`CoreDump::reached`].
    pub fn objects(&self) -> &[Object] {
        &self.objects
    }

    /// Returns the types of objects.
    pub fn object_types(&self) -> &[ObjectType] {
        &self.object_types
    }

    /// Returns the numbers of all objects that could be reached, including those that the dump leaves
    /// out; `None` if the writer recorded no objects.
    pub fn reached(&self) -> Option<Reached> {
        self.reached
    }

    /// Returns the references from which objects can be reached and that are neither in frames,
    /// stacks, globals nor tables.
    pub fn other_roots(&self) -> &[Root] {
        &self.other_roots
    }

    /// Returns what a snapshot contains so that the program can go on; `None` for other dumps.
    pub fn snapshot(&self) -> Option<&Snapshot> {
        self.snapshot.as_ref()
    }

    /// Returns the bytes of a module, if the snapshot contains them.
    pub fn module_bytes(&self, module: u32) -> Option<&[u8]> {
        let found = self.module_bytes.iter().find(|(of, _)| *of == module);
        found.map(|(_, bytes)| &**bytes)
    }

    /// Returns the module whose code runs in a frame.
    pub fn module_of(&self, frame: &Frame) -> Option<&Module> {
        let instance = self.instances.get(frame.instance as usize)?;
        self.modules.get(instance.module as usize)
    }
}
