//! What guests own outside the stack: memories, tables, globals, functions, and the
//! store that keeps them.
//!
//! Flows in: requests of the embedder (`api`) and of running code (`execute`).
//! Flows out: raw, stable addresses of small `repr(C)` cores ([`MemoryCore`],
//! [`TableCore`], [`GlobalCell`], [`InstanceCore`], [`FuncObject`]) that handlers read
//! without a look at the rest.
//!
//! # Invariants
//!
//! * **H1** Every core lives in an allocation of its own that neither moves nor is freed
//!   before its store. A pointer to a core, once handed out, stays valid for the store's
//!   life.
//! * **H2** Cores are reached through raw pointers alone: no Rust reference to one is
//!   held while a handler may run.
//! * **H3** `MemoryCore::base` is valid for reads and writes of `MemoryCore::len` bytes,
//!   `TableCore::elements` for `TableCore::len` elements, at all times;
//!   `TableCore::cards` for a byte for each 2^[`CARD`] of them.
//! * **H4** References in slots, tables and globals are indices plus one into the store's
//!   [`FuncObject`]s or host values; zero is null. They are never addresses, so they look
//!   the same on every target and in every run.

mod collection;
mod collector;
mod exception;
mod externs;
mod func;
mod global;
mod instance;
mod instantiate;
mod limits;
mod matching;
mod memory;
mod reachable;
mod store;
mod table;
mod tag;

pub use collector::Reference;
pub use exception::{Exception, ThrownException};
pub use func::{FuncObject, FuncRef, HostCall, HostFunc};
pub use global::{Global, GlobalCell};
pub use instance::{Instance, InstanceCore};
pub use instantiate::{
    Extern, Instantiated, check_memory_init, check_table_init, instantiate, memory_init, table_init,
};
pub use limits::Limiter;
pub use matching::check_import;
pub use memory::{Memory, MemoryCore};
pub use store::{
    Crossing, DEFAULT_CONTINUATIONS, DEFAULT_EXCEPTION_BYTES, DEFAULT_INSTANCES, DEFAULT_MEMORIES,
    DEFAULT_MEMORY_BYTES, DEFAULT_STACK_BYTES, DEFAULT_TABLE_ELEMENTS, DEFAULT_TABLES,
    EpochDecision, Failure, StoreInner,
};
pub use table::{CARD, Table};
