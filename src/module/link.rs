//! Imports and exports.

use super::types::ExternType;
use alloc::boxed::Box;

/// An import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    /// Module name.
    pub module: Box<str>,
    /// Field name.
    pub name: Box<str>,
    /// Type of the import.
    pub ty: ExternType,
}

impl Import {
    /// Returns whether a function is imported.
    pub fn is_function(&self) -> bool {
        matches!(self.ty, ExternType::Func(_))
    }
}

/// An export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    /// Name, unique within the module.
    pub name: Box<str>,
    /// The exported item.
    pub item: ExportItem,
}

/// The item of an export, by its index in the module, where imports are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportItem {
    /// A function.
    Func(u32),
    /// A table.
    Table(u32),
    /// A memory.
    Memory(u32),
    /// A global.
    Global(u32),
    /// A tag.
    Tag(u32),
}
