//! Imports and exports.

use super::types::ExternType;
use alloc::boxed::Box;

/// Something that a module needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    /// The first half of its name.
    pub module: Box<str>,
    /// The second half of its name.
    pub name: Box<str>,
    /// Its type.
    pub ty: ExternType,
}

/// Something that a module gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    /// Its name, which no other export of the module has.
    pub name: Box<str>,
    /// What it is.
    pub item: ExportItem,
}

/// What an export is, by index in the module, imported ones counted.
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
