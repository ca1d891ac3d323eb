//! State of guests outside the stacks: memories, tables, globals, functions, objects, and the
//! store that owns them.
//!
//! Flows in: requests of the embedder (`api`) and of running code (`execute`).
//! Flows out: stable addresses of small `repr(C)` cores ([`MemoryCore`], `TableCore`,
//! [`GlobalCell`], [`InstanceCore`], [`FuncObject`]), which handlers read directly.
//!
//! ```text
//!   store       all that a store owns        creation, growth, limits, rollback, hooks
//!   instance    a module's instance          instantiate, matching, functions
//!   memory, table, global, tag, func
//!   exception, externs, objects              objects, which a collection frees
//!   collector   when to collect              collection, reachable, host_roots, frame_roots
//!   fork        a copy of all of it
//!   recording   the actions of the host, for a recorder
//!   probes      the log of the probes in code, for a replay
//!   debugging   what stops code, for an observer
//! ```
//!
//! # Invariants
//!
//! * **H1** Every core is in an allocation of its own, which neither moves nor is freed
//!   before its store. A pointer to a core stays valid for the store's life.
//! * **H2** Cores are accessed through raw pointers only. No Rust reference to one is held
//!   while a handler may run.
//! * **H3** `MemoryCore::base` is valid for reads and writes of `MemoryCore::len` bytes,
//!   `TableCore::elements` for `TableCore::len` elements, and `TableCore::cards` for one byte
//!   for each 2^[`CARD`] elements, at all times. The bytes of a memory that is not exclusive, which
//!   other threads may access, are accessed with atomic instructions only; so are those of any
//!   memory whose type is shared by loads and stores, which do not test it.
//! * **H4** References in slots, tables, globals and objects are indices plus one of the store's
//!   functions and exceptions, numbers of stacks with their revision, or the bits of an
//!   [`AnyKind`]. Zero is null. They are never addresses of the host, so they are the same on every
//!   target and in every run.
//! * **H5** A reference to an object in a slot, a table, a global or another object, or among those
//!   that the host holds, is that of a live object of the store: its block has memory, it begins with its type, which the
//!   store's [`ObjectCore`] knows, and it has the size that its type and length give.

mod collection;
mod collector;
mod creation;
mod debugging;
mod exception;
mod externs;
mod failure;
mod fork;
mod frame_roots;
mod func;
mod functions;
mod global;
mod growth;
mod hooks;
mod host_roots;
mod instance;
mod instantiate;
mod limits;
mod matching;
mod memory;
mod objects;
mod probes;
mod reachable;
mod recording;
mod rollback;
mod store;
mod table;
mod tag;

pub use collector::{Reference, TracedFrames};
pub use debugging::{Debugging, Watched};
pub use exception::{Exception, ThrownException};
pub use externs::CopyHostValue;
pub use failure::Failure;
pub use fork::ForkError;
pub use frame_roots::{FrameRoots, KeptFrameRoots};
pub use func::{FuncObject, FuncRef, HostCall, HostFunc};
pub use global::{Global, GlobalCell};
pub use hooks::{Crossing, EpochDecision};
pub use host_roots::HostRoot;
pub use instance::{Instance, InstanceCore, InstanceParts};
pub use instantiate::{
    Extern, Instantiated, check_memory_init, check_table_init, instantiate, memory_init,
    segment_item, table_init,
};
pub use limits::{
    DEFAULT_CONTINUATIONS, DEFAULT_EXCEPTION_BYTES, DEFAULT_INSTANCES, DEFAULT_MEMORIES,
    DEFAULT_MEMORY_BYTES, DEFAULT_OBJECT_BYTES, DEFAULT_STACK_BYTES, DEFAULT_TABLE_ELEMENTS,
    DEFAULT_TABLES, EXTERN_BYTES, Limiter,
};
pub use matching::check_import;
#[cfg(backstitch_threads)]
pub use memory::SharedMemory;
pub use memory::{Memory, MemoryCore};
pub use objects::{AnyKind, ObjectCore, is_object};
pub use probes::{ProbeEvent, ProbeWriter};
pub use recording::{FixedLimits, HostEvent, Left, Recording};
pub use store::StoreInner;
pub use table::{CARD, Table};
