//! Items that can be imported and exported.

use super::context::AsContext;
use super::extern_type::ExternType;
use super::func::Func;
use super::global::Global;
use super::memory::Memory;
use super::table::Table;
use super::tag::Tag;
use crate::heap::{self, StoreInner};
use crate::ids::StoreId;

/// An item that can be imported and exported.
///
/// Corresponds to [`wasmtime::Extern`](https://docs.rs/wasmtime/latest/wasmtime/enum.Extern.html).
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Extern {
    /// A function.
    Func(Func),
    /// A global.
    Global(Global),
    /// A table.
    Table(Table),
    /// A memory.
    Memory(Memory),
    /// A tag.
    Tag(Tag),
}

impl Extern {
    /// Returns the function, if this is one.
    pub fn into_func(self) -> Option<Func> {
        match self {
            Extern::Func(func) => Some(func),
            _ => None,
        }
    }

    /// Returns the global, if this is one.
    pub fn into_global(self) -> Option<Global> {
        match self {
            Extern::Global(global) => Some(global),
            _ => None,
        }
    }

    /// Returns the table, if this is one.
    pub fn into_table(self) -> Option<Table> {
        match self {
            Extern::Table(table) => Some(table),
            _ => None,
        }
    }

    /// Returns the memory, if this is one.
    pub fn into_memory(self) -> Option<Memory> {
        match self {
            Extern::Memory(memory) => Some(memory),
            _ => None,
        }
    }

    /// Returns the tag, if this is one.
    pub fn into_tag(self) -> Option<Tag> {
        match self {
            Extern::Tag(tag) => Some(tag),
            _ => None,
        }
    }

    /// Returns the type.
    ///
    /// # Panics
    ///
    /// Panics if `store` does not own this item.
    pub fn ty(&self, store: impl AsContext) -> ExternType {
        match self {
            Extern::Func(func) => ExternType::Func(func.ty(store)),
            Extern::Global(global) => ExternType::Global(global.ty(store)),
            Extern::Table(table) => ExternType::Table(table.ty(store)),
            Extern::Memory(memory) => ExternType::Memory(memory.ty(store)),
            Extern::Tag(tag) => ExternType::Tag(tag.ty(store)),
        }
    }

    pub(super) fn from_inner(store: StoreId, item: heap::Extern) -> Extern {
        match item {
            heap::Extern::Func(index) => Extern::Func(Func::of(store, index)),
            heap::Extern::Global(index) => Extern::Global(Global::of(store, index)),
            heap::Extern::Table(index) => Extern::Table(Table::of(store, index)),
            heap::Extern::Memory(index) => Extern::Memory(Memory::of(store, index)),
            heap::Extern::Tag(index) => Extern::Tag(Tag::of(store, index)),
        }
    }

    pub(super) fn to_inner(self) -> heap::Extern {
        match self {
            Extern::Func(func) => heap::Extern::Func(func.index()),
            Extern::Global(global) => heap::Extern::Global(global.index()),
            Extern::Table(table) => heap::Extern::Table(table.index()),
            Extern::Memory(memory) => heap::Extern::Memory(memory.index()),
            Extern::Tag(tag) => heap::Extern::Tag(tag.index()),
        }
    }

    pub(super) fn belongs_to(&self, store: &StoreInner) -> bool {
        match self {
            Extern::Func(func) => func.belongs_to(store),
            Extern::Global(global) => global.belongs_to(store),
            Extern::Table(table) => table.belongs_to(store),
            Extern::Memory(memory) => memory.belongs_to(store),
            Extern::Tag(tag) => tag.belongs_to(store),
        }
    }
}

impl From<Func> for Extern {
    fn from(func: Func) -> Extern {
        Extern::Func(func)
    }
}

impl From<Global> for Extern {
    fn from(global: Global) -> Extern {
        Extern::Global(global)
    }
}

impl From<Table> for Extern {
    fn from(table: Table) -> Extern {
        Extern::Table(table)
    }
}

impl From<Memory> for Extern {
    fn from(memory: Memory) -> Extern {
        Extern::Memory(memory)
    }
}

impl From<Tag> for Extern {
    fn from(tag: Tag) -> Extern {
        Extern::Tag(tag)
    }
}

/// An export of an instance.
///
/// Corresponds to
/// [`wasmtime::Export`](https://docs.rs/wasmtime/latest/wasmtime/struct.Export.html).
#[derive(Clone, Copy, Debug)]
pub struct Export<'instance> {
    name: &'instance str,
    definition: Extern,
}

impl<'instance> Export<'instance> {
    pub(super) fn new(name: &'instance str, definition: Extern) -> Export<'instance> {
        Export { name, definition }
    }

    /// Returns the name.
    pub fn name(&self) -> &'instance str {
        self.name
    }

    /// Returns the type.
    ///
    /// # Panics
    ///
    /// Panics if `store` does not own this item.
    pub fn ty(&self, store: impl AsContext) -> ExternType {
        self.definition.ty(store)
    }

    /// Returns the exported item.
    pub fn into_extern(self) -> Extern {
        self.definition
    }

    /// Returns the function, if this is one.
    pub fn into_func(self) -> Option<Func> {
        self.definition.into_func()
    }

    /// Returns the global, if this is one.
    pub fn into_global(self) -> Option<Global> {
        self.definition.into_global()
    }

    /// Returns the table, if this is one.
    pub fn into_table(self) -> Option<Table> {
        self.definition.into_table()
    }

    /// Returns the memory, if this is one.
    pub fn into_memory(self) -> Option<Memory> {
        self.definition.into_memory()
    }

    /// Returns the tag, if this is one.
    pub fn into_tag(self) -> Option<Tag> {
        self.definition.into_tag()
    }
}
