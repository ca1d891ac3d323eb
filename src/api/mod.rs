//! The API for embedders, with the names and shapes of Wasmtime's API.
//!
//! Input: bytes of modules, host functions, values and limits. Output: handles ([`Func`],
//! [`Memory`], [`Instance`], …), values, and errors with backtraces. Rules: no unsafe code, and no
//! use of a handle without a check of its store.
//!
//! # Design
//!
//! * Only this module uses the embedder's type `T` of [`Store<T>`]. Below it, a store is a
//!   [`StoreInner`](crate::heap::StoreInner) with its data as `dyn Any`; [`Store`] and the
//!   contexts are wrappers with a type parameter.
//! * A handle consists of the store's identity and an index. It is `Copy` and can be compared.
//!   Using it with another store panics, or returns an error where the function can fail and
//!   the handle is an argument (imports, values).
//! * References to what the collector frees ([`Rooted`], [`OwnedRooted`]) name a place in the
//!   store's list of the references that the host holds, with a generation. What the list contains
//!   is a root, so a reference is valid or an error, and never refers to another object.
//! * Host functions are closures behind one `dyn` call. Arguments and results are passed in the
//!   caller's slots, without allocation ([`IntoFunc`]).
//! * Everything that runs WebAssembly is based on [`Execution`]: a synchronous call is one that
//!   runs to its end.

mod any_ref;
mod archive;
mod array_ref;
mod array_type;
mod backtrace;
mod caller;
mod config;
mod cont_ref;
mod cont_type;
mod context;
mod core_dump;
#[cfg(feature = "validate")]
mod coverage;
#[cfg(feature = "validate")]
mod debugging;
mod demangle;
mod engine;
mod eq_ref;
mod execution;
mod exn_ref;
mod exn_type;
mod extern_ref;
mod extern_type;
mod externals;
mod field_type;
#[cfg(all(feature = "std", feature = "validate"))]
mod file;
mod finality;
mod fork;
mod frame_state;
mod frame_symbols;
mod func;
mod func_type;
mod future;
mod global;
mod heap_type;
mod hooks;
mod i31;
mod instance;
mod instance_pre;
mod into_func;
mod limits;
mod linker;
mod linker_module;
mod memory;
mod module;
mod object;
mod out_of_memory;
mod preinit;
#[cfg(feature = "validate")]
mod record;
mod reference;
mod root_scope;
mod rooted;
#[cfg(backstitch_threads)]
mod shared_memory;
#[cfg(feature = "validate")]
mod snapshot;
#[cfg(all(feature = "dwarf", feature = "validate"))]
mod source_coverage;
mod store;
mod struct_ref;
mod struct_type;
mod table;
mod tag;
#[cfg_attr(feature = "wat", path = "text/wat.rs")]
#[cfg_attr(not(feature = "wat"), path = "text/none.rs")]
#[cfg(feature = "validate")]
mod text;
mod typed_func;
mod val_type;
mod values;
mod wasm_ty;

#[cfg(all(test, feature = "wat"))]
mod tests;

pub use self::any_ref::AnyRef;
pub use self::archive::Precompiled;
pub use self::array_ref::{ArrayRef, ArrayRefPre};
pub use self::array_type::ArrayType;
pub use self::backtrace::{FrameInfo, WasmBacktrace};
pub use self::caller::Caller;
pub use self::config::{Config, WasmBacktraceDetails};
pub use self::cont_ref::{ContRef, ContState, NotSuspended};
pub use self::cont_type::ContType;
pub use self::context::{AsContext, AsContextMut, StoreContext, StoreContextMut};
pub use self::core_dump::{CoreDumpOptions, WasmCoreDump};
#[cfg(feature = "validate")]
pub use self::coverage::{CoverageKind, FunctionCoverage, ModuleCoverage};
#[cfg(feature = "validate")]
pub use self::debugging::Watchpoint;
pub use self::demangle::{demangle, demangle_without_hash};
pub use self::engine::{Engine, EngineWeak};
pub use self::eq_ref::EqRef;
pub use self::execution::{Access, Execution, Outcome, Suspension};
pub use self::exn_ref::{ExnRef, ExnRefPre};
pub use self::exn_type::ExnType;
pub use self::extern_ref::ExternRef;
pub use self::extern_type::{
    ExportType, ExternType, GlobalType, ImportType, MemoryType, MemoryTypeBuilder, TableType,
    TagType,
};
pub use self::externals::{Export, Extern};
pub use self::field_type::{FieldType, StorageType};
pub use self::finality::Finality;
pub use self::fork::{Fork, StoreHandle};
pub use self::frame_state::FrameState;
pub use self::func::Func;
pub use self::func_type::FuncType;
pub use self::global::Global;
pub use self::heap_type::HeapType;
pub use self::hooks::{CallHook, FUEL_VERSION, UpdateDeadline};
pub use self::i31::I31;
pub use self::instance::Instance;
pub use self::instance_pre::{InstancePre, Instantiation};
pub use self::into_func::IntoFunc;
pub use self::limits::{ResourceLimiter, StoreLimits, StoreLimitsBuilder};
pub use self::linker::{Linker, UnknownImportError};
pub use self::memory::{Memory, MemoryAccessError};
#[cfg(feature = "wasi-core")]
pub(crate) use self::memory::{MemoryContents, RecordedWrites};
pub use self::module::{Module, ModuleExport};
pub use self::out_of_memory::GcHeapOutOfMemory;
pub use self::preinit::Preinit;
#[cfg(feature = "validate")]
pub use self::record::{
    Breakpoint, Divergence, Recorder, ReplayState, Replayed, ReplayedCall, Replayer, Timeline,
    TimelineOptions, TimelineWrite, TimelineWriter,
};
pub use self::reference::Ref;
pub use self::root_scope::RootScope;
pub use self::rooted::{GcRef, OwnedRooted, Rooted, RootedGcRef};
#[cfg(backstitch_threads)]
pub use self::shared_memory::{SharedMemory, WaitResult};
#[cfg(feature = "validate")]
pub use self::snapshot::{Restored, Snapshot, SnapshotHost, SnapshotModule, SnapshotOptions};
#[cfg(all(feature = "dwarf", feature = "validate"))]
pub use self::source_coverage::SourceCoverage;
pub use self::store::Store;
pub use self::struct_ref::{StructRef, StructRefPre};
pub use self::struct_type::StructType;
pub use self::table::Table;
pub use self::tag::Tag;
pub use self::typed_func::TypedFunc;
pub use self::val_type::{Mutability, RefType, ValType};
pub use self::values::{V128, Val};
pub use self::wasm_ty::{WasmParams, WasmResults, WasmRet, WasmTy};
#[cfg(feature = "profiling")]
pub(crate) use crate::code::CodeLocation;

pub use crate::code::{AccessKind, Trap};
pub use crate::dwarf::FrameSymbol;
#[cfg(feature = "dwarf")]
pub use crate::dwarf::{
    FrameValues, SourceFunction, SourceLine, SourceScope, SourceVariable, Symbolizer,
    embed_debug_info,
};
#[cfg(feature = "profile")]
pub use crate::execute::DispatchCounts;
pub use crate::execute::{Dispatch, DispatchError, ExecutionError};
pub use crate::heap::{ForkError, ThrownException};
pub use crate::module::{ArchiveError, CompilationMode, ModuleBytes, ModuleError, Place};
pub use crate::stack::InterruptHandle;
pub use crate::support::error::{self, Context, Error, HostRequest, Result};
pub use crate::support::write::Write;
pub use crate::walk::coredump::reader as coredump;
pub use crate::walk::coredump::reader::{CoreDump, CoreDumpError};

/// Assertions about `Send` and `Sync`, which are part of the API's contract.
const _: () = {
    const fn shared<T: Send + Sync>() {}
    const fn movable<T: Send>() {}
    shared::<Engine>();
    shared::<Module>();
    shared::<Linker<*mut u8>>();
    shared::<InstancePre<*mut u8>>();
    shared::<InterruptHandle>();
    #[cfg(backstitch_threads)]
    movable::<SharedMemory>();
    shared::<Error>();
    shared::<WasmBacktrace>();
    shared::<WasmCoreDump>();
    shared::<(
        Instance,
        Func,
        TypedFunc<(), ()>,
        Global,
        Table,
        Memory,
        Tag,
        Val,
    )>();
    shared::<FuncType>();
    shared::<Store<()>>();
    shared::<Caller<'_, ()>>();
    movable::<Store<core::cell::Cell<u8>>>();
    movable::<StoreContextMut<'_, core::cell::Cell<u8>>>();
    movable::<Execution>();
    movable::<Instantiation>();
};
