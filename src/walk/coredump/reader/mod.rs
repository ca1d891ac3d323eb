//! Core dumps as data: what [`CoreDump::parse`] finds in one.
//!
//! Every index here is what the dump says, and a dump may say anything: an index that leads
//! nowhere is not an error, so look things up with `get`.
//!
//! The standard sections are read from any writer's dumps; what they cannot say, from the
//! section that Backstitch adds to its own, whose format is written down at [`SECTION`].
//! Without that one, [`CoreDump::reason`] and the
//! like are empty, and a [`Frame`] has no [`FrameDetails`].

mod display;
mod error;
mod frame;
mod lift;
mod memory;
mod module;
mod sections;

#[cfg(test)]
mod tests;

pub use super::extension::{
    Access, Boundary, Function, Handler, Heap, Position, Reason, ReasonKind, RefKind, Run, SECTION,
    Stack, StackState, Table, Tag, Type, TypeDefinition, VERSION, Value,
};
pub use error::CoreDumpError;
pub use frame::{Frame, FrameDetails, Thread};
pub use memory::Memory;
pub use module::{Global, Instance, InstanceDetails, Module, ModuleIdentity};

use alloc::string::String;
use alloc::vec::Vec;

/// A core dump that has been read: what a program was when it stopped.
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
}

impl<'a> CoreDump<'a> {
    /// Reads a core dump. The bytes of memories stay where they are in `bytes`.
    ///
    /// # Errors
    ///
    /// If the bytes are not a core dump: what is wrong with them, and where.
    pub fn parse(bytes: &'a [u8]) -> Result<CoreDump<'a>, CoreDumpError> {
        let sections = sections::Sections::read(bytes)?;
        Ok(lift::lift(sections))
    }

    /// The name of the program: whatever the writer was told to call it.
    pub fn name(&self) -> &'a str {
        self.name
    }

    /// The version of the [section](SECTION) that Backstitch adds to its dumps, where there is
    /// one. Version [`VERSION`] is read, and others are left alone.
    pub fn extension_version(&self) -> Option<u64> {
        self.extension_version
    }

    /// The name and version of the program that wrote the dump.
    pub fn producer(&self) -> Option<&str> {
        self.producer.as_deref()
    }

    /// Why there is a dump.
    pub fn reason(&self) -> Option<&Reason> {
        self.reason.as_ref()
    }

    /// The fuel that was left, where fuel was counted.
    pub fn fuel(&self) -> Option<u64> {
        self.fuel
    }

    /// What of the configuration the program could see: limits as they are, switches as
    /// 0 and 1.
    pub fn configuration(&self) -> &[(String, u64)] {
        &self.configuration
    }

    /// The types that others refer to.
    pub fn types(&self) -> &[TypeDefinition] {
        &self.types
    }

    /// The functions that references refer to.
    pub fn functions(&self) -> &[Function] {
        &self.functions
    }

    /// The modules.
    pub fn modules(&self) -> &[Module] {
        &self.modules
    }

    /// The instances.
    pub fn instances(&self) -> &[Instance] {
        &self.instances
    }

    /// The memories, but for shared ones.
    pub fn memories(&self) -> &[Memory<'a>] {
        &self.memories
    }

    /// The globals.
    pub fn globals(&self) -> &[Global] {
        &self.globals
    }

    /// The tables.
    pub fn tables(&self) -> &[Table] {
        &self.tables
    }

    /// The tags.
    pub fn tags(&self) -> &[Tag] {
        &self.tags
    }

    /// The stacks that were in use, and which of them waited for which.
    pub fn stacks(&self) -> &[Stack] {
        &self.stacks
    }

    /// The frames, thread by thread. The first thread is the one that stopped; a detached
    /// continuation is a thread of its own.
    pub fn threads(&self) -> &[Thread] {
        &self.threads
    }

    /// The module whose code runs in a frame.
    pub fn module_of(&self, frame: &Frame) -> Option<&Module> {
        let instance = self.instances.get(frame.instance as usize)?;
        self.modules.get(instance.module as usize)
    }
}
