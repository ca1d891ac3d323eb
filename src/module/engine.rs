//! The state that all modules and stores of an engine share.

use super::features;
use super::translation::Translate;
use super::type_registry::TypeRegistry;
use crate::code::HandlerTable;
use crate::support::epoch::Epoch;
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use wasmparser::WasmFeatures;

/// The part of an engine that is independent of the embedder's API.
pub struct EngineInner {
    /// The configuration.
    pub tunables: Tunables,
    /// The types of all modules.
    pub types: TypeRegistry,
    /// The epoch counter, for deadlines.
    pub epoch: Epoch,
    /// The handlers of the selected dispatch backend.
    pub handlers: &'static HandlerTable,
    /// The function that translates a function.
    pub translate: Translate,
}

impl EngineInner {
    /// Creates an engine without modules.
    pub fn new(
        tunables: Tunables,
        handlers: &'static HandlerTable,
        translate: Translate,
    ) -> EngineInner {
        EngineInner {
            tunables,
            types: TypeRegistry::default(),
            epoch: Epoch::default(),
            handlers,
            translate,
        }
    }
}

impl fmt::Debug for EngineInner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EngineInner")
            .field("tunables", &self.tunables)
            .finish_non_exhaustive()
    }
}

/// The configuration of an engine.
#[derive(Clone, Debug)]
pub struct Tunables {
    /// Time at which functions are validated and translated.
    pub compilation: CompilationMode,
    /// True if instructions consume fuel.
    pub consume_fuel: bool,
    /// True if polls check the epoch deadline.
    pub epoch_interruption: bool,
    /// True if other threads can interrupt a store.
    pub interruptible: bool,
    /// True if code announces its accesses to shared memories.
    pub observe_accesses: bool,
    /// Maximum size of a stack, in bytes.
    pub max_stack: usize,
    /// Maximum number of nested calls from the host.
    pub max_nested_calls: usize,
    /// The proposals that modules may use.
    pub features: WasmFeatures,
    /// Limits on the size of modules.
    pub limits: Limits,
    /// True if errors contain a backtrace.
    pub backtrace: bool,
    /// True if errors contain a core dump.
    pub coredump_on_trap: bool,
    /// Maximum number of frames in a backtrace.
    pub backtrace_max_frames: usize,
    /// True if backtraces contain what debugging information says of their frames.
    pub backtrace_details: bool,
    /// Pace of the collector.
    pub collector: CollectorPace,
    /// Size in bytes of memories whose pages forks share.
    pub mapped_from: usize,
    /// The probes in code; none by default.
    pub probes: Option<Arc<ProbeSet>>,
}

/// The probes in code: cells for observers, beside those of its instructions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProbeSet {
    /// True if code can stop before each instruction that costs fuel.
    pub steps: bool,
    /// True if writes to memories are compared with the bytes that are watched.
    pub writes: bool,
    /// Instructions whose execution is recorded: the SHA-256 of the module, and the offset in it.
    pub places: Vec<([u8; 32], u32)>,
    /// Names of exported functions at whose entry executions are suspended.
    pub exports: Vec<Box<str>>,
}

/// The pace of a store's collector.
#[derive(Clone, Copy, Debug)]
pub struct CollectorPace {
    /// Minimum number of allocations between two collections.
    pub least: usize,
    /// Number of bytes that one step of a collection examines.
    pub step: usize,
    /// True if the collector works at every allocation.
    pub stress: bool,
}

impl Default for CollectorPace {
    fn default() -> CollectorPace {
        CollectorPace {
            least: 4096,
            step: 16 << 10,
            stress: false,
        }
    }
}

impl Tunables {
    /// Returns whether anything can stop running code at a poll.
    pub fn polls(&self) -> bool {
        self.consume_fuel || self.epoch_interruption || self.interruptible
    }
}

impl Default for Tunables {
    fn default() -> Tunables {
        Tunables {
            compilation: CompilationMode::default(),
            consume_fuel: false,
            epoch_interruption: false,
            interruptible: false,
            observe_accesses: false,
            max_stack: 8 << 20,
            // A call with a small host function takes about 1 KiB of native stack. So 100 of
            // them take less than half of the smallest stack that threads usually have.
            max_nested_calls: 100,
            features: features::DEFAULT,
            limits: Limits::default(),
            backtrace: true,
            coredump_on_trap: false,
            backtrace_max_frames: 20,
            backtrace_details: true,
            collector: CollectorPace::default(),
            // Allocators of C reuse smaller blocks, whose pages are resident already. The memories of
            // most tests are small.
            mapped_from: if cfg!(test) { 1 << 16 } else { 32 << 20 },
            probes: None,
        }
    }
}

/// Limits on the size of modules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Maximum size of a module in bytes.
    pub module_size: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            module_size: 1 << 30,
        }
    }
}

/// The time at which the functions of a module are validated and translated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CompilationMode {
    /// Functions are validated and translated when the module is created.
    Eager,
    /// Functions are validated when the module is created, and translated at their first call.
    #[default]
    LazyTranslation,
    /// Functions are validated and translated at their first call. So the first call of an
    /// invalid function fails, not the creation of the module.
    Lazy,
}
