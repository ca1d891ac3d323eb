//! What an engine is told.

use crate::execute::Dispatch;
use crate::module::{CompilationMode, Tunables};
use core::num::NonZeroUsize;
use wasmparser::WasmFeatures;

/// How an [`Engine`](crate::Engine) translates and runs modules.
///
/// ```
/// use backstitch::{CompilationMode, Config, Engine};
///
/// let mut config = Config::new();
/// config.consume_fuel(true).compilation_mode(CompilationMode::Eager);
/// let engine = Engine::new(&config)?;
/// # Ok::<(), backstitch::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Config {
    pub(super) tunables: Tunables,
    pub(super) dispatch: Option<Dispatch>,
}

impl Default for Config {
    fn default() -> Config {
        Config::new()
    }
}

macro_rules! features {
    ($($(#[$doc:meta])* $name:ident = $flag:ident,)*) => {$(
        $(#[$doc])*
        pub fn $name(&mut self, enable: bool) -> &mut Config {
            self.tunables.features.set(WasmFeatures::$flag, enable);
            self
        }
    )*};
}

impl Config {
    /// The default: everything that is supported is allowed; no fuel, no epochs; functions
    /// are translated when they are first called.
    pub fn new() -> Config {
        Config {
            tunables: Tunables::default(),
            dispatch: None,
        }
    }

    /// When function bodies are validated and translated.
    pub fn compilation_mode(&mut self, mode: CompilationMode) -> &mut Config {
        self.tunables.compilation = mode;
        self
    }

    /// How handlers reach one another: by default in the fastest way that this build has.
    /// A way that it does not have is refused by [`Engine::new`](crate::Engine::new).
    pub fn dispatch(&mut self, dispatch: Dispatch) -> &mut Config {
        self.dispatch = Some(dispatch);
        self
    }

    /// Whether execution consumes fuel, about one unit an operator, and ends without it.
    /// See [`Store::set_fuel`](crate::Store::set_fuel).
    pub fn consume_fuel(&mut self, enable: bool) -> &mut Config {
        self.tunables.consume_fuel = enable;
        self
    }

    /// Whether execution looks at the engine's epoch.
    /// See [`Store::set_epoch_deadline`](crate::Store::set_epoch_deadline).
    pub fn epoch_interruption(&mut self, enable: bool) -> &mut Config {
        self.tunables.epoch_interruption = enable;
        self
    }

    /// Whether execution can be interrupted from another thread.
    /// See [`Store::interrupt_handle`](crate::Store::interrupt_handle).
    pub fn interruptible(&mut self, enable: bool) -> &mut Config {
        self.tunables.interruptible = enable;
        self
    }

    /// How many bytes the frames of one execution may take, before it ends with
    /// [`Trap::StackOverflow`](crate::Trap::StackOverflow): 8 MiB where nothing is said.
    /// They are allocated as they are needed.
    pub fn max_wasm_stack(&mut self, bytes: usize) -> &mut Config {
        self.tunables.max_stack = bytes;
        self
    }

    /// How many calls from the host may be under way, one inside the other: by host
    /// functions that call WebAssembly again. One more ends with
    /// [`Trap::StackOverflow`](crate::Trap::StackOverflow). Unlike guests' calls these
    /// take native stack, as much as the host functions use.
    pub fn max_nested_calls(&mut self, calls: usize) -> &mut Config {
        self.tunables.max_nested_calls = calls;
        self
    }

    /// How many bytes a module may have.
    pub fn max_module_size(&mut self, bytes: usize) -> &mut Config {
        self.tunables.limits.module_size = bytes;
        self
    }

    /// Whether errors of execution come with a backtrace.
    pub fn wasm_backtrace(&mut self, enable: bool) -> &mut Config {
        self.tunables.backtrace = enable;
        self
    }

    /// Whether errors of execution come with a [core dump](crate::WasmCoreDump). That costs
    /// nothing until there is an error; then the stacks are copied.
    pub fn coredump_on_trap(&mut self, enable: bool) -> &mut Config {
        self.tunables.coredump_on_trap = enable;
        self
    }

    /// How many frames a backtrace has at the most, the youngest; `None` for no
    /// backtraces at all.
    pub fn wasm_backtrace_max_frames(&mut self, limit: Option<NonZeroUsize>) -> &mut Config {
        self.tunables.backtrace = limit.is_some();
        if let Some(limit) = limit {
            self.tunables.backtrace_max_frames = limit.get();
        }
        self
    }

    /// How many host values, exceptions and continuations are made at least before a store
    /// begins to look for those that nobody can reach any more: 4096 where nothing is said.
    /// Where more were found alive the last time, it is as many as those.
    pub fn gc_threshold(&mut self, allocations: usize) -> &mut Config {
        self.tunables.collector.least = allocations;
        self
    }

    /// How many bytes a store looks at in one step of a collection: 16 KiB where nothing is
    /// said, which takes some tens of microseconds. The program runs on between steps, which
    /// come at its allocations: one for each KiB that a step has, up to 64. Smaller steps make
    /// shorter pauses and cost more; with steps of less than a KiB, collections take longer, and
    /// more is left lying meanwhile.
    pub fn gc_step(&mut self, bytes: usize) -> &mut Config {
        self.tunables.collector.step = bytes;
        self
    }

    features! {
        /// Tail calls.
        wasm_tail_call = TAIL_CALL,
        /// Memories with pages of one byte.
        wasm_custom_page_sizes = CUSTOM_PAGE_SIZES,
        /// Shared memories and atomic operations.
        wasm_threads = THREADS,
        /// References as values, and several tables.
        wasm_reference_types = REFERENCE_TYPES,
        /// References to functions of one type.
        wasm_function_references = FUNCTION_REFERENCES,
        /// Additions and multiplications of 128 bits.
        wasm_wide_arithmetic = WIDE_ARITHMETIC,
        /// Structures and arrays that are collected.
        wasm_gc = GC,
        /// Vectors of 128 bits.
        wasm_simd = SIMD,
        /// Vector operations whose results may differ between hosts.
        wasm_relaxed_simd = RELAXED_SIMD,
        /// Copying and filling of memories and tables.
        wasm_bulk_memory = BULK_MEMORY,
        /// Functions and blocks with several results.
        wasm_multi_value = MULTI_VALUE,
        /// Several memories.
        wasm_multi_memory = MULTI_MEMORY,
        /// Memories and tables with 64-bit addresses.
        wasm_memory64 = MEMORY64,
        /// Arithmetic in constant expressions.
        wasm_extended_const = EXTENDED_CONST,
        /// Continuations.
        wasm_stack_switching = STACK_SWITCHING,
        /// Exceptions.
        wasm_exceptions = EXCEPTIONS,
    }
}
