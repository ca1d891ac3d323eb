//! From WebAssembly's operators to cells: one pass, one function at a time.
//!
//! Flows in: a validated [`Module`] and a function's index. Flows out: its code, or, on
//! demand, a map from its cells back to the operators ([`FrameMap`]), or a listing
//! ([`Disassembly`]). The same function gives the same cells every time: that is why
//! nothing needs to be recorded while code runs. Nothing here knows a handler.
//!
//! ```text
//!   operators     which op an operator is
//!   function      cells of operands and a result      control   blocks and branches
//!   memory        memories, tables, globals           call      calls
//!   continuation  suspending and resuming
//!   exception     throwing, and what is caught
//!   values        the symbolic operand stack, and where its values are
//!   frame         which slot is what
//!   mapping       what observers want to know of all that
//! ```

mod access;
mod call;
mod continuation;
mod control;
mod disassembly;
mod exception;
mod frame;
mod frame_map;
mod function;
mod mapping;
mod memory;
mod operand;
mod operators;
mod sites;
mod values;

pub use access::Size;
pub use disassembly::Disassembly;
pub use frame_map::{FrameMap, frame_map};
pub use mapping::{Source, Variable};
pub use operand::Kind;

use crate::code::CodeBlock;
use crate::module::Module;
use crate::support::error::Error;
use function::Function;
use thiserror::Error as ThisError;

/// A slot that cells cannot reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLarge;

/// Why an attempt at a translation ended.
#[derive(Debug)]
pub enum Failed {
    /// The frame needs the layout of a large one.
    TooLarge(TooLarge),
    /// The body is not one that validation lets through.
    Malformed(Error),
}

impl From<wasmparser::BinaryReaderError> for Failed {
    fn from(error: wasmparser::BinaryReaderError) -> Failed {
        Failed::Malformed(Error::msg(alloc::format!(
            "cannot translate the function: {error}"
        )))
    }
}

impl Failed {
    /// An operator that validation should have refused.
    #[cold]
    fn unsupported(operator: &'static str) -> Failed {
        Failed::Malformed(TranslationError::Unsupported(operator).into())
    }
}

/// Why a function has no code.
#[derive(Debug, ThisError)]
enum TranslationError {
    #[error("backstitch does not support the operator {0} yet")]
    Unsupported(&'static str),
}

/// Translates a function of `module`.
///
/// # Errors
///
/// If its body is not one that validation lets through.
pub fn translate(module: &Module, function: u32) -> Result<CodeBlock, Error> {
    let translated = Function::translate(module, function, None)?;
    Ok(CodeBlock::new(
        &translated.values.assembler,
        module.code.handlers(),
        translated.extent as usize * size_of::<u64>(),
        translated.catches,
        |callee| module.code.entry(callee),
    ))
}
