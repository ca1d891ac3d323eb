//! What all modules and stores of one engine share.

use super::translation::Translate;
use super::type_registry::TypeRegistry;
use super::validate;
use crate::code::HandlerTable;
use crate::support::epoch::Epoch;
use core::fmt;
use wasmparser::WasmFeatures;

/// The part of an engine that does not know its embedder.
pub struct EngineInner {
    /// What the embedder chose.
    pub tunables: Tunables,
    /// The function types of all modules.
    pub types: TypeRegistry,
    /// The clock for deadlines.
    pub epoch: Epoch,
    /// How instructions are dispatched.
    pub handlers: &'static HandlerTable,
    /// How a function is translated.
    pub translate: Translate,
}

impl EngineInner {
    /// An engine without modules.
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

/// What an embedder can choose for an engine.
#[derive(Clone, Debug)]
pub struct Tunables {
    /// When functions are validated and translated.
    pub compilation: CompilationMode,
    /// Whether instructions cost fuel.
    pub consume_fuel: bool,
    /// Whether deadlines are looked at.
    pub epoch_interruption: bool,
    /// Whether another thread can interrupt.
    pub interruptible: bool,
    /// How large one stack may become, in bytes.
    pub max_stack: usize,
    /// How many calls from the host may be under way, one inside the other.
    pub max_nested_calls: usize,
    /// The proposals that the embedder allows.
    pub features: WasmFeatures,
    /// What is refused for its size.
    pub limits: Limits,
    /// Whether errors carry a backtrace.
    pub backtrace: bool,
    /// Whether errors carry a core dump.
    pub coredump_on_trap: bool,
    /// How many frames a backtrace has at the most.
    pub backtrace_max_frames: usize,
    /// How the collector goes about its work.
    pub collector: CollectorPace,
}

/// How the collector of a store goes about its work.
#[derive(Clone, Copy, Debug)]
pub struct CollectorPace {
    /// Fewer allocations than this lead to no collection.
    pub least: usize,
    /// How many bytes a step of a collection looks at.
    pub step: usize,
}

impl Default for CollectorPace {
    fn default() -> CollectorPace {
        CollectorPace {
            least: 4096,
            step: 16 << 10,
        }
    }
}

impl Default for Tunables {
    fn default() -> Tunables {
        Tunables {
            compilation: CompilationMode::default(),
            consume_fuel: false,
            epoch_interruption: false,
            interruptible: false,
            max_stack: 8 << 20,
            // A call and a small host function take about a kibibyte of native stack, less
            // than half of the smallest stack that threads commonly have.
            max_nested_calls: 100,
            features: validate::DEFAULT,
            limits: Limits::default(),
            backtrace: true,
            coredump_on_trap: false,
            backtrace_max_frames: 20,
            collector: CollectorPace::default(),
        }
    }
}

/// What an engine refuses for its size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most bytes of a module.
    pub module_size: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            module_size: 1 << 30,
        }
    }
}

/// When the functions of a module are validated and translated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CompilationMode {
    /// Both when the module is made.
    Eager,
    /// Validated when the module is made, translated at the first call.
    #[default]
    LazyTranslation,
    /// Both at the first call: an invalid function is an error then, and not before.
    Lazy,
}
