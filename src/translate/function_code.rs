//! The code of a function, before its cells have addresses.

use super::archive;
#[cfg(feature = "validate")]
use super::pass::{Function, Translated};
use crate::code::{Assembler, CatchTable, CodeBlock, Counter};
use crate::module::Module;
use crate::support::error::Result;
use alloc::vec::Vec;

/// The code of a function, translated now or read from an archive.
pub struct FunctionCode {
    /// The cells.
    pub assembler: Assembler,
    /// The blocks that catch exceptions.
    pub catches: CatchTable,
    /// The counters of straight runs of code.
    pub counters: Vec<Counter>,
    /// The extent of a frame, in slots.
    pub extent: u32,
}

#[cfg(feature = "validate")]
impl From<Translated<'_>> for FunctionCode {
    fn from(translated: Translated<'_>) -> FunctionCode {
        FunctionCode {
            assembler: translated.values.assembler,
            catches: translated.catches,
            counters: translated.counters,
            extent: translated.extent,
        }
    }
}

impl FunctionCode {
    /// Returns a version of a function's code: from the archive that the module comes from, if it comes
    /// from one.
    ///
    /// # Errors
    ///
    /// If the body is not valid, or the archive is damaged.
    pub fn of(module: &Module, function: u32, version: u16) -> Result<FunctionCode> {
        match archive::code(module, function)? {
            Some(code) => Ok(code),
            #[cfg(feature = "validate")]
            None => Function::translate(module, function, version, None).map(FunctionCode::from),
            #[cfg(not(feature = "validate"))]
            None => Err(archive::no_code()),
        }
    }

    /// Finishes the code, which is that of a function of `module`.
    pub fn finish(self, module: &Module) -> CodeBlock {
        CodeBlock::new(
            &self.assembler,
            module.code.handlers(),
            self.extent as usize * size_of::<u64>(),
            self.catches,
            self.counters,
            |callee| module.code.entry(callee),
        )
    }
}
