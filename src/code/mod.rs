//! The instruction set, and code made of it.
//!
//! Flows in: ops and operands from `translate`, through the [`Assembler`].
//! Flows out: [`CodeBlock`]s whose cells begin with handlers' addresses, published in a
//! [`ModuleCode`] for `execute`, which fills the [`HandlerTable`]s.
//!
//! The two sides meet here and nowhere else: `translate` knows opcodes and no handlers,
//! `execute` knows handlers and no instructions. Running code reaches the translator through a
//! function pointer (`module::Translate`).
//!
//! ```text
//!   table    every op, once                   vector_table   the ops on vectors
//!   object_table                              the ops on structures, arrays and types
//!   family   the variants of ops              shape          the operands of a variant
//!   field    the types of fields              layout         where fields stand
//!   cells    ops with fields of their own     input          operands under assembly
//!   opcode   numbers of ops and variants      fusion         runs of cells with one handler
//!   fusion_rows, vector_fusion_rows, object_fusion_rows, fuel_fusion_rows   the list of these runs
//!   indexed  code as bytes, for archives    fingerprint   which archives this build can read
//!   atomic   assembly of atomic accesses      object         … of accesses to objects
//! ```

mod assembler;
mod atomic;
mod block;
mod catch;
pub mod cells;
pub mod clauses;
pub(crate) mod family;
mod field;
pub mod fingerprint;
pub(crate) mod fuel_fusion_rows;
mod fusion;
pub(crate) mod fusion_rows;
mod indexed;
mod input;
mod layout;
mod module_code;
mod object;
pub(crate) mod object_fusion_rows;
pub(crate) mod object_table;
mod observed;
mod opcode;
mod print;
mod scalar;
pub mod shape;
pub(crate) mod table;
mod trap;
pub(crate) mod vector_fusion_rows;
pub(crate) mod vector_table;

pub use assembler::{Assembler, Offset, Operation};
pub use atomic::AtomicAddress;
pub use block::{
    CodeBlock, CodeHeader, CodeLength, Counter, CounterKind, FixedCell, FixedCells, HEADER_WORDS,
    HandlerAddress, HandlerTable, Stub,
};
pub use catch::{BlockForm, BlockNumber, Catch, CatchTable, Passed};
pub use clauses::{Awaits, Clause, Handles};
pub use family::Family;
#[cfg(feature = "simd")]
pub use field::Lane;
pub use field::{
    CalleeCode, CalleeEntry, CastTarget, CastTest, Clauses, FarSlot, FieldKind, FieldType, Length,
    ModuleData, ModuleElements, ModuleFunc, ModuleGlobal, ModuleMemory, ModuleTable, ModuleTag,
    NearSlot, PagedMemory, Target, Targets, ThrownTag, Unused,
};
pub use indexed::Positions;
pub use input::{Access, Input};
pub use layout::{At, Layout, is_same};
pub use module_code::{CodeLocation, Entry, ModuleCode, PublishedBlocks};
pub use observed::AccessKind;
pub use opcode::{Op, Opcode};
pub use scalar::Scalar;
pub use trap::Trap;
