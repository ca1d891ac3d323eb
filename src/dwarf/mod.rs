//! Debugging information: the source of the instructions of a module.
//!
//! * Input: the bytes of a module, with DWARF in custom sections, or in those of other files. They may be
//!   hostile.
//! * Output: functions, files and lines of instructions ([`Symbolizer`]), and values of variables.
//! * Rules: nothing here is needed to run a module. Debugging information that is malformed is an
//!   error where it is asked for, and no reason to refuse a module.

#[cfg(feature = "dwarf")]
mod embed;
#[cfg(feature = "dwarf")]
mod function;
#[cfg(feature = "dwarf")]
mod sections;
mod symbol;
#[cfg(feature = "dwarf")]
mod symbolizer;
#[cfg(feature = "dwarf")]
mod variables;

/// The beginning of the names of all custom sections with debugging information.
#[cfg(feature = "dwarf")]
pub const SECTIONS: &str = ".debug_";

#[cfg(feature = "dwarf")]
pub use embed::embed_debug_info;
#[cfg(feature = "dwarf")]
pub use function::SourceFunction;
pub use symbol::FrameSymbol;
#[cfg(feature = "dwarf")]
pub use symbolizer::{SourceLine, Symbolizer};
#[cfg(feature = "dwarf")]
pub use variables::{FrameValues, SourceScope, SourceVariable};
