//! From cells back to operators.

use super::function::Function;
use super::sites::Sites;
use crate::code::Offset;
use crate::module::Module;
use crate::support::error::Error;

/// What the cells of one function mean to an observer of its frames.
#[derive(Clone, Debug)]
pub struct FrameMap {
    sites: Sites,
}

impl FrameMap {
    /// The offset in the module of the operator that the cell at `offset` words belongs
    /// to.
    pub fn wasm_offset(&self, offset: u32) -> Option<u32> {
        self.sites.wasm_offset(Offset(offset))
    }
}

/// Makes the map of a function, by translating it once more.
///
/// # Errors
///
/// As [`translate`](super::translate).
pub fn frame_map(module: &Module, function: u32) -> Result<FrameMap, Error> {
    let translated = Function::translate(module, function, true)?;
    Ok(FrameMap {
        sites: translated.sites.unwrap_or_default(),
    })
}
