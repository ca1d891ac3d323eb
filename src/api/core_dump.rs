//! Core dumps: what a store and its stacks were when execution stopped.

use super::backtrace::{FrameInfo, WasmBacktrace};
use super::context::{AsContext, AsContextMut};
use super::global::Global;
use super::instance::Instance;
use super::memory::Memory;
use super::module::Module;
use crate::heap::StoreInner;
use crate::ids::{GlobalIndex, InstanceIndex, MemoryIndex, StoreId};
use crate::support::error::{Error, Result};
use crate::support::write::Write;
use crate::walk::coredump::{self, Capture, Cause, Writer};
use alloc::vec::Vec;
use core::fmt;
use core::ops::Range;

/// What a store was when execution stopped: who stood on its stacks and with which values,
/// and its modules, instances, memories and globals.
///
/// It is a context of the errors that execution ends with, where
/// [`Config::coredump_on_trap`](crate::Config::coredump_on_trap) says so;
/// [`WasmCoreDump::capture`] makes one at any other time.
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
/// # What it holds
///
/// The frames and the values on stacks are those of the moment when it was made, and are
/// copied: two stacks' worth of memory at the most for each stack in use. Memories, globals and
/// tables are not copied: [`WasmCoreDump::serialize`] writes what they hold when it is called, so
/// call it before the store runs on.
pub struct WasmCoreDump {
    store: StoreId,
    capture: Capture,
    modules: Vec<Module>,
    instances: Vec<Instance>,
    memories: Vec<Memory>,
    globals: Vec<Global>,
    backtrace: WasmBacktrace,
}

/// What of a core dump is written, and how.
///
/// ```
/// let mut options = backstitch::CoreDumpOptions::new();
/// // For a flash sector, and readers that know the first version of the format.
/// options.max_size(64 << 10).compatible(true);
/// ```
#[derive(Clone, Debug, Default)]
pub struct CoreDumpOptions {
    max_size: Option<u64>,
    ranges: Option<Vec<(Memory, Range<u64>)>>,
    compatible: bool,
}

impl CoreDumpOptions {
    /// Everything, in the format of now.
    pub fn new() -> CoreDumpOptions {
        CoreDumpOptions::default()
    }

    /// How many bytes the file may have. What is too much of the memories is left out,
    /// from the end of the last memory on; the rest must fit.
    pub fn max_size(&mut self, bytes: u64) -> &mut CoreDumpOptions {
        self.max_size = Some(bytes);
        self
    }

    /// Keeps these bytes of a memory, by address; once this is called, no others are kept but those
    /// of further calls. What is beyond the memory's end is ignored.
    pub fn keep(&mut self, memory: Memory, bytes: Range<u64>) -> &mut CoreDumpOptions {
        self.ranges
            .get_or_insert_with(Vec::new)
            .push((memory, bytes));
        self
    }

    /// Keeps no bytes of memories but those of [`CoreDumpOptions::keep`].
    pub fn keep_no_memory(&mut self) -> &mut CoreDumpOptions {
        self.ranges.get_or_insert_with(Vec::new);
        self
    }

    /// Whether readers must be able to read it that know the first version of the format alone, as
    /// `wasmgdb` 0.2. They take no values of locals and operands, no globals but numbers, and of
    /// memories only the first, if it has 32-bit addresses and pages of the usual size; of that
    /// one they look at the first data segment. So the rest is left out: all values, all globals
    /// if one is no number, other memories (which then have the index 2³² − 1 in their
    /// instances), and Backstitch's own section; and the first memory is one segment.
    pub fn compatible(&mut self, enable: bool) -> &mut CoreDumpOptions {
        self.compatible = enable;
        self
    }

    fn to_inner(&self, store: &StoreInner) -> coredump::Options {
        let ranges = self.ranges.as_ref();
        let range = |(memory, bytes): &(Memory, Range<u64>)| {
            (memory.index_in(store), bytes.start..bytes.end)
        };
        coredump::Options {
            max_size: self.max_size,
            memory_ranges: ranges.map(|ranges| ranges.iter().map(range).collect()),
            compatible: self.compatible,
        }
    }
}

impl WasmCoreDump {
    /// A dump of what the store is now: seen from a host function, with the frames of the
    /// calls under way. Executions that are suspended are in it too.
    pub fn capture(mut store: impl AsContextMut) -> WasmCoreDump {
        WasmCoreDump::new(store.as_context_mut().0, Cause::Request)
    }

    pub(super) fn new(store: &StoreInner, cause: Cause<'_>) -> WasmCoreDump {
        let id = store.id();
        let capture = Capture::new(store, cause);
        let frames = &capture.threads[0].frames;
        let mut copies = Vec::new();
        // Without memory for a copy, the dump has the frames still.
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

    /// The frames of the calls under way, the youngest first: all of them, however many
    /// an error's backtrace has.
    pub fn frames(&self) -> &[FrameInfo] {
        self.backtrace.frames()
    }

    /// The modules of the store's instances.
    pub fn modules(&self) -> &[Module] {
        &self.modules
    }

    /// All instances of the store.
    pub fn instances(&self) -> &[Instance] {
        &self.instances
    }

    /// All globals of the store, of instances and of the host, exported or not.
    pub fn globals(&self) -> &[Global] {
        &self.globals
    }

    /// All memories of the store, of instances and of the host, exported or not.
    pub fn memories(&self) -> &[Memory] {
        &self.memories
    }

    /// The dump as a file, in the [standard format][format], under a name for the program
    /// that ran: a path, a URL, whatever says what it was.
    ///
    /// Frames are as they were when the dump was made, everything else as it is now.
    ///
    /// # Panics
    ///
    /// If the store is not the dump's, or there is no memory for the file:
    /// [`WasmCoreDump::serialize_to`] needs none.
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

    /// Writes the same file to `out`, without a copy of it or of a memory in memory.
    ///
    /// # Errors
    ///
    /// Those of `out`, and if the file would be larger than the options allow.
    ///
    /// # Panics
    ///
    /// If the store, or a memory of the options', is not the dump's.
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
        Writer::new(store, &self.capture, name, &options.to_inner(store))
    }

    /// What the dump is called: as the module that was called first.
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
            self.name()
        )?;
        writeln!(f, "modules:")?;
        for module in &self.modules {
            writeln!(f, "  {}", module.name().unwrap_or("<module>"))?;
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
