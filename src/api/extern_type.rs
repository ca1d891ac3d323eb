//! Types of imports and exports.

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

/// The type of an import or export.
///
/// Corresponds to
/// [`wasmtime::ExternType`](https://docs.rs/wasmtime/latest/wasmtime/enum.ExternType.html).
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
        #[doc = concat!("Returns the type if this is the type of a ", $what, ".")]
        pub fn $get(&self) -> Option<&$ty> {
            match self {
                ExternType::$variant(ty) => Some(ty),
                _ => None,
            }
        }

        #[doc = concat!("Returns the type, which must be the type of a ", $what, ".")]
        /// # Panics
        ///
        /// Panics if this is the type of another kind of item.
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

    /// Creates an item of this type that is zero, null or does nothing.
    ///
    /// # Errors
    ///
    /// Returns an error if the type has no such value, or if a limit is reached.
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

/// The type of a tag. Its payload has the types of the parameters of a function type.
///
/// Corresponds to
/// [`wasmtime::TagType`](https://docs.rs/wasmtime/latest/wasmtime/struct.TagType.html).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TagType {
    ty: FuncType,
}

impl TagType {
    /// Creates a tag type.
    pub fn new(ty: FuncType) -> TagType {
        TagType { ty }
    }

    /// Returns the function type.
    pub fn ty(&self) -> &FuncType {
        &self.ty
    }

    /// Creates a tag of this type.
    ///
    /// # Errors
    ///
    /// Returns an error if this type belongs to another engine.
    pub fn default_value(&self, store: impl AsContextMut) -> Result<Tag> {
        Tag::new(store, self)
    }

    pub(super) fn from_id(engine: &Engine, id: crate::ids::TypeId) -> TagType {
        TagType::new(FuncType::from_id(engine, id))
    }
}

/// The type of a global.
///
/// Corresponds to
/// [`wasmtime::GlobalType`](https://docs.rs/wasmtime/latest/wasmtime/struct.GlobalType.html).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct GlobalType {
    content: ValType,
    mutability: Mutability,
}

impl GlobalType {
    /// Creates the type of globals whose value has type `content`.
    pub fn new(content: ValType, mutability: Mutability) -> GlobalType {
        GlobalType {
            content,
            mutability,
        }
    }

    /// Returns the type of the global's value.
    pub fn content(&self) -> &ValType {
        &self.content
    }

    /// Returns the mutability of the global.
    pub fn mutability(&self) -> Mutability {
        self.mutability
    }

    /// Creates a global of this type whose value is zero or null.
    ///
    /// # Errors
    ///
    /// Returns an error if the value is a reference that cannot be null.
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
///
/// Corresponds to
/// [`wasmtime::TableType`](https://docs.rs/wasmtime/latest/wasmtime/struct.TableType.html).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TableType {
    element: RefType,
    minimum: u64,
    maximum: Option<u64>,
    table64: bool,
}

impl TableType {
    /// Creates the type of tables with 32-bit indices.
    pub fn new(element: RefType, minimum: u32, maximum: Option<u32>) -> TableType {
        let maximum = maximum.map(u64::from);
        TableType {
            element,
            minimum: minimum.into(),
            maximum,
            table64: false,
        }
    }

    /// Creates the type of tables with 64-bit indices.
    pub fn new64(element: RefType, minimum: u64, maximum: Option<u64>) -> TableType {
        TableType {
            element,
            minimum,
            maximum,
            table64: true,
        }
    }

    /// Returns whether indices have 64 bits.
    pub fn is_64(&self) -> bool {
        self.table64
    }

    /// Returns the type of the elements.
    pub fn element(&self) -> &RefType {
        &self.element
    }

    /// Returns the initial size.
    pub fn minimum(&self) -> u64 {
        self.minimum
    }

    /// Returns the maximum size, if there is one.
    pub fn maximum(&self) -> Option<u64> {
        self.maximum
    }

    /// Creates a table of this type whose elements are null.
    ///
    /// # Errors
    ///
    /// Returns an error if the elements cannot be null, or if a limit is reached.
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
///
/// Corresponds to
/// [`wasmtime::MemoryType`](https://docs.rs/wasmtime/latest/wasmtime/struct.MemoryType.html).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemoryType {
    pub(super) ty: module::MemoryType,
}

impl MemoryType {
    /// Creates the type of memories with 32-bit addresses.
    ///
    /// # Panics
    ///
    /// Panics if the sizes are not valid; see [`MemoryTypeBuilder::build`].
    pub fn new(minimum: u32, maximum: Option<u32>) -> MemoryType {
        MemoryType::builder()
            .min(minimum.into())
            .max(maximum.map(u64::from))
            .build()
            .expect("valid sizes of a memory")
    }

    /// Creates the type of memories with 64-bit addresses.
    ///
    /// # Panics
    ///
    /// Panics if the sizes are not valid; see [`MemoryTypeBuilder::build`].
    pub fn new64(minimum: u64, maximum: Option<u64>) -> MemoryType {
        MemoryType::builder()
            .memory64(true)
            .min(minimum)
            .max(maximum)
            .build()
            .expect("valid sizes of a memory")
    }

    /// Creates the type of memories with 32-bit addresses that threads can share.
    ///
    /// # Panics
    ///
    /// Panics if the sizes are not valid; see [`MemoryTypeBuilder::build`].
    pub fn shared(minimum: u32, maximum: u32) -> MemoryType {
        MemoryType::builder()
            .min(minimum.into())
            .max(Some(maximum.into()))
            .shared(true)
            .build()
            .expect("valid sizes of a memory")
    }

    /// Creates a builder of memory types.
    pub fn builder() -> MemoryTypeBuilder {
        MemoryTypeBuilder::new()
    }

    /// Returns whether addresses have 64 bits.
    pub fn is_64(&self) -> bool {
        self.ty.memory64
    }

    /// Returns whether threads can share the memory.
    pub fn is_shared(&self) -> bool {
        self.ty.shared
    }

    /// Returns the initial size, in pages.
    pub fn minimum(&self) -> u64 {
        self.ty.minimum
    }

    /// Returns the maximum size in pages, if there is one.
    pub fn maximum(&self) -> Option<u64> {
        self.ty.maximum
    }

    /// Returns the size of a page, in bytes.
    pub fn page_size(&self) -> u64 {
        1 << self.ty.page_size_log2
    }

    /// Returns the size of a page, as a power of two.
    pub fn page_size_log2(&self) -> u8 {
        self.ty.page_size_log2 as u8
    }

    /// Creates a memory of this type.
    ///
    /// # Errors
    ///
    /// Returns an error if a limit is reached.
    pub fn default_value(&self, store: impl AsContextMut) -> Result<Memory> {
        Memory::new(store, self.clone())
    }
}

/// A builder of [`MemoryType`]s.
///
/// Corresponds to
/// [`wasmtime::MemoryTypeBuilder`](https://docs.rs/wasmtime/latest/wasmtime/struct.MemoryTypeBuilder.html).
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
    /// Creates a builder of memories with 32-bit addresses, pages of 64 KiB, and a minimum of 0.
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

    /// Sets the initial size, in pages.
    pub fn min(&mut self, minimum: u64) -> &mut MemoryTypeBuilder {
        self.ty.minimum = minimum;
        self
    }

    /// Sets the maximum size, in pages.
    pub fn max(&mut self, maximum: Option<u64>) -> &mut MemoryTypeBuilder {
        self.ty.maximum = maximum;
        self
    }

    /// Sets whether addresses have 64 bits.
    pub fn memory64(&mut self, memory64: bool) -> &mut MemoryTypeBuilder {
        self.ty.memory64 = memory64;
        self
    }

    /// Sets whether threads share the memory. A shared memory must have a maximum size.
    ///
    /// The threads are the [executions](crate::Execution) of one store: see
    /// [`Config::wasm_threads`](crate::Config::wasm_threads).
    pub fn shared(&mut self, shared: bool) -> &mut MemoryTypeBuilder {
        self.ty.shared = shared;
        self
    }

    /// Sets the size of a page, as a power of two: 0 or 16.
    pub fn page_size_log2(&mut self, page_size_log2: u8) -> &mut MemoryTypeBuilder {
        self.ty.page_size_log2 = page_size_log2.into();
        self
    }

    /// Builds the type.
    ///
    /// # Errors
    ///
    /// Returns an error if a page is neither one byte nor 64 KiB, if a size exceeds the address
    /// range, if the minimum exceeds the maximum, or if the memory is shared and has no maximum.
    pub fn build(&self) -> Result<MemoryType> {
        let ty = self.ty;
        let log2 = ty.page_size_log2;
        if log2 != 0 && log2 != 16 {
            bail!("a page cannot have 2^{log2} bytes: 1 (2^0) and 65536 (2^16) are allowed");
        }
        if ty.shared && ty.maximum.is_none() {
            bail!("a shared memory needs a maximum size");
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

/// An import of a module.
///
/// Corresponds to
/// [`wasmtime::ImportType`](https://docs.rs/wasmtime/latest/wasmtime/struct.ImportType.html).
pub struct ImportType<'module> {
    pub(super) engine: &'module Engine,
    pub(super) import: &'module module::Import,
}

impl<'module> ImportType<'module> {
    /// Returns the module part of the import's name.
    pub fn module(&self) -> &'module str {
        &self.import.module
    }

    /// Returns the field part of the import's name.
    pub fn name(&self) -> &'module str {
        &self.import.name
    }

    /// Returns the type that the import must have.
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

/// An export of a module.
///
/// Corresponds to
/// [`wasmtime::ExportType`](https://docs.rs/wasmtime/latest/wasmtime/struct.ExportType.html).
pub struct ExportType<'module> {
    pub(super) engine: &'module Engine,
    pub(super) name: &'module str,
    pub(super) ty: module::ExternType,
}

impl<'module> ExportType<'module> {
    /// Returns the name.
    pub fn name(&self) -> &'module str {
        self.name
    }

    /// Returns the type.
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
        let shared = MemoryType::builder().max(Some(1)).shared(true).build();
        assert!(shared.unwrap().is_shared());
        assert_eq!(MemoryType::new(1, Some(2)).page_size(), 65536);
    }
}
