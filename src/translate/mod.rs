//! Translation of instructions to cells: one pass, one function at a time.
//!
//! Flows in: a validated [`Module`] and a function's index. Flows out: the function's code,
//! or, on demand, a map from its cells back to the instructions ([`FrameMap`]), or a listing
//! ([`Disassembly`]). The same function gives the same cells every time, so nothing needs to
//! be recorded while code runs. Nothing here names a handler.
//!
//! ```text
//!   operators     the op of each instruction      function   the function under translation
//!   numeric       arithmetic, conversions         control    blocks, branches, returns
//!   condition     conditions of branches          call       calls
//!   memory        memories                        table      tables, globals, references
//!   continuation  suspending and resuming         exception  throwing and catching
//!   vector        vectors                         operand    kinds and places of values
//!   values        the symbolic operand stack      frame      the slots of the frame
//!   mapping       the records for observers       sites      from cells to instructions
//!   costs         fuel not charged at a trap      atomic     atomic instructions
//!   observe       announced accesses              access     the bytes of an access
//!   resume_points where suspended frames go on
//!   archive       code that was translated before, and archived_map its frame maps
//!   probe         cells for observers
//! ```

mod access;
mod archive;
mod archived_map;
mod atomic;
mod call;
mod condition;
mod continuation;
mod control;
mod costs;
mod disassembly;
mod exception;
mod frame;
mod frame_map;
mod function;
mod function_code;
mod mapping;
mod memory;
mod numeric;
mod object;
mod observe;
mod operand;
mod operators;
mod probe;
mod resume_points;
mod sites;
mod table;
mod values;
#[cfg_attr(not(feature = "simd"), path = "vector/absent.rs")]
mod vector;

pub use access::Size;
pub use archive::archive;
pub use disassembly::Disassembly;
pub use frame_map::{FrameMap, frame_map};
pub use mapping::{Source, Variable};
pub use operand::{Class, Kind};

use crate::code::CodeBlock;
use crate::module::Module;
use crate::support::error::Error;
use function_code::FunctionCode;
use thiserror::Error as ThisError;

/// The error for a slot that no field of a cell reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLarge;

/// The reason for which an attempt at a translation ended.
#[derive(Debug)]
pub enum Failed {
    /// The frame needs the layout of a large frame.
    TooLarge(TooLarge),
    /// The body is not valid.
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
    /// Returns the error for an instruction that validation should have refused.
    #[cold]
    fn unsupported(operator: &'static str) -> Failed {
        Failed::Malformed(TranslationError::Unsupported(operator).into())
    }
}

/// The reason for which a function has no code.
#[derive(Debug, ThisError)]
enum TranslationError {
    #[error("backstitch does not support the instruction {0} yet")]
    Unsupported(&'static str),
}

/// Translates a version of a function of `module`.
///
/// # Errors
///
/// If its body is not valid.
pub fn translate(module: &Module, function: u32, version: u16) -> Result<CodeBlock, Error> {
    Ok(FunctionCode::of(module, function, version)?.finish(module))
}
