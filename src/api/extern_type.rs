//! The types of what is imported and exported.

use super::context::AsContextMut;
use super::engine::Engine;
use super::externals::Extern;
use super::func_type::FuncType;
use super::global::Global;
use super::memory::Memory;
use super::reference::Ref;
use super::table::Table;
use super::tag::Tag;
use super::val_type::{Mutability, RefType, ValType};
use crate::support::error::{Error, Result};
use crate::{bail, ensure, format_err, module};
use core::fmt;

/// The type of something imported or exported.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub enum ExternType {
    /// A function.
    Func(FuncType),
    /// A global.
    Global(GlobalType),
    /// A table.
    Table(TableType),
    /// A memory.
    Memory(MemoryType),
    /// A tag.
    Tag(TagType),
}

macro_rules! accessors {
    ($($variant:ident($ty:ty) $get:ident $unwrap:ident $what:literal,)*) => {$(
        #[doc = concat!("The type, if it is that of a ", $what, ".")]
        pub fn $get(&self) -> Option<&$ty> {
            match self {
                ExternType::$variant(ty) => Some(ty),
                _ => None,
            }
        }

        #[doc = concat!("The type of a ", $what, ".")]
        ///
        /// # Panics
        ///
        /// If it is the type of something else.
        pub fn $unwrap(&self) -> &$ty {
            self.$get().expect(concat!("the type of a ", $what))
        }
    )*};
}

impl ExternType {
    accessors! {
        Func(FuncType) func unwrap_func "function",
        Global(GlobalType) global unwrap_global "global",
        Table(TableType) table unwrap_table "table",
        Memory(MemoryType) memory unwrap_memory "memory",
        Tag(TagType) tag unwrap_tag "tag",
    }

    /// Something of this type that is zero, null or does nothing.
    ///
    /// # Errors
    ///
    /// If the type has no such value, or a limit is reached.
    pub fn default_value(&self, store: impl AsContextMut) -> Result<Extern> {
        match self {
            ExternType::Func(ty) => ty.default_value(store).map(Extern::Func),
            ExternType::Global(ty) => ty.default_value(store).map(Extern::Global),
            ExternType::Table(ty) => ty.default_value(store).map(Extern::Table),
            ExternType::Memory(ty) => ty.default_value(store).map(Extern::Memory),
            ExternType::Tag(ty) => ty.default_value(store).map(Extern::Tag),
        }
    }

    pub(super) fn from_inner(engine: &Engine, ty: &module::ExternType) -> ExternType {
        match ty {
            module::ExternType::Func(id) => ExternType::Func(FuncType::from_id(engine, *id)),
            module::ExternType::Global(ty) => {
                ExternType::Global(GlobalType::from_inner(engine, *ty))
            }
            module::ExternType::Table(ty) => ExternType::Table(TableType::from_inner(engine, *ty)),
            module::ExternType::Memory(ty) => ExternType::Memory(MemoryType { ty: *ty }),
            module::ExternType::Tag(id) => ExternType::Tag(TagType::from_id(engine, *id)),
        }
    }
}

impl From<FuncType> for ExternType {
    fn from(ty: FuncType) -> ExternType {
        ExternType::Func(ty)
    }
}

impl From<GlobalType> for ExternType {
    fn from(ty: GlobalType) -> ExternType {
        ExternType::Global(ty)
    }
}

impl From<TableType> for ExternType {
    fn from(ty: TableType) -> ExternType {
        ExternType::Table(ty)
    }
}

impl From<MemoryType> for ExternType {
    fn from(ty: MemoryType) -> ExternType {
        ExternType::Memory(ty)
    }
}

impl From<TagType> for ExternType {
    fn from(ty: TagType) -> ExternType {
        ExternType::Tag(ty)
    }
}

/// The type of a tag: its payload is the parameters of a function type.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TagType {
    ty: FuncType,
}

impl TagType {
    /// A type of tags.
    pub fn new(ty: FuncType) -> TagType {
        TagType { ty }
    }

    /// The function type.
    pub fn ty(&self) -> &FuncType {
        &self.ty
    }

    /// A tag of this type.
    ///
    /// # Errors
    ///
    /// If it is a type of another engine's.
    pub fn default_value(&self, store: impl AsContextMut) -> Result<Tag> {
        Tag::new(store, self)
    }

    pub(super) fn from_id(engine: &Engine, id: crate::ids::TypeId) -> TagType {
        TagType::new(FuncType::from_id(engine, id))
    }
}

/// The type of a global.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct GlobalType {
    content: ValType,
    mutability: Mutability,
}

impl GlobalType {
    /// A type of globals that hold a `content`.
    pub fn new(content: ValType, mutability: Mutability) -> GlobalType {
        GlobalType {
            content,
            mutability,
        }
    }

    /// The type of its value.
    pub fn content(&self) -> &ValType {
        &self.content
    }

    /// Whether it may change.
    pub fn mutability(&self) -> Mutability {
        self.mutability
    }

    /// A global of this type that is zero or null.
    ///
    /// # Errors
    ///
    /// If its value is a reference that cannot be null.
    pub fn default_value(&self, store: impl AsContextMut) -> Result<Global> {
        let value = self
            .content
            .default_value()
            .ok_or_else(|| no_default(&self.content))?;
        Global::new(store, self.clone(), value)
    }

    pub(super) fn to_inner(&self) -> module::GlobalType {
        let value = self.content.to_inner();
        module::GlobalType {
            value,
            mutable: self.mutability.is_var(),
        }
    }

    pub(super) fn from_inner(engine: &Engine, ty: module::GlobalType) -> GlobalType {
        let mutability = if ty.mutable {
            Mutability::Var
        } else {
            Mutability::Const
        };
        GlobalType {
            content: ValType::from_inner(engine, ty.value),
            mutability,
        }
    }
}

#[cold]
fn no_default(ty: &ValType) -> Error {
    format_err!("type `{ty}` has no default value: it cannot be null")
}

/// The type of a table. Sizes are in elements.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TableType {
    element: RefType,
    minimum: u64,
    maximum: Option<u64>,
    table64: bool,
}

impl TableType {
    /// A type of tables with 32-bit indices.
    pub fn new(element: RefType, minimum: u32, maximum: Option<u32>) -> TableType {
        let maximum = maximum.map(u64::from);
        TableType {
            element,
            minimum: minimum.into(),
            maximum,
            table64: false,
        }
    }

    /// A type of tables with 64-bit indices.
    pub fn new64(element: RefType, minimum: u64, maximum: Option<u64>) -> TableType {
        TableType {
            element,
            minimum,
            maximum,
            table64: true,
        }
    }

    /// Whether its indices have 64 bits.
    pub fn is_64(&self) -> bool {
        self.table64
    }

    /// The type of its elements.
    pub fn element(&self) -> &RefType {
        &self.element
    }

    /// Its size at first.
    pub fn minimum(&self) -> u64 {
        self.minimum
    }

    /// Its size at the most.
    pub fn maximum(&self) -> Option<u64> {
        self.maximum
    }

    /// A table of this type whose elements are null.
    ///
    /// # Errors
    ///
    /// If its elements cannot be null, or a limit is reached.
    pub fn default_value(&self, store: impl AsContextMut) -> Result<Table> {
        if !self.element.is_nullable() {
            return Err(no_default(&ValType::Ref(self.element.clone())));
        }
        Table::new(store, self.clone(), Ref::null(self.element.heap_type()))
    }

    pub(super) fn to_inner(&self) -> Result<module::TableType> {
        if let Some(maximum) = self.maximum {
            ensure!(
                self.minimum <= maximum,
                "a table's minimum of {} elements is greater than its maximum of {maximum}",
                self.minimum
            );
        }
        Ok(module::TableType {
            element: self.element.to_inner(),
            minimum: self.minimum,
            maximum: self.maximum,
            table64: self.table64,
        })
    }

    pub(super) fn from_inner(engine: &Engine, ty: module::TableType) -> TableType {
        TableType {
            element: RefType::from_inner(engine, ty.element),
            minimum: ty.minimum,
            maximum: ty.maximum,
            table64: ty.table64,
        }
    }
}

/// The type of a memory. Sizes are in pages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemoryType {
    pub(super) ty: module::MemoryType,
}

impl MemoryType {
    /// A type of memories with 32-bit addresses.
    ///
    /// # Panics
    ///
    /// If the sizes are not those of a memory; see [`MemoryTypeBuilder::build`].
    pub fn new(minimum: u32, maximum: Option<u32>) -> MemoryType {
        MemoryType::builder()
            .min(minimum.into())
            .max(maximum.map(u64::from))
            .build()
            .expect("the sizes of a memory")
    }

    /// A type of memories with 64-bit addresses.
    ///
    /// # Panics
    ///
    /// If the sizes are not those of a memory; see [`MemoryTypeBuilder::build`].
    pub fn new64(minimum: u64, maximum: Option<u64>) -> MemoryType {
        MemoryType::builder()
            .memory64(true)
            .min(minimum)
            .max(maximum)
            .build()
            .expect("the sizes of a memory")
    }

    /// Builds a type step by step.
    pub fn builder() -> MemoryTypeBuilder {
        MemoryTypeBuilder::new()
    }

    /// Whether its addresses have 64 bits.
    pub fn is_64(&self) -> bool {
        self.ty.memory64
    }

    /// Whether threads may share it.
    pub fn is_shared(&self) -> bool {
        self.ty.shared
    }

    /// Its pages at first.
    pub fn minimum(&self) -> u64 {
        self.ty.minimum
    }

    /// Its pages at the most.
    pub fn maximum(&self) -> Option<u64> {
        self.ty.maximum
    }

    /// The bytes in a page.
    pub fn page_size(&self) -> u64 {
        1 << self.ty.page_size_log2
    }

    /// The bytes in a page, as a power of two.
    pub fn page_size_log2(&self) -> u8 {
        self.ty.page_size_log2 as u8
    }

    /// A memory of this type, zeroed.
    ///
    /// # Errors
    ///
    /// If a limit is reached.
    pub fn default_value(&self, store: impl AsContextMut) -> Result<Memory> {
        Memory::new(store, self.clone())
    }
}

/// Builds a [`MemoryType`].
#[derive(Clone, Debug)]
pub struct MemoryTypeBuilder {
    ty: module::MemoryType,
}

impl Default for MemoryTypeBuilder {
    fn default() -> MemoryTypeBuilder {
        MemoryTypeBuilder::new()
    }
}

impl MemoryTypeBuilder {
    /// An empty memory with 32-bit addresses and pages of 64 KiB.
    pub fn new() -> MemoryTypeBuilder {
        MemoryTypeBuilder {
            ty: module::MemoryType {
                minimum: 0,
                maximum: None,
                memory64: false,
                shared: false,
                page_size_log2: 16,
            },
        }
    }

    /// The pages at first.
    pub fn min(&mut self, minimum: u64) -> &mut MemoryTypeBuilder {
        self.ty.minimum = minimum;
        self
    }

    /// The pages at the most.
    pub fn max(&mut self, maximum: Option<u64>) -> &mut MemoryTypeBuilder {
        self.ty.maximum = maximum;
        self
    }

    /// Whether addresses have 64 bits.
    pub fn memory64(&mut self, memory64: bool) -> &mut MemoryTypeBuilder {
        self.ty.memory64 = memory64;
        self
    }

    /// Whether threads may share it, which is not supported yet.
    pub fn shared(&mut self, shared: bool) -> &mut MemoryTypeBuilder {
        self.ty.shared = shared;
        self
    }

    /// The bytes in a page, as a power of two: 0 or 16.
    pub fn page_size_log2(&mut self, page_size_log2: u8) -> &mut MemoryTypeBuilder {
        self.ty.page_size_log2 = page_size_log2.into();
        self
    }

    /// The type.
    ///
    /// # Errors
    ///
    /// If a page is neither one byte nor 64 KiB, if a size is greater than addresses
    /// reach, if the minimum is greater than the maximum, or if it is shared.
    pub fn build(&self) -> Result<MemoryType> {
        let ty = self.ty;
        let log2 = ty.page_size_log2;
        if log2 != 0 && log2 != 16 {
            bail!("a page cannot have 2^{log2} bytes: 1 (2^0) and 65536 (2^16) are allowed");
        }
        if ty.shared {
            bail!("a shared memory needs the threads proposal, which is not supported yet");
        }
        let largest = if ty.memory64 {
            u64::MAX >> log2
        } else {
            (1 << 32) >> log2
        };
        for pages in [Some(ty.minimum), ty.maximum].into_iter().flatten() {
            ensure!(
                pages <= largest,
                "a memory has at most {largest} pages, not {pages}"
            );
        }
        if let Some(maximum) = ty.maximum {
            ensure!(
                ty.minimum <= maximum,
                "a memory's minimum of {} pages is greater than its maximum of {maximum}",
                ty.minimum
            );
        }
        Ok(MemoryType { ty })
    }
}

/// Something that a module imports.
pub struct ImportType<'module> {
    pub(super) engine: &'module Engine,
    pub(super) import: &'module module::Import,
}

impl<'module> ImportType<'module> {
    /// The first half of its name.
    pub fn module(&self) -> &'module str {
        &self.import.module
    }

    /// The second half of its name.
    pub fn name(&self) -> &'module str {
        &self.import.name
    }

    /// The type that it must have.
    pub fn ty(&self) -> ExternType {
        ExternType::from_inner(self.engine, &self.import.ty)
    }
}

impl fmt::Debug for ImportType<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ImportType")
            .field("module", &self.module())
            .field("name", &self.name())
            .field("ty", &self.ty())
            .finish()
    }
}

/// Something that a module exports.
pub struct ExportType<'module> {
    pub(super) engine: &'module Engine,
    pub(super) name: &'module str,
    pub(super) ty: module::ExternType,
}

impl<'module> ExportType<'module> {
    /// Its name.
    pub fn name(&self) -> &'module str {
        self.name
    }

    /// Its type.
    pub fn ty(&self) -> ExternType {
        ExternType::from_inner(self.engine, &self.ty)
    }
}

impl fmt::Debug for ExportType<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExportType")
            .field("name", &self.name())
            .field("ty", &self.ty())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn only_possible_memories_can_be_built() {
        let build = |min, max, log2, wide| {
            MemoryType::builder()
                .min(min)
                .max(max)
                .page_size_log2(log2)
                .memory64(wide)
                .build()
        };
        assert!(build(65536, None, 16, false).is_ok());
        assert!(build(1 << 32, None, 0, false).is_ok());
        assert!(build(1 << 48, Some(1 << 48), 16, true).is_err());
        assert!(build(1 << 47, None, 16, true).is_ok());
        for (error, text) in [
            (
                build(65537, None, 16, false),
                "at most 65536 pages, not 65537",
            ),
            (build(0, None, 12, false), "2^12 bytes"),
            (
                build(2, Some(1), 16, false),
                "minimum of 2 pages is greater than its maximum of 1",
            ),
        ] {
            assert!(error.unwrap_err().to_string().contains(text));
        }
        assert!(MemoryType::builder().shared(true).build().is_err());
        assert_eq!(MemoryType::new(1, Some(2)).page_size(), 65536);
    }
}
