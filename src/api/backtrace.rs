//! Backtraces: which functions of which modules were running.

use super::context::AsContext;
use super::core_dump::WasmCoreDump;
use super::demangle::demangle;
use super::instance::Instance;
use super::module::Module;
use crate::heap::{Failure, StoreInner, ThrownException};
use crate::ids::{InstanceIndex, StackId};
use crate::stack::BoundaryKind;
use crate::support::error::{Error, HostRequest};
use crate::support::sync::OnceLock;
use crate::walk::coredump::Cause;
use crate::walk::{Backtrace, Frame};
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

/// The frames of WebAssembly at a trap or in a host function, the youngest first.
///
/// It is a context of the errors that execution ends with:
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
#[derive(Debug)]
pub struct WasmBacktrace {
    captured: Vec<Frame>,
    /// The instances that have frames.
    origins: BTreeMap<InstanceIndex, Arc<Origin>>,
    /// Made of the above when somebody looks: nobody looks at most backtraces.
    frames: OnceLock<Vec<FrameInfo>>,
}

impl WasmBacktrace {
    /// The frames that are on the store's stacks now: those of the calls under way, seen
    /// from a host function. None outside of any call, and none if the configuration
    /// turns backtraces off.
    pub fn capture(store: impl AsContext) -> WasmBacktrace {
        let store = store.as_context().0;
        if store.engine().tunables.backtrace {
            WasmBacktrace::of(store)
        } else {
            WasmBacktrace::new(store, Backtrace::empty())
        }
    }

    /// The same, though the configuration turn backtraces off.
    pub fn force_capture(store: impl AsContext) -> WasmBacktrace {
        WasmBacktrace::of(store.as_context().0)
    }

    fn of(store: &StoreInner) -> WasmBacktrace {
        let limit = store.engine().tunables.backtrace_max_frames;
        WasmBacktrace::new(store, Backtrace::new(store, limit))
    }

    /// The frames of an execution that is suspended.
    pub(super) fn of_suspended(store: &StoreInner, stack: StackId) -> WasmBacktrace {
        let limit = store.engine().tunables.backtrace_max_frames;
        WasmBacktrace::new(store, Backtrace::of_suspended(store, stack, limit))
    }

    fn new(store: &StoreInner, backtrace: Backtrace) -> WasmBacktrace {
        WasmBacktrace::of_frames(store, backtrace.into_frames())
    }

    /// These frames.
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

    /// The frames, the youngest first.
    pub fn frames(&self) -> &[FrameInfo] {
        self.frames.get_or_init(|| self.describe_frames())
    }

    fn describe_frames(&self) -> Vec<FrameInfo> {
        let mut frames = Vec::new();
        // Without memory for all, a shorter trace is better than none.
        let mut room = self.captured.len();
        while frames.try_reserve_exact(room).is_err() {
            room /= 2;
        }
        let mut stacks = self.captured.iter().map(|frame| frame.stack).skip(1);
        for run in self.captured[..room].chunk_by(|a, b| a.instance == b.instance) {
            let origin = &self.origins[&run[0].instance];
            frames.extend(run.iter().map(|&frame| FrameInfo {
                origin: Arc::clone(origin),
                frame,
                is_stack_boundary: stacks.next().is_some_and(|next| next != frame.stack),
            }));
        }
        frames
    }
}

/// What the frames of one instance share.
#[derive(Debug)]
struct Origin {
    instance: Instance,
    module: Module,
}

/// Makes an error of what an execution ended with, while its frames still stand.
#[cold]
pub(super) fn describe_failure(store: &mut StoreInner, failure: Failure) -> Error {
    let (mut error, trap) = match failure {
        Failure::Trap(trap) => (Error::new(trap), Some(trap)),
        Failure::Host(mut error) => {
            if let Some(request) = error.downcast_mut::<HostRequest>() {
                request.refused = true;
            }
            (error, None)
        }
        Failure::Exception(exception) => {
            // The host may have a reference to it from now on.
            store.exceptions.seen(exception);
            store.pending_exception = Some(exception);
            (Error::new(ThrownException), None)
        }
    };
    let tunables = &store.engine().tunables;
    // An error that has come through an inner call shows all frames already.
    let dump = if tunables.coredump_on_trap && !error.is::<WasmCoreDump>() {
        let cause = trap.map_or(Cause::Host(&error), Cause::Trap);
        Some(WasmCoreDump::new(store, cause))
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
            write!(f, "{}!", frame.module().name().unwrap_or("<unknown>"))?;
            match frame.func_name() {
                Some(name) => f.write_str(&demangle(name))?,
                None => write!(f, "<wasm function {}>", frame.func_index())?,
            }
        }
        Ok(())
    }
}

/// A frame of a [`WasmBacktrace`].
#[derive(Clone, Debug)]
pub struct FrameInfo {
    origin: Arc<Origin>,
    frame: Frame,
    is_stack_boundary: bool,
}

impl FrameInfo {
    /// The function's index in its module, counted with the imported ones.
    pub fn func_index(&self) -> u32 {
        self.frame.function
    }

    /// The function's name, if its module's name section gives one.
    pub fn func_name(&self) -> Option<&str> {
        self.module().0.func_name(self.frame.function)
    }

    /// The function's module.
    pub fn module(&self) -> &Module {
        &self.origin.module
    }

    /// The offset in its module of the instruction that trapped or calls.
    pub fn module_offset(&self) -> Option<usize> {
        self.frame
            .module_offset(&self.module().0)
            .map(|offset| offset as usize)
    }

    /// The same offset from the start of the function's body.
    pub fn func_offset(&self) -> Option<usize> {
        let module = &self.module().0;
        let defined = self.frame.function.checked_sub(module.imported_functions)?;
        self.module_offset()?
            .checked_sub(module.bodies.get(defined as usize)?.start)
    }

    /// The instruction of the function's translated code, in words from the first one; of a
    /// call under way, its last word. [`Module::disassemble`] shows the same numbers.
    pub fn code_offset(&self) -> u32 {
        self.frame.code_offset
    }

    /// Where the frame's record stands, in slots from the base of its stack.
    pub fn fp(&self) -> usize {
        self.frame.fp as usize
    }

    /// Source positions: none, as debugging information is not read yet.
    pub fn symbols(&self) -> &[FrameSymbol] {
        &[]
    }

    /// The instance that the function runs in.
    pub fn instance(&self) -> Instance {
        self.origin.instance
    }

    /// The number of the stack that the frame stands on.
    pub fn stack(&self) -> u32 {
        self.frame.stack
    }

    /// Whether the host has called it: between it and the next frame lies a gap, of the
    /// host's functions and perhaps of frames of other stores.
    pub fn is_called_by_host(&self) -> bool {
        self.frame.boundary == Some(BoundaryKind::Host)
    }

    /// Whether the next frame, that of the caller, stands on another stack.
    pub fn is_stack_boundary(&self) -> bool {
        self.is_stack_boundary
    }
}

/// A function's name and position in its source.
#[derive(Clone, Debug)]
pub struct FrameSymbol {
    name: Option<String>,
    file: Option<String>,
    line: Option<u32>,
    column: Option<u32>,
}

impl FrameSymbol {
    /// The function's name, perhaps mangled.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The source file.
    pub fn file(&self) -> Option<&str> {
        self.file.as_deref()
    }

    /// The line, counted from 1.
    pub fn line(&self) -> Option<u32> {
        self.line
    }

    /// The column, counted from 1.
    pub fn column(&self) -> Option<u32> {
        self.column
    }
}
