//! The pass over a function's operators that makes cells of them.
//!
//! ```text
//!   operators     the op of each instruction      function   the function under translation
//!   numeric       arithmetic, conversions         control    blocks, branches, returns
//!   condition     conditions of branches          call       calls
//!   memory        memories                        table      tables, globals, references
//!   continuation  suspending and resuming         exception  throwing and catching
//!   vector        vectors                         object     structures and arrays
//!   values        the symbolic operand stack      frame      the slots of the frame
//!   mapping       the records for observers       observe    announced accesses
//!   accesses      the accesses of instructions    atomic     atomic instructions
//!   probe         cells for observers             fuel       charges and polls
//!   archive       all code of a module, as bytes
//! ```

mod accesses;
mod archive;
mod atomic;
mod call;
mod condition;
mod continuation;
mod control;
mod exception;
mod frame;
mod fuel;
mod function;
mod mapping;
mod memory;
mod numeric;
mod object;
mod observe;
mod operators;
mod probe;
mod table;
mod values;
#[cfg_attr(not(feature = "simd"), path = "vector/absent.rs")]
mod vector;

pub use archive::archive;
pub use function::{Function, Translated};

use super::{access, costs, frame_map, operand, places, resume_points, sites};
use crate::support::error::Error;
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
