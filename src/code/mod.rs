//! The instruction set, and code made of it.
//!
//! Flows in: ops and operands from `translate`, through the [`Assembler`].
//! Flows out: [`CodeBlock`]s whose cells begin with handlers' addresses, published in a
//! [`ModuleCode`] for `execute`, which fills the [`HandlerTable`]s.
//!
//! The two sides meet here and nowhere else: `translate` knows opcodes and no handlers,
//! `execute` knows handlers and no operators. Running code reaches the translator through a
//! function pointer (`module::Translate`).

mod assembler;
mod block;
mod catch;
pub mod clauses;
mod fusion;
pub(crate) mod fusion_rows;
pub mod layout;
mod module_code;
mod opcode;
mod print;
pub(crate) mod table;
mod trap;

pub use assembler::{Assembler, Offset, TakenCell, mode_index};
pub use block::{
    CodeBlock, CodeHeader, CodeLength, FixedCell, FixedCells, HEADER_WORDS, HandlerAddress,
    HandlerTable, Stub,
};
pub use catch::{Catch, CatchTable};
pub use clauses::{Awaits, Clause, Handles};
pub use module_code::{CodeLocation, Entry, ModuleCode, PublishedBlocks};
pub use opcode::{Op, Opcode};
pub use trap::Trap;
