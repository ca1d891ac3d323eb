//! The code of modules from archives.

use super::frame_map::FrameMap;
use super::function_code::FunctionCode;
use crate::code::{Assembler, CatchTable, Positions};
use crate::module::Module;
use crate::support::encoding::Reader;
#[cfg(not(feature = "validate"))]
use crate::support::error::Error;
use crate::support::error::Result;
use alloc::vec::Vec;

/// Returns the code of a function of a module that comes from an archive; `None` if it does not.
///
/// # Errors
///
/// If the archive is damaged.
pub fn code(module: &Module, function: u32) -> Result<Option<FunctionCode>> {
    let Some(function) = module.archived(function)? else {
        return Ok(None);
    };
    let id = |index: u32| module.types.get(index as usize).map(|ty| ty.id);
    let positions = Positions::read(function.code)?;
    Ok(Some(FunctionCode {
        assembler: Assembler::read_indexed(function.code, &positions, id)?,
        catches: CatchTable::read(&mut Reader::new(function.catches), &positions)?,
        counters: Vec::new(),
        extent: function.extent,
    }))
}

/// Returns the frame map of a function of a module that comes from an archive, with the operands of the
/// instructions at these offsets; `None` if it does not.
///
/// # Errors
///
/// If the archive is damaged.
pub fn map(module: &Module, function: u32, wanted: &[u32]) -> Result<Option<FrameMap>> {
    let Some(function) = module.archived(function)? else {
        return Ok(None);
    };
    let positions = Positions::read(function.code)?;
    let mut reader = Reader::new(function.map);
    FrameMap::read(&mut reader, &positions, wanted).map(Some)
}

/// Returns the error for a function without code in a build without the translator.
#[cfg(not(feature = "validate"))]
pub fn no_code() -> Error {
    Error::msg("the function has no code: it is imported, or the archive is damaged")
}
