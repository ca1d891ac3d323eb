//! Core dumps: snapshots of a store and its stacks.

use super::backtrace::{FrameInfo, WasmBacktrace};
use super::context::{AsContext, AsContextMut};
use super::demangle::Printable;
use super::global::Global;
use super::instance::Instance;
use super::memory::Memory;
use super::module::Module;
use crate::heap::StoreInner;
use crate::ids::{GlobalIndex, InstanceIndex, MemoryIndex, StackId, StoreId};
use crate::support::error::{Error, Result};
use crate::support::write::Write;
#[cfg(feature = "debug")]
use crate::walk::Frame;
#[cfg(feature = "debug")]
use crate::walk::coredump::reader;
use crate::walk::coredump::{self, Capture, Cause, Writer};
use alloc::vec::Vec;
use core::fmt;
use core::ops::Range;

/// A snapshot of a store: the frames on its stacks with their values, and its modules, instances,
/// memories, globals and objects.
///
/// Errors of an execution contain a core dump if
/// [`Config::coredump_on_trap`](crate::Config::coredump_on_trap) is on. [`WasmCoreDump::capture`]
/// makes one at any other time. Corresponds to
/// [`wasmtime::WasmCoreDump`](https://docs.rs/wasmtime/latest/wasmtime/struct.WasmCoreDump.html).
///
/// ```
/// use backstitch::{Config, CoreDump, Engine, Instance, Module, Store, WasmCoreDump};
///
/// # if cfg!(not(feature = "wat")) { return Ok(()) }
/// let mut config = Config::new();
/// config.coredump_on_trap(true);
/// let engine = Engine::new(&config)?;
/// let module = Module::new(&engine, r#"
///     (module $shop
///         (func (export "divide") (param $by i32) (result i32)
///             (i32.div_u (i32.const 100) (local.get $by))))
/// "#)?;
/// let mut store = Store::new(&engine, ());
/// let instance = Instance::new(&mut store, &module, &[])?;
/// let divide = instance.get_typed_func::<i32, i32>(&mut store, "divide")?;
///
/// let error = divide.call(&mut store, 0).unwrap_err();
/// let dump = error.downcast_ref::<WasmCoreDump>().unwrap();
/// let file = dump.serialize(&mut store, "shop.wasm");
///
/// // Everything is in the file: here, what was divided by what.
/// use backstitch::coredump::Value;
/// let dump = CoreDump::parse(&file)?;
/// assert_eq!(dump.threads()[0].frames[0].operands, [Value::I32(100), Value::I32(0)]);
/// # Ok::<(), backstitch::Error>(())
/// ```
///
/// # Contents
///
/// The frames and the values on stacks are copied when the dump is made. This takes at most twice
/// the memory of each stack in use. Memories, globals, tables and objects are not copied:
/// [`WasmCoreDump::serialize`] writes their contents at the time when it is called, so call it
/// before the store runs again. References in frames to objects that a collection may have freed in
/// the meantime are written as missing.
pub struct WasmCoreDump {
    store: StoreId,
    capture: Capture,
    modules: Vec<Module>,
    instances: Vec<Instance>,
    memories: Vec<Memory>,
    globals: Vec<Global>,
    backtrace: WasmBacktrace,
}

/// Options for writing a core dump.
///
/// ```
/// let mut options = backstitch::CoreDumpOptions::new();
/// // For a flash sector, and readers that know the first version of the format.
/// options.max_size(64 << 10).compatible(true);
/// ```
#[derive(Clone, Debug)]
pub struct CoreDumpOptions {
    max_size: Option<u64>,
    ranges: Option<Vec<(Memory, Range<u64>)>>,
    compatible: bool,
    shared_memories: bool,
}

impl Default for CoreDumpOptions {
    fn default() -> CoreDumpOptions {
        CoreDumpOptions::new()
    }
}

impl CoreDumpOptions {
    /// Creates the default options: a complete dump in the current format, of any size.
    pub fn new() -> CoreDumpOptions {
        CoreDumpOptions {
            max_size: None,
            ranges: None,
            compatible: false,
            shared_memories: true,
        }
    }

    /// Sets the maximum size of the file, in bytes.
    ///
    /// If the dump is larger, objects and contents of memories are omitted. Objects take the room that
    /// memories do not need, but at least a half; those that are farthest from a root are omitted
    /// first. Contents of memories are omitted from the end of the last memory backwards. Writing fails
    /// if the rest does not fit.
    pub fn max_size(&mut self, bytes: u64) -> &mut CoreDumpOptions {
        self.max_size = Some(bytes);
        self
    }

    /// Keeps the contents of `memory` in the address range `bytes`.
    ///
    /// After the first call, only the ranges of this call and of further ones are kept. Addresses
    /// beyond the end of the memory are ignored.
    pub fn keep(&mut self, memory: Memory, bytes: Range<u64>) -> &mut CoreDumpOptions {
        self.ranges
            .get_or_insert_with(Vec::new)
            .push((memory, bytes));
        self
    }

    /// Omits the contents of memories except for the ranges given to [`CoreDumpOptions::keep`].
    pub fn keep_no_memory(&mut self) -> &mut CoreDumpOptions {
        self.ranges.get_or_insert_with(Vec::new);
        self
    }

    /// Restricts the file to the first version of the format, for readers such as `wasmgdb` 0.2.
    ///
    /// These readers accept no values of locals and operands, only globals of number types, and
    /// only the first memory, if it has 32-bit addresses and pages of 64 KiB. In that memory, they
    /// read only the first data segment. With this option, the file therefore omits all values, all
    /// globals if one of them is not a number, other memories (whose index in their instances is
    /// then 2³² − 1), and Backstitch's own section. The first memory is written as one segment.
    pub fn compatible(&mut self, enable: bool) -> &mut CoreDumpOptions {
        self.compatible = enable;
        self
    }

    /// Selects whether the contents of shared memories are written. The default is `true`.
    ///
    /// An instance's shared memory that is left out has the index 2³² − 1, so that the indices of
    /// the instance's other memories do not change.
    pub fn shared_memories(&mut self, enable: bool) -> &mut CoreDumpOptions {
        self.shared_memories = enable;
        self
    }

    fn to_inner(&self, store: &StoreInner) -> coredump::Options<'static> {
        let ranges = self.ranges.as_ref();
        let range = |(memory, bytes): &(Memory, Range<u64>)| {
            (memory.index_in(store), bytes.start..bytes.end)
        };
        coredump::Options {
            max_size: self.max_size,
            memory_ranges: ranges.map(|ranges| ranges.iter().map(range).collect()),
            compatible: self.compatible,
            shared_memories: self.shared_memories,
            snapshot: None,
        }
    }
}

impl WasmCoreDump {
    /// Captures a dump of the present state of the store.
    ///
    /// Called in a host function, the dump contains the frames of the calls that are in progress.
    /// It also contains all suspended executions of the store, each as a thread of its own. Those
    /// with a name ([`Execution::set_name`](crate::Execution::set_name)) come first, in the order in
    /// which they were named.
    pub fn capture(mut store: impl AsContextMut) -> WasmCoreDump {
        WasmCoreDump::new(store.as_context_mut().0, Cause::Request, None)
    }

    pub(super) fn new(
        store: &StoreInner,
        cause: Cause<'_>,
        first: Option<StackId>,
    ) -> WasmCoreDump {
        let id = store.id();
        let capture = Capture::new(store, cause, first);
        let frames = &capture.threads[0].frames;
        let mut copies = Vec::new();
        // If there is no memory for a copy, the dump still contains the frames in `capture`.
        if copies.try_reserve_exact(frames.len()).is_ok() {
            copies.extend_from_slice(frames);
        }
        let backtrace = WasmBacktrace::of_frames(store, copies);
        let modules = capture
            .modules
            .iter()
            .map(|module| Module::from_ref(module).clone());
        let instances = 0..store.instances().len() as u32;
        let memories = 0..store.memories().len() as u32;
        let globals = 0..store.globals().len() as u32;
        WasmCoreDump {
            store: id,
            modules: modules.collect(),
            instances: instances
                .map(|index| Instance::of(id, InstanceIndex(index)))
                .collect(),
            memories: memories
                .map(|index| Memory::of(id, MemoryIndex(index)))
                .collect(),
            globals: globals
                .map(|index| Global::of(id, GlobalIndex(index)))
                .collect(),
            backtrace,
            capture,
        }
    }

    /// Returns the frames of the calls in progress, youngest first.
    ///
    /// Unlike the backtrace of an error, these are all frames.
    pub fn frames(&self) -> &[FrameInfo] {
        self.backtrace.frames()
    }

    /// Returns the names of the threads, in their order: the one of [`WasmCoreDump::frames`], the
    /// other executions of the store that are suspended, and the continuations that are.
    pub fn threads(&self) -> impl ExactSizeIterator<Item = &str> {
        self.capture.threads.iter().map(|thread| &*thread.name)
    }

    /// Returns the modules of the store's instances.
    pub fn modules(&self) -> &[Module] {
        &self.modules
    }

    /// Returns all instances of the store.
    pub fn instances(&self) -> &[Instance] {
        &self.instances
    }

    /// Returns all globals of the store, whether they are exported or not, including those that the
    /// host created.
    pub fn globals(&self) -> &[Global] {
        &self.globals
    }

    /// Returns all memories of the store, whether they are exported or not, including those that
    /// the host created.
    pub fn memories(&self) -> &[Memory] {
        &self.memories
    }

    /// Returns the threads with their frames and values, as a reader of the dump's file finds them, and
    /// the number of each one's first stack: 0 if it has no frames. References are those of the store.
    #[cfg(feature = "debug")]
    pub(crate) fn read_threads(&self) -> Vec<(u32, reader::Thread)> {
        let maps = coredump::Maps::new(&self.capture);
        let mut values = coredump::FrameValues::default();
        let mut read = |frame: &Frame| {
            maps.read(frame, &mut values);
            reader::Frame {
                instance: frame.instance.0,
                function: frame.function,
                code_offset: values.code_offset,
                locals: core::mem::take(&mut values.locals),
                operands: core::mem::take(&mut values.operands),
                details: None,
            }
        };
        let threads = self.capture.threads.iter().map(|thread| {
            let stack = thread.frames.first().map_or(0, |frame| frame.stack);
            let frames = thread.frames.iter().map(&mut read).collect();
            let read = reader::Thread {
                name: thread.name.clone(),
                complete: thread.complete,
                frames,
                state: thread.state,
            };
            (stack, read)
        });
        threads.collect()
    }

    /// Returns the module of each instance, as an index into [`WasmCoreDump::modules`].
    #[cfg(feature = "debug")]
    pub(crate) fn modules_of_instances(&self) -> &[u32] {
        &self.capture.instances
    }

    /// Returns the dump as a file in the [standard format][format].
    ///
    /// `name` is the name of the program in the file: for example, a path or a URL. Frames are
    /// those of the moment when the dump was made; everything else is read from the store now.
    ///
    /// # Panics
    ///
    /// Panics if `store` is not the dump's store, or if there is no memory for the file.
    /// [`WasmCoreDump::serialize_to`] does not need memory for the file.
    ///
    /// [format]: https://github.com/WebAssembly/tool-conventions/blob/main/Coredump.md
    pub fn serialize(&self, mut store: impl AsContextMut, name: &str) -> Vec<u8> {
        let store = &*store.as_context_mut().0;
        let mut file = Vec::new();
        let written = self
            .writer(store, name, &CoreDumpOptions::new())
            .and_then(|writer| {
                file.try_reserve_exact(usize::try_from(writer.size()?).map_err(Error::new)?)
                    .map_err(Error::new)?;
                writer.write(&mut file)
            });
        match written {
            Ok(()) => file,
            Err(error) => panic!("cannot serialize the core dump: {error:#}"),
        }
    }

    /// Writes the file of [`WasmCoreDump::serialize`] to `out`, without copying it or a memory.
    ///
    /// # Errors
    ///
    /// Returns the errors of `out`, and an error if the file would be larger than the options
    /// allow.
    ///
    /// # Panics
    ///
    /// Panics if `store` is not the dump's store, or if a memory in `options` belongs to another
    /// store.
    pub fn serialize_to(
        &self,
        store: impl AsContext,
        name: &str,
        out: &mut impl Write,
        options: &CoreDumpOptions,
    ) -> Result<()> {
        let store = store.as_context().0;
        self.writer(store, name, options)?.write(out)
    }

    fn writer<'a>(
        &'a self,
        store: &'a StoreInner,
        name: &str,
        options: &CoreDumpOptions,
    ) -> Result<Writer<'a>> {
        assert!(store.id() == self.store, "object used with the wrong store");
        Writer::new(store, &self.capture, name, options.to_inner(store))
    }

    /// Returns the name of the dump: that of the module of the oldest frame.
    fn name(&self) -> &str {
        let oldest = self.frames().last().map(FrameInfo::module);
        let module = oldest.or(self.modules.first());
        module.and_then(Module::name).unwrap_or("<module>")
    }
}

impl fmt::Display for WasmCoreDump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "wasm coredump generated while executing {}:",
            Printable(self.name())
        )?;
        writeln!(f, "modules:")?;
        for module in &self.modules {
            writeln!(f, "  {}", Printable(module.name().unwrap_or("<module>")))?;
        }
        writeln!(f, "instances:")?;
        for instance in &self.instances {
            writeln!(f, "  {instance:?}")?;
        }
        writeln!(f, "memories:")?;
        for memory in &self.memories {
            writeln!(f, "  {memory:?}")?;
        }
        writeln!(f, "globals:")?;
        for global in &self.globals {
            writeln!(f, "  {global:?}")?;
        }
        writeln!(f, "backtrace:")?;
        write!(f, "{}", self.backtrace)
    }
}

impl fmt::Debug for WasmCoreDump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<wasm core dump>")
    }
}
