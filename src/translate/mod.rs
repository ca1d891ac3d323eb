//! Translation of instructions to cells: one pass, one function at a time.
//!
//! Flows in: a validated [`Module`] and a function's index. Flows out: the function's code,
//! or, on demand, a map from its cells back to the instructions ([`FrameMap`]), or a listing
//! ([`Disassembly`]). The same function gives the same cells every time, so nothing needs to
//! be recorded while code runs. Nothing here names a handler.
//!
//! Code and maps of a module from an archive are read instead. Without the feature `validate` there is
//! no other code.
//!
//! ```text
//!   pass          makes cells of operators        function_code  a function's cells
//!   archive       … reads them                    disassembly    … lists them
//!   frame_map     what observers see of a frame   archived_map   … as bytes
//!   places        the places of values            operand        kinds of values
//!   sites         from cells to instructions      access         the bytes of an access
//!   costs         fuel not charged at a trap      resume_points  where suspended frames go on
//! ```

mod access;
mod archive;
mod archived_map;
mod costs;
mod disassembly;
mod frame_map;
mod function_code;
mod operand;
#[cfg(feature = "validate")]
mod pass;
mod places;
mod resume_points;
mod sites;

pub use access::Size;
pub use disassembly::Disassembly;
pub use frame_map::{FrameMap, frame_map};
pub use operand::{Class, Kind};
#[cfg(feature = "validate")]
pub use pass::archive;
pub use places::{Source, Variable};

use crate::code::CodeBlock;
use crate::module::Module;
use crate::support::error::Error;
use function_code::FunctionCode;

/// Translates a version of a function of `module`.
///
/// # Errors
///
/// If its body is not valid.
pub fn translate(module: &Module, function: u32, version: u16) -> Result<CodeBlock, Error> {
    Ok(FunctionCode::of(module, function, version)?.finish(module))
}
