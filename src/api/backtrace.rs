//! Backtraces of WebAssembly code.

use super::context::AsContext;
use super::core_dump::WasmCoreDump;
use super::demangle::{Printable, demangle};
#[cfg(feature = "profiling")]
use super::execution::Execution;
use super::frame_symbols::FrameSymbols;
use super::instance::Instance;
use super::module::Module;
#[cfg(feature = "profiling")]
use crate::code::CodeLocation;
use crate::code::Trap;
use crate::dwarf::FrameSymbol;
use crate::heap::{Failure, StoreInner, ThrownException};
use crate::ids::{InstanceIndex, StackId};
use crate::stack::BoundaryKind;
use crate::support::error::{Error, HostRequest};
use crate::support::sync::OnceLock;
use crate::walk::MemoryFault;
use crate::walk::coredump::Cause;
use crate::walk::{Backtrace, Frame};
use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

/// The WebAssembly frames at a trap or at a call of a host function, youngest first.
///
/// Errors of an execution contain a backtrace; [`Error::downcast_ref`](crate::Error::downcast_ref)
/// returns it. Corresponds to
/// [`wasmtime::WasmBacktrace`](https://docs.rs/wasmtime/latest/wasmtime/struct.WasmBacktrace.html).
///
/// ```
/// use backstitch::{Engine, Instance, Module, Store, Trap, WasmBacktrace};
///
/// # if cfg!(not(feature = "wat")) { return Ok(()) }
/// let engine = Engine::default();
/// let module = Module::new(&engine, r#"
///     (module $shop
///         (func $open (export "open") (call $sell))
///         (func $sell (unreachable)))
/// "#)?;
/// let mut store = Store::new(&engine, ());
/// let instance = Instance::new(&mut store, &module, &[])?;
/// let open = instance.get_typed_func::<(), ()>(&mut store, "open")?;
/// let error = open.call(&mut store, ()).unwrap_err();
///
/// assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::UnreachableCodeReached));
/// let backtrace = error.downcast_ref::<WasmBacktrace>().unwrap();
/// let names: Vec<_> = backtrace.frames().iter().map(|frame| frame.func_name()).collect();
/// assert_eq!(names, [Some("sell"), Some("open")]);
/// println!("{error:?}");
/// # Ok::<(), backstitch::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct WasmBacktrace {
    captured: Vec<Frame>,
    /// Instance and module of each frame in `captured`.
    origins: BTreeMap<InstanceIndex, Arc<Origin>>,
    /// Descriptions of the frames, made when they are first requested: most backtraces are never
    /// inspected.
    frames: OnceLock<Vec<FrameInfo>>,
}

impl WasmBacktrace {
    /// Captures the frames that are on the store's stacks now.
    ///
    /// Called in a host function, this returns the frames of the calls that are in progress. The
    /// backtrace is empty outside of any call, and if
    /// [`Config::wasm_backtrace`](crate::Config::wasm_backtrace) turns backtraces off.
    pub fn capture(store: impl AsContext) -> WasmBacktrace {
        let store = store.as_context().0;
        if store.engine().tunables.backtrace {
            WasmBacktrace::of(store)
        } else {
            WasmBacktrace::new(store, Backtrace::empty())
        }
    }

    /// Captures the frames even if the configuration turns backtraces off.
    ///
    /// See [`WasmBacktrace::capture`].
    pub fn force_capture(store: impl AsContext) -> WasmBacktrace {
        WasmBacktrace::of(store.as_context().0)
    }

    fn of(store: &StoreInner) -> WasmBacktrace {
        let limit = store.engine().tunables.backtrace_max_frames;
        WasmBacktrace::new(store, Backtrace::new(store, limit))
    }

    /// Captures the frames of the calls in progress, or of a suspended execution: at most `limit`.
    #[cfg(feature = "profiling")]
    pub(crate) fn up_to(
        limit: usize,
        store: impl AsContext,
        suspended: Option<&Execution>,
    ) -> WasmBacktrace {
        let store = store.as_context().0;
        let frames = match suspended {
            None => Backtrace::new(store, limit),
            Some(execution) => {
                execution.check(store);
                Backtrace::of_suspended(store, execution.stack(), limit)
            }
        };
        WasmBacktrace::new(store, frames)
    }

    /// Returns the module and the position in its code of each frame, youngest first.
    #[cfg(feature = "profiling")]
    pub(crate) fn locations(&self) -> impl DoubleEndedIterator<Item = (&Module, CodeLocation)> {
        self.captured.iter().map(|frame| {
            let module = &self.origins[&frame.instance].module;
            (module, frame.location())
        })
    }

    /// Captures the frames of a suspended execution.
    pub(super) fn of_suspended(store: &StoreInner, stack: StackId) -> WasmBacktrace {
        let limit = store.engine().tunables.backtrace_max_frames;
        WasmBacktrace::new(store, Backtrace::of_suspended(store, stack, limit))
    }

    /// Captures the frames of suspended executions. Each was called by a host function that the next
    /// one has called.
    pub(super) fn of_all_suspended(
        store: &StoreInner,
        stacks: impl Iterator<Item = StackId>,
    ) -> WasmBacktrace {
        let limit = store.engine().tunables.backtrace_max_frames;
        let mut frames = Vec::new();
        for stack in stacks {
            let left = limit.saturating_sub(frames.len());
            frames.extend(Backtrace::of_suspended(store, stack, left).into_frames());
        }
        WasmBacktrace::of_frames(store, frames)
    }

    fn new(store: &StoreInner, backtrace: Backtrace) -> WasmBacktrace {
        WasmBacktrace::of_frames(store, backtrace.into_frames())
    }

    /// Makes a backtrace of the given frames.
    pub(super) fn of_frames(store: &StoreInner, captured: Vec<Frame>) -> WasmBacktrace {
        let mut origins = BTreeMap::new();
        let mut last = None;
        for frame in &captured {
            if last.replace(frame.instance) != Some(frame.instance) {
                origins.entry(frame.instance).or_insert_with(|| {
                    Arc::new(Origin {
                        instance: Instance::of(store.id(), frame.instance),
                        module: Module::from_ref(store.instance(frame.instance).module()).clone(),
                    })
                });
            }
        }
        log::trace!("captured a backtrace of {} frames", captured.len());
        WasmBacktrace {
            captured,
            origins,
            frames: OnceLock::new(),
        }
    }

    /// Returns the frames, youngest first.
    pub fn frames(&self) -> &[FrameInfo] {
        self.frames.get_or_init(|| self.describe_frames())
    }

    fn describe_frames(&self) -> Vec<FrameInfo> {
        let mut frames = Vec::new();
        // If there is no memory for all frames, describe as many as possible.
        let mut room = self.captured.len();
        while frames.try_reserve_exact(room).is_err() {
            room /= 2;
        }
        let mut stacks = self.captured.iter().map(|frame| frame.stack).skip(1);
        let mut symbols = FrameSymbols::default();
        for run in self.captured[..room].chunk_by(|a, b| a.instance == b.instance) {
            let origin = &self.origins[&run[0].instance];
            frames.extend(run.iter().map(|&frame| FrameInfo {
                origin: Arc::clone(origin),
                frame,
                symbols: symbols.of(&origin.module, frame),
                is_stack_boundary: stacks.next().is_some_and(|next| next != frame.stack),
            }));
        }
        frames
    }
}

/// The instance and module that several frames share.
#[derive(Debug)]
struct Origin {
    instance: Instance,
    module: Module,
}

/// Makes an error from the failure of an execution while its frames are still on the stacks.
#[cold]
pub(super) fn describe_failure(store: &mut StoreInner, failure: Failure) -> Error {
    let (mut error, trap) = match failure {
        Failure::Trap(trap) => {
            let error = Error::new(trap);
            let fault = match trap {
                Trap::MemoryOutOfBounds => MemoryFault::find(store),
                _ => None,
            };
            let error = match fault {
                Some(fault) => error.context(fault),
                None => error,
            };
            (error, Some(trap))
        }
        Failure::Host(mut error) => {
            if let Some(request) = error.downcast_mut::<HostRequest>() {
                request.refused = true;
            }
            (error, None)
        }
        Failure::Exception(exception) => {
            // From here on, the host may take a reference to the exception.
            store.exceptions.escape(exception);
            store.pending_exception = Some(exception);
            (Error::new(ThrownException), None)
        }
    };
    let tunables = &store.engine().tunables;
    // An error that comes out of a nested call already contains all frames.
    let dump = if tunables.coredump_on_trap && !error.is::<WasmCoreDump>() {
        let cause = trap.map_or(Cause::Host(&error), Cause::Trap);
        Some(WasmCoreDump::new(store, cause, None))
    } else {
        None
    };
    if tunables.backtrace && !error.is::<WasmBacktrace>() {
        let backtrace = WasmBacktrace::of(store);
        if !backtrace.captured.is_empty() {
            error = error.context(backtrace);
        }
    }
    match dump {
        Some(dump) => error.context(dump),
        None => error,
    }
}

impl fmt::Display for WasmBacktrace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("error while executing at wasm backtrace:")?;
        if self.captured.is_empty() {
            return f.write_str("\n");
        }
        for (index, frame) in self.frames().iter().enumerate() {
            write!(f, "\n  {index:>3}: ")?;
            if let Some(offset) = frame.module_offset() {
                write!(f, "{offset:#8x} - ")?;
            }
            if frame.symbols().is_empty() {
                let module = frame.module().name().unwrap_or("<unknown>");
                write!(f, "{}!", Printable(module))?;
                write_function(f, frame)?;
            }
            for (depth, symbol) in frame.symbols().iter().enumerate() {
                if depth > 0 {
                    f.write_str("\n                - ")?;
                }
                write_symbol(f, frame, depth, symbol)?;
            }
        }
        Ok(())
    }
}

/// Writes the name of a frame's function, or its index.
fn write_function(f: &mut fmt::Formatter<'_>, frame: &FrameInfo) -> fmt::Result {
    match frame.func_name() {
        Some(name) => write!(f, "{}", Printable(&demangle(name))),
        None => write!(f, "<wasm function {}>", frame.func_index()),
    }
}

/// Writes one of the functions that a frame's instruction belongs to, with its source position on a line
/// of its own.
fn write_symbol(
    f: &mut fmt::Formatter<'_>,
    frame: &FrameInfo,
    depth: usize,
    symbol: &FrameSymbol,
) -> fmt::Result {
    match symbol.name() {
        Some(name) => write!(f, "{}", Printable(&demangle(name)))?,
        None if depth == 0 => write_function(f, frame)?,
        None => f.write_str("<inlined function>")?,
    }
    let Some(file) = symbol.file() else {
        return Ok(());
    };
    write!(f, "\n                    at {}", Printable(file))?;
    if let Some(line) = symbol.line() {
        write!(f, ":{line}")?;
        if let Some(column) = symbol.column() {
            write!(f, ":{column}")?;
        }
    }
    Ok(())
}

/// A frame of a [`WasmBacktrace`].
///
/// Corresponds to
/// [`wasmtime::FrameInfo`](https://docs.rs/wasmtime/latest/wasmtime/struct.FrameInfo.html).
#[derive(Clone, Debug)]
pub struct FrameInfo {
    origin: Arc<Origin>,
    frame: Frame,
    /// Shared by the frames of one instruction.
    symbols: Arc<[FrameSymbol]>,
    is_stack_boundary: bool,
}

impl FrameInfo {
    /// Returns the function's index in its module. Imported functions are counted.
    pub fn func_index(&self) -> u32 {
        self.frame.function
    }

    /// Returns the function's name from the module's name section, if there is one.
    pub fn func_name(&self) -> Option<&str> {
        self.module().0.func_name(self.frame.function)
    }

    /// Returns the function's module.
    pub fn module(&self) -> &Module {
        &self.origin.module
    }

    /// Returns the offset in the module of the instruction that trapped or that calls the next
    /// younger frame, in bytes.
    pub fn module_offset(&self) -> Option<usize> {
        self.frame
            .module_offset(&self.module().0)
            .map(|offset| offset as usize)
    }

    /// Returns the offset of the same instruction from the start of the function's body, in bytes.
    pub fn func_offset(&self) -> Option<usize> {
        let module = &self.module().0;
        let defined = self.frame.function.checked_sub(module.imported_functions)?;
        self.module_offset()?
            .checked_sub(module.bodies.get(defined as usize)?.start)
    }

    /// Returns the position of the frame's cell in the function's translated code, in words.
    ///
    /// For a call in progress, this is the position of the call's last word.
    /// [`Module::disassemble`] prints the same numbers.
    pub fn code_offset(&self) -> u32 {
        self.frame.code_offset
    }

    /// Returns the position of the frame's record, in slots from the base of its stack.
    pub fn fp(&self) -> usize {
        self.frame.fp as usize
    }

    /// Returns the source positions of the frame's instruction: those in inlined functions first, each
    /// before the one that it is inlined into.
    ///
    /// The slice is empty if the module has no debugging information for the instruction, or malformed
    /// one, without the feature `dwarf`, and with [`WasmBacktraceDetails::Disable`].
    ///
    /// [`WasmBacktraceDetails::Disable`]: crate::WasmBacktraceDetails::Disable
    pub fn symbols(&self) -> &[FrameSymbol] {
        &self.symbols
    }

    /// Returns the instance in which the function runs.
    pub fn instance(&self) -> Instance {
        self.origin.instance
    }

    /// Returns the number of the stack that contains the frame.
    pub fn stack(&self) -> u32 {
        self.frame.stack
    }

    /// Returns whether the host called this frame's function.
    ///
    /// If so, frames of host functions, and possibly of other stores, lie between this frame and
    /// the next older one. They are not part of the backtrace.
    pub fn is_called_by_host(&self) -> bool {
        self.frame.boundary == Some(BoundaryKind::Host)
    }

    /// Returns whether the next older frame, that of the caller, is on another stack.
    pub fn is_stack_boundary(&self) -> bool {
        self.is_stack_boundary
    }
}
