//! Configuration of an engine.

use crate::execute::Dispatch;
use crate::module::{CompilationMode, Tunables};
use alloc::sync::Arc;
use core::num::NonZeroUsize;
use wasmparser::WasmFeatures;

/// Configuration of an [`Engine`](crate::Engine).
///
/// Corresponds to
/// [`wasmtime::Config`](https://docs.rs/wasmtime/latest/wasmtime/struct.Config.html).
/// [`Config::new`] lists the defaults.
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

/// The choice whether backtraces contain source positions: see [`Config::wasm_backtrace_details`].
///
/// Corresponds to
/// [`wasmtime::WasmBacktraceDetails`](https://docs.rs/wasmtime/latest/wasmtime/enum.WasmBacktraceDetails.html),
/// without its variant `Environment`: no environment variable changes what this library does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WasmBacktraceDetails {
    /// Debugging information is read when a backtrace's frames are looked at.
    Enable,
    /// Debugging information is not read.
    Disable,
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
    /// Creates the default configuration.
    ///
    /// * Proposals: all that are supported are on. These are those that WebAssembly 2.0 and 3.0
    ///   contain, and in addition threads within a store, custom page sizes, wide arithmetic, stack switching and legacy exceptions. SIMD and relaxed SIMD need
    ///   the Cargo feature `simd`, which is on by default.
    /// * [`CompilationMode::LazyTranslation`]: functions are validated when the module is created
    ///   and translated when they are first called.
    /// * No fuel, no epochs, no interruption from other threads.
    /// * Backtraces of up to 20 frames; no core dumps.
    /// * Up to 8 MiB of stack for an execution, 100 nested calls from the host, and 1 GiB for a
    ///   module.
    ///
    /// Proposals that are not supported (components, custom descriptors) cannot be turned
    /// on. A module that uses one is refused with
    /// [`ModuleError::Unsupported`](crate::ModuleError::Unsupported), which contains the proposal's
    /// name.
    pub fn new() -> Config {
        Config {
            tunables: Tunables::default(),
            dispatch: None,
        }
    }

    /// Sets when function bodies are validated and translated.
    ///
    /// The default is [`CompilationMode::LazyTranslation`].
    pub fn compilation_mode(&mut self, mode: CompilationMode) -> &mut Config {
        self.tunables.compilation = mode;
        self
    }

    /// Sets the dispatch backend: the way to get from one handler to the next.
    ///
    /// The default is the fastest backend of this build. [`Engine::new`](crate::Engine::new) fails
    /// if the build does not have the backend.
    pub fn dispatch(&mut self, dispatch: Dispatch) -> &mut Config {
        self.dispatch = Some(dispatch);
        self
    }

    /// Enables the consumption of fuel: about one unit for each instruction, by rules that have a
    /// version, [`FUEL_VERSION`](crate::FUEL_VERSION).
    ///
    /// An execution that runs out of fuel is suspended or traps; see
    /// [`Store::set_fuel`](crate::Store::set_fuel). The default is `false`.
    pub fn consume_fuel(&mut self, enable: bool) -> &mut Config {
        self.tunables.consume_fuel = enable;
        self
    }

    /// Enables the comparison of the engine's epoch with the store's deadline in running code.
    ///
    /// See [`Store::set_epoch_deadline`](crate::Store::set_epoch_deadline). The default is `false`.
    pub fn epoch_interruption(&mut self, enable: bool) -> &mut Config {
        self.tunables.epoch_interruption = enable;
        self
    }

    /// Enables the interruption of an execution by another thread.
    ///
    /// See [`Store::interrupt_handle`](crate::Store::interrupt_handle). The default is `false`.
    pub fn interruptible(&mut self, enable: bool) -> &mut Config {
        self.tunables.interruptible = enable;
        self
    }

    /// Sets whether executions can be suspended before each access to a shared memory.
    ///
    /// See [`Execution::suspend_at_accesses`](crate::Execution::suspend_at_accesses). The accesses
    /// are those of all instructions except `memory.size`, `memory.grow` and `atomic.fence`. Code
    /// that accesses shared memories is slower with this, even if nothing is suspended. The default
    /// is `false`, which has no cost.
    pub fn observe_accesses(&mut self, enable: bool) -> &mut Config {
        self.tunables.observe_accesses = enable;
        self
    }

    /// Suspends executions at the entry of the functions that modules export under a name
    /// ([`Suspension::Breakpoint`](crate::Suspension::Breakpoint)). Other calls, which cannot be
    /// suspended, trap there. Can be called several times.
    ///
    /// If the engine counts fuel ([`Config::consume_fuel`]), a snapshot of the suspended execution can be
    /// restored in an engine without this.
    ///
    /// ```
    /// use backstitch::{Config, Engine, Instance, Module, Outcome, Store, Suspension};
    ///
    /// # if cfg!(not(feature = "wat")) { return Ok(()) }
    /// let engine = Engine::new(Config::new().suspend_at_export("ready"))?;
    /// let module = Module::new(&engine, r#"
    ///     (module
    ///         (func $ready (export "ready"))
    ///         (func (export "main") (result i32) (call $ready) (i32.const 3)))
    /// "#)?;
    /// let mut store = Store::new(&engine, ());
    /// let instance = Instance::new(&mut store, &module, &[])?;
    /// let main = instance.get_func(&mut store, "main").unwrap();
    /// let mut execution = main.start(&mut store, &[])?;
    /// let outcome = execution.resume(&mut store)?;
    /// assert!(matches!(outcome, Outcome::Suspended(Suspension::Breakpoint)));
    /// assert_eq!(execution.backtrace(&store).frames().len(), 2);
    /// assert!(matches!(execution.resume(&mut store)?, Outcome::Done(_)));
    /// # Ok::<(), backstitch::Error>(())
    /// ```
    pub fn suspend_at_export(&mut self, name: &str) -> &mut Config {
        let probes = self.tunables.probes.get_or_insert_default();
        Arc::make_mut(probes).exports.push(name.into());
        self
    }

    /// Sets the maximum size of the frames of one execution, in bytes.
    ///
    /// An execution that needs more ends with [`Trap::StackOverflow`](crate::Trap::StackOverflow).
    /// Stacks are allocated as needed. The default is 8 MiB.
    pub fn max_wasm_stack(&mut self, bytes: usize) -> &mut Config {
        self.tunables.max_stack = bytes;
        self
    }

    /// Sets the maximum number of nested calls from the host.
    ///
    /// Calls nest where a host function calls WebAssembly again. One call more ends with
    /// [`ExecutionError::TooManyNestedCalls`](crate::ExecutionError::TooManyNestedCalls). Unlike
    /// calls within WebAssembly, each of these uses native stack, about one KiB in addition to what
    /// the host function uses. The default is 100.
    pub fn max_nested_calls(&mut self, calls: usize) -> &mut Config {
        self.tunables.max_nested_calls = calls;
        self
    }

    /// Sets the maximum size of a module, in bytes.
    ///
    /// The default is 1 GiB.
    pub fn max_module_size(&mut self, bytes: usize) -> &mut Config {
        self.tunables.limits.module_size = bytes;
        self
    }

    /// Sets whether errors of an execution contain a [backtrace](crate::WasmBacktrace).
    ///
    /// The default is `true`.
    pub fn wasm_backtrace(&mut self, enable: bool) -> &mut Config {
        self.tunables.backtrace = enable;
        self
    }

    /// Sets whether errors of an execution contain a [core dump](crate::WasmCoreDump).
    ///
    /// This has no cost until an error occurs; then the stacks are copied. The default is `false`.
    pub fn coredump_on_trap(&mut self, enable: bool) -> &mut Config {
        self.tunables.coredump_on_trap = enable;
        self
    }

    /// Sets the maximum number of frames in a backtrace; `None` turns backtraces off.
    ///
    /// The youngest frames are kept. The default is 20.
    pub fn wasm_backtrace_max_frames(&mut self, limit: Option<NonZeroUsize>) -> &mut Config {
        self.tunables.backtrace = limit.is_some();
        if let Some(limit) = limit {
            self.tunables.backtrace_max_frames = limit.get();
        }
        self
    }

    /// Sets whether backtraces contain the [source positions](crate::FrameInfo::symbols) of their frames,
    /// from the debugging information of modules.
    ///
    /// This has no cost until the frames of a backtrace are looked at. The default is
    /// [`WasmBacktraceDetails::Enable`].
    pub fn wasm_backtrace_details(&mut self, details: WasmBacktraceDetails) -> &mut Config {
        self.tunables.backtrace_details = match details {
            WasmBacktraceDetails::Enable => true,
            WasmBacktraceDetails::Disable => false,
        };
        self
    }

    /// Sets the size in bytes from which forks share the pages of a memory, until one side writes them.
    ///
    /// This needs Linux and the feature `copy-on-write`; elsewhere, forks copy. The default is 32 MiB.
    /// A lower size makes more forks cheap. In return, memories of that size are mapped by the system
    /// instead of allocated, so that a new instance does not reuse the resident pages of an old one:
    /// the first write of each page takes about a microsecond longer. See [`Store::fork`].
    ///
    /// [`Store::fork`]: crate::Store::fork
    pub fn copy_on_write_from(&mut self, bytes: usize) -> &mut Config {
        self.tunables.mapped_from = bytes;
        self
    }

    /// Sets the least number of allocations between two garbage collections.
    ///
    /// Host values, exceptions and continuations count as one allocation each, and structures and
    /// arrays as one for each 128 bytes. If more objects than this were alive after the last
    /// collection, the next one begins after that many allocations. The default is 4096.
    pub fn gc_threshold(&mut self, allocations: usize) -> &mut Config {
        self.tunables.collector.least = allocations;
        self
    }

    /// Sets the amount of work in one step of a garbage collection, in bytes that are examined.
    ///
    /// The default is 16 KiB, which takes some tens of microseconds. Between steps the program
    /// continues; steps take place at its allocations, one for each KiB of the step size, up to 64.
    /// Smaller steps make shorter pauses and cost more in total. With steps of less than one KiB,
    /// collections take longer, and more garbage accumulates meanwhile.
    pub fn gc_step(&mut self, bytes: usize) -> &mut Config {
        self.tunables.collector.step = bytes;
        self
    }

    /// Sets whether a step of a garbage collection precedes every allocation.
    ///
    /// This is for tests: a reference that a host function or the engine fails to keep alive is found
    /// at the next allocation. Programs run much slower. The default is `false`.
    pub fn gc_stress(&mut self, enable: bool) -> &mut Config {
        self.tunables.collector.stress = enable;
        self
    }

    features! {
        /// Configures the [tail call](https://github.com/WebAssembly/tail-call) proposal.
        ///
        /// The default is `true`.
        wasm_tail_call = TAIL_CALL,
        /// Configures the [custom page sizes](https://github.com/WebAssembly/custom-page-sizes)
        /// proposal: memories with pages of one byte.
        ///
        /// The default is `true`.
        wasm_custom_page_sizes = CUSTOM_PAGE_SIZES,
        /// Configures the [threads](https://github.com/WebAssembly/threads) proposal: atomic
        /// instructions and shared memories.
        ///
        /// The default is `true`. A shared memory belongs to one store, whose
        /// [executions](crate::Execution) share it: one runs at a time, and one that waits at an
        /// address is suspended with [`Suspension::Wait`](crate::Suspension::Wait). Stores cannot
        /// share memories yet.
        wasm_threads = THREADS,
        /// Configures the [reference types](https://github.com/WebAssembly/reference-types)
        /// proposal, which includes several tables in a module.
        ///
        /// The default is `true`.
        wasm_reference_types = REFERENCE_TYPES,
        /// Configures the [typed function
        /// references](https://github.com/WebAssembly/function-references) proposal.
        ///
        /// The default is `true`.
        wasm_function_references = FUNCTION_REFERENCES,
        /// Configures the [wide arithmetic](https://github.com/WebAssembly/wide-arithmetic)
        /// proposal: addition, subtraction and multiplication of 128-bit integers.
        ///
        /// The default is `true`.
        wasm_wide_arithmetic = WIDE_ARITHMETIC,
        /// Configures the [garbage collection](https://github.com/WebAssembly/gc) proposal:
        /// structures, arrays, `i31`, casts, recursion groups and subtyping. It has no effect if
        /// [`Config::wasm_function_references`] is off.
        ///
        /// The default is `true`.
        wasm_gc = GC,
        /// Configures the [SIMD](https://github.com/WebAssembly/simd) proposal: the type `v128` and
        /// its instructions.
        ///
        /// The default is `true`. In a build without the Cargo feature `simd` this has no effect: a
        /// module that uses `v128` is refused with
        /// [`ModuleError::Unsupported`](crate::ModuleError::Unsupported), which names the proposal
        /// `simd`.
        wasm_simd = SIMD,
        /// Configures the [relaxed SIMD](https://github.com/WebAssembly/relaxed-simd) proposal.
        ///
        /// The default is `true`. Each instruction has the one result that the deterministic
        /// profile of the specification gives it, on every target: for example,
        /// `f32x4.relaxed_madd` always rounds the product and the sum. In a build without the Cargo
        /// feature `simd` this has no effect: see [`Config::wasm_simd`].
        wasm_relaxed_simd = RELAXED_SIMD,
        /// Configures the [bulk memory
        /// operations](https://github.com/WebAssembly/bulk-memory-operations) proposal:
        /// instructions that copy, fill and initialise memories and tables.
        ///
        /// The default is `true`.
        wasm_bulk_memory = BULK_MEMORY,
        /// Configures the [multi-value](https://github.com/WebAssembly/multi-value) proposal:
        /// functions and blocks with several results.
        ///
        /// The default is `true`.
        wasm_multi_value = MULTI_VALUE,
        /// Configures the [multi-memory](https://github.com/WebAssembly/multi-memory) proposal:
        /// several memories in a module.
        ///
        /// The default is `true`.
        wasm_multi_memory = MULTI_MEMORY,
        /// Configures the [memory64](https://github.com/WebAssembly/memory64) proposal: memories
        /// and tables with 64-bit addresses.
        ///
        /// The default is `true`.
        wasm_memory64 = MEMORY64,
        /// Configures the [extended constant
        /// expressions](https://github.com/WebAssembly/extended-const) proposal: integer addition,
        /// subtraction and multiplication in constant expressions.
        ///
        /// The default is `true`.
        wasm_extended_const = EXTENDED_CONST,
        /// Configures the [stack switching](https://github.com/WebAssembly/stack-switching)
        /// proposal: continuations.
        ///
        /// The default is `true`.
        wasm_stack_switching = STACK_SWITCHING,
        /// Configures the [exception handling](https://github.com/WebAssembly/exception-handling)
        /// proposal, with `exnref` and `try_table`.
        ///
        /// The default is `true`. Without it there are no tags, so legacy exceptions cannot be used
        /// either.
        wasm_exceptions = EXCEPTIONS,
        /// Configures the [legacy exception
        /// handling](https://github.com/WebAssembly/exception-handling/blob/main/proposals/exception-handling/legacy/Exceptions.md)
        /// proposal: `try`, `catch`, `catch_all`, `delegate` and `rethrow`, which toolchains used
        /// before `try_table`. A module may use both forms, and an exception that was thrown by
        /// code of one form can be caught by code of the other.
        ///
        /// The default is `true`. In modules in the text format,
        /// [`Module::new`](crate::Module::new) reads `try` in its flat form only; the command line
        /// reads the folded form as well.
        wasm_legacy_exceptions = LEGACY_EXCEPTIONS,
    }
}
