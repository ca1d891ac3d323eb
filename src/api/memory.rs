//! Linear memories.

use super::context::{AsContext, AsContextMut, StoreContext, StoreContextMut};
use super::extern_type::MemoryType;
use crate::format_err;
use crate::heap::{self, StoreInner};
use crate::ids::{MemoryIndex, StoreId};
use crate::support::error::Result;
use core::fmt;

/// A linear memory of a store.
///
/// Using it with another store panics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Memory {
    store: StoreId,
    index: MemoryIndex,
}

/// An access beyond the end of a memory.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryAccessError {
    /// Where it began.
    pub offset: usize,
    /// How many bytes it was to have.
    pub len: usize,
    /// How many bytes the memory has.
    pub size: usize,
}

impl fmt::Display for MemoryAccessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let MemoryAccessError { offset, len, size } = self;
        write!(
            f,
            "out of bounds memory access: {len} bytes at {offset} of a memory of {size}"
        )
    }
}

impl core::error::Error for MemoryAccessError {}

impl Memory {
    pub(super) fn of(store: StoreId, index: MemoryIndex) -> Memory {
        Memory { store, index }
    }

    /// Its index in `store`.
    ///
    /// # Panics
    ///
    /// If that is not its store.
    #[track_caller]
    pub(super) fn index_in(&self, store: &StoreInner) -> MemoryIndex {
        assert!(self.store == store.id(), "object used with the wrong store");
        self.index
    }

    /// A memory, zeroed.
    ///
    /// # Errors
    ///
    /// If the store's limiter refuses it, or the host has no room.
    pub fn new(mut store: impl AsContextMut, ty: MemoryType) -> Result<Memory> {
        let store = store.as_context_mut().0;
        let index = store.add_memory(ty.ty)?;
        Ok(Memory {
            store: store.id(),
            index,
        })
    }

    /// Its type, as declared: the minimum is not its present size.
    ///
    /// # Panics
    ///
    /// If it belongs to another store.
    pub fn ty(&self, store: impl AsContext) -> MemoryType {
        MemoryType {
            ty: *self.get(store.as_context().0).ty(),
        }
    }

    /// Copies bytes out of it.
    ///
    /// # Errors
    ///
    /// If it ends before them.
    ///
    /// # Panics
    ///
    /// If it belongs to another store.
    pub fn read(
        &self,
        store: impl AsContext,
        offset: usize,
        buffer: &mut [u8],
    ) -> Result<(), MemoryAccessError> {
        let bytes = self.get(store.as_context().0).bytes();
        let error = MemoryAccessError {
            offset,
            len: buffer.len(),
            size: bytes.len(),
        };
        let end = offset.checked_add(buffer.len()).ok_or(error)?;
        buffer.copy_from_slice(bytes.get(offset..end).ok_or(error)?);
        Ok(())
    }

    /// Copies bytes into it: all or none.
    ///
    /// # Errors
    ///
    /// If it ends before them.
    ///
    /// # Panics
    ///
    /// If it belongs to another store.
    pub fn write(
        &self,
        mut store: impl AsContextMut,
        offset: usize,
        buffer: &[u8],
    ) -> Result<(), MemoryAccessError> {
        let bytes = self.get_mut(store.as_context_mut().0).bytes_mut();
        let error = MemoryAccessError {
            offset,
            len: buffer.len(),
            size: bytes.len(),
        };
        let end = offset.checked_add(buffer.len()).ok_or(error)?;
        bytes
            .get_mut(offset..end)
            .ok_or(error)?
            .copy_from_slice(buffer);
        Ok(())
    }

    /// Its bytes.
    ///
    /// # Panics
    ///
    /// If it belongs to another store.
    pub fn data<'a, T: 'static>(&self, store: impl Into<StoreContext<'a, T>>) -> &'a [u8] {
        self.get(store.into().0).bytes()
    }

    /// Its bytes, to change.
    ///
    /// # Panics
    ///
    /// If it belongs to another store.
    pub fn data_mut<'a, T: 'static>(
        &self,
        store: impl Into<StoreContextMut<'a, T>>,
    ) -> &'a mut [u8] {
        self.get_mut(store.into().0).bytes_mut()
    }

    /// Its bytes and the store's data, both to change.
    ///
    /// # Panics
    ///
    /// If it belongs to another store.
    pub fn data_and_store_mut<'a, T: 'static>(
        &self,
        store: impl Into<StoreContextMut<'a, T>>,
    ) -> (&'a mut [u8], &'a mut T) {
        let store = store.into().0;
        self.check(store);
        let (bytes, data) = store.memory_and_data_mut(self.index);
        (
            bytes,
            data.downcast_mut()
                .expect("a store's data has the type that its contexts say"),
        )
    }

    /// Where its bytes are, until it grows.
    ///
    /// # Panics
    ///
    /// If it belongs to another store.
    pub fn data_ptr(&self, store: impl AsContext) -> *mut u8 {
        self.get(store.as_context().0).as_ptr()
    }

    /// Its size in bytes.
    ///
    /// # Panics
    ///
    /// If it belongs to another store.
    pub fn data_size(&self, store: impl AsContext) -> usize {
        self.get(store.as_context().0).byte_size()
    }

    /// Its size in pages.
    ///
    /// # Panics
    ///
    /// If it belongs to another store.
    pub fn size(&self, store: impl AsContext) -> u64 {
        self.get(store.as_context().0).pages()
    }

    /// The bytes in a page.
    ///
    /// # Panics
    ///
    /// If it belongs to another store.
    pub fn page_size(&self, store: impl AsContext) -> u64 {
        self.ty(store).page_size()
    }

    /// The bytes in a page, as a power of two.
    ///
    /// # Panics
    ///
    /// If it belongs to another store.
    pub fn page_size_log2(&self, store: impl AsContext) -> u8 {
        self.ty(store).page_size_log2()
    }

    /// Adds so many pages, zeroed, and gives the former number of pages.
    ///
    /// # Errors
    ///
    /// If its type, the store's limiter or the host do not allow it.
    ///
    /// # Panics
    ///
    /// If it belongs to another store.
    pub fn grow(&self, mut store: impl AsContextMut, delta: u64) -> Result<u64> {
        let store = store.as_context_mut().0;
        self.check(store);
        store.grow_memory(self.index, delta)?.ok_or_else(|| {
            let memory = store.memory(self.index);
            let (pages, maximum) = (memory.pages(), memory.maximum_pages());
            format_err!(
                "failed to grow memory by `{delta}`: it has {pages} pages, its type allows \
                 {maximum}, and the store's limits or the host may allow less"
            )
        })
    }

    pub(super) fn index(&self) -> MemoryIndex {
        self.index
    }

    pub(super) fn belongs_to(&self, store: &StoreInner) -> bool {
        self.store == store.id()
    }

    #[inline]
    #[track_caller]
    fn check(&self, store: &StoreInner) {
        assert!(self.belongs_to(store), "object used with the wrong store");
    }

    #[track_caller]
    fn get<'a>(&self, store: &'a StoreInner) -> &'a heap::Memory {
        self.check(store);
        store.memory(self.index)
    }

    #[track_caller]
    fn get_mut<'a>(&self, store: &'a mut StoreInner) -> &'a mut heap::Memory {
        self.check(store);
        store.memory_mut(self.index)
    }
}
