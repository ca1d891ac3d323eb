//! The instruction set, and code made of it.
//!
//! Flows in: ops and operands from `translate`, through the [`Assembler`].
//! Flows out: [`CodeBlock`]s whose cells begin with handlers' addresses, published in a
//! [`ModuleCode`] for `execute`, which fills the [`HandlerTable`]s.
//!
//! The two sides meet here and nowhere else: `translate` knows opcodes and no handlers,
//! `execute` knows handlers and no operators. What one needs of the other is a function
//! pointer ([`Translate`]).

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

use crate::module::Module;
use crate::support::error::Error;

/// Translates one function: how running code and eager compilation reach the translator.
pub type Translate = fn(&Module, u32) -> Result<CodeBlock, Error>;

/// The code of a function, translated now if it has not been.
///
/// # Errors
///
/// In [`CompilationMode::Lazy`](crate::module::CompilationMode), what is wrong with the
/// function's body.
pub fn publish(module: &Module, function: u32) -> Result<*const CodeHeader, Error> {
    if let Some(code) = module.code.published(function) {
        return Ok(code);
    }
    module.validate_body(function)?;
    publish_valid(module, function)
}

/// As [`publish`], of a function that has not been translated and whose body is valid.
///
/// # Errors
///
/// Whatever the translator says.
pub fn publish_valid(module: &Module, function: u32) -> Result<*const CodeHeader, Error> {
    let block = (module.engine.translate)(module, function)?;
    Ok(module.code.publish(function, block))
}
