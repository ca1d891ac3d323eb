//! Linear memories.

use super::context::{AsContext, AsContextMut, StoreContext, StoreContextMut};
use super::extern_type::MemoryType;
#[cfg(backstitch_threads)]
use super::shared_memory::SharedMemory;
use crate::code::Trap;
use crate::execute;
use crate::format_err;
#[cfg(feature = "wasi-core")]
use crate::heap::Recording;
use crate::heap::{self, HostEvent, StoreInner};
use crate::ids::{MemoryIndex, StoreId};
#[cfg(backstitch_threads)]
use crate::support::error::Error;
use crate::support::error::Result;
use core::fmt;

/// A linear memory of a store.
///
/// Using it with another store panics. If it is shared with other stores (`Memory::to_shared`), it
/// is accessed by copies ([`Memory::read`] and [`Memory::write`]), as other threads may change its
/// bytes at any time.
///
/// Corresponds to
/// [`wasmtime::Memory`](https://docs.rs/wasmtime/latest/wasmtime/struct.Memory.html).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Memory {
    store: StoreId,
    index: MemoryIndex,
}

/// The contents of a memory, for a host function.
#[cfg(feature = "wasi-core")]
#[derive(Debug)]
pub(crate) enum MemoryContents<'a> {
    /// The bytes of a memory that one store has.
    Borrowed(&'a mut [u8]),
    /// A memory that several stores have.
    #[cfg(backstitch_threads)]
    Shared(SharedMemory),
}

/// The writes of a host function to the contents of a memory, for the recorder of its store.
#[cfg(feature = "wasi-core")]
pub(crate) struct RecordedWrites<'a> {
    memory: MemoryIndex,
    recording: &'a mut (dyn Recording + 'static),
}

#[cfg(feature = "wasi-core")]
impl RecordedWrites<'_> {
    /// Records bytes that were written at an address.
    pub(crate) fn wrote(&mut self, address: usize, bytes: &[u8]) {
        self.recording.wrote(self.memory, address as u64, bytes);
    }
}

#[cfg(feature = "wasi-core")]
impl fmt::Debug for RecordedWrites<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordedWrites")
            .field("memory", &self.memory)
            .finish_non_exhaustive()
    }
}

/// The error of a host access beyond the end of a memory.
///
/// Corresponds to
/// [`wasmtime::MemoryAccessError`](https://docs.rs/wasmtime/latest/wasmtime/struct.MemoryAccessError.html).
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryAccessError {
    /// Address of the access.
    pub offset: usize,
    /// Length of the access, in bytes.
    pub len: usize,
    /// Size of the memory, in bytes.
    pub size: usize,
}

impl fmt::Display for MemoryAccessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let MemoryAccessError { offset, len, size } = self;
        write!(
            f,
            "out of bounds memory access: {len} bytes at address {offset} of a memory of {size} bytes"
        )
    }
}

impl core::error::Error for MemoryAccessError {}

impl MemoryAccessError {
    /// Checks an access of `len` bytes at `offset` to a memory of `size` bytes.
    ///
    /// # Errors
    ///
    /// An error if it is out of bounds.
    pub(super) fn check(offset: usize, len: usize, size: usize) -> Result<(), MemoryAccessError> {
        match offset.checked_add(len) {
            Some(end) if end <= size => Ok(()),
            _ => Err(MemoryAccessError { offset, len, size }),
        }
    }
}

/// The message of panics of functions that borrow the bytes of a memory.
const SHARED: &str = "the bytes of a memory that several stores have cannot be borrowed";

impl Memory {
    pub(super) fn of(store: StoreId, index: MemoryIndex) -> Memory {
        Memory { store, index }
    }

    /// Returns the memory's index in `store`.
    ///
    /// # Panics
    ///
    /// Panics if `store` does not own this memory.
    #[track_caller]
    pub(super) fn index_in(&self, store: &StoreInner) -> MemoryIndex {
        assert!(self.store == store.id(), "object used with the wrong store");
        self.index
    }

    /// Creates a memory whose bytes are zero.
    ///
    /// # Errors
    ///
    /// Returns an error if the store's limiter refuses the memory, or if it cannot be allocated.
    pub fn new(mut store: impl AsContextMut, ty: MemoryType) -> Result<Memory> {
        let store = store.as_context_mut().0;
        store.note(HostEvent::CreatesMemory(ty.ty));
        let index = store.add_memory(ty.ty)?;
        Ok(Memory {
            store: store.id(),
            index,
        })
    }

    /// Returns the number that identifies the memory in its store, and in snapshots of that: memories
    /// are numbered from 0, in the order in which they were created.
    pub fn number(&self) -> u32 {
        self.index.0
    }

    /// Returns the type as declared: the minimum is not the current size.
    ///
    /// # Panics
    ///
    /// Panics if `store` does not own this memory.
    pub fn ty(&self, store: impl AsContext) -> MemoryType {
        MemoryType {
            ty: *self.get(store.as_context().0).ty(),
        }
    }

    /// Copies the bytes at `offset` to `buffer`.
    ///
    /// # Errors
    ///
    /// Returns an error if the access is out of bounds.
    ///
    /// # Panics
    ///
    /// Panics if `store` does not own this memory.
    pub fn read(
        &self,
        store: impl AsContext,
        offset: usize,
        buffer: &mut [u8],
    ) -> Result<(), MemoryAccessError> {
        let memory = self.get(store.as_context().0);
        MemoryAccessError::check(offset, buffer.len(), memory.byte_size())?;
        memory.read(offset, buffer);
        Ok(())
    }

    /// Copies `buffer` to the bytes at `offset`.
    ///
    /// # Errors
    ///
    /// Returns an error if the access is out of bounds; then nothing is written.
    ///
    /// # Panics
    ///
    /// Panics if `store` does not own this memory.
    pub fn write(
        &self,
        mut store: impl AsContextMut,
        offset: usize,
        buffer: &[u8],
    ) -> Result<(), MemoryAccessError> {
        let store = store.as_context_mut().0;
        let memory = self.get_mut(store);
        MemoryAccessError::check(offset, buffer.len(), memory.byte_size())?;
        memory.write(offset, buffer);
        store.note(HostEvent::Wrote(self.index, offset as u64, buffer));
        Ok(())
    }

    /// Returns the contents.
    ///
    /// # Panics
    ///
    /// Panics if `store` does not own this memory, or if the memory is shared with other stores.
    pub fn data<'a, T: 'static>(&self, store: impl Into<StoreContext<'a, T>>) -> &'a [u8] {
        self.get(store.into().0).bytes().expect(SHARED)
    }

    /// Returns the contents mutably.
    ///
    /// # Panics
    ///
    /// Panics if `store` does not own this memory, or if the memory is shared with other stores.
    pub fn data_mut<'a, T: 'static>(
        &self,
        store: impl Into<StoreContextMut<'a, T>>,
    ) -> &'a mut [u8] {
        let store = store.into().0;
        store.note(HostEvent::Borrows(self.index));
        self.get_mut(store).bytes_mut().expect(SHARED)
    }

    /// Returns the contents and the store's data, both mutably.
    ///
    /// # Panics
    ///
    /// Panics if `store` does not own this memory, or if the memory is shared with other stores.
    pub fn data_and_store_mut<'a, T: 'static>(
        &self,
        store: impl Into<StoreContextMut<'a, T>>,
    ) -> (&'a mut [u8], &'a mut T) {
        let store = store.into().0;
        self.check(store);
        store.note(HostEvent::Borrows(self.index));
        let (memory, data) = store.memory_and_data_mut(self.index);
        (
            memory.bytes_mut().expect(SHARED),
            data.downcast_mut()
                .expect("the store's data has the type of its contexts"),
        )
    }

    /// Returns the contents and the store's data, as a host function on a program's memory needs
    /// them. If the store is recorded, also returns the place where writes to the contents must be
    /// recorded.
    #[cfg(feature = "wasi-core")]
    pub(crate) fn contents_and_store_mut<'a, T: 'static>(
        &self,
        store: impl Into<StoreContextMut<'a, T>>,
    ) -> (MemoryContents<'a>, Option<RecordedWrites<'a>>, &'a mut T) {
        let store = store.into().0;
        self.check(store);
        // What was borrowed before has been changed before.
        store.note(HostEvent::Wrote(self.index, 0, &[]));
        let (memory, data, recording) = store.memory_data_and_recording_mut(self.index);
        let contents = match memory.is_exclusive() {
            #[cfg(backstitch_threads)]
            false => MemoryContents::Shared(SharedMemory::from_inner(
                memory.share().expect("the memory is shared already"),
            )),
            _ => MemoryContents::Borrowed(memory.bytes_mut().expect(SHARED)),
        };
        let writes = recording.map(|recording| RecordedWrites {
            memory: self.index,
            recording,
        });
        let data = data.downcast_mut();
        (
            contents,
            writes,
            data.expect("the store's data has the type of its contexts"),
        )
    }

    /// Returns a pointer to the contents, which is valid until the memory grows.
    ///
    /// # Panics
    ///
    /// Panics if `store` does not own this memory.
    pub fn data_ptr(&self, store: impl AsContext) -> *mut u8 {
        self.get(store.as_context().0).as_ptr()
    }

    /// Returns the size in bytes.
    ///
    /// # Panics
    ///
    /// Panics if `store` does not own this memory.
    pub fn data_size(&self, store: impl AsContext) -> usize {
        self.get(store.as_context().0).byte_size()
    }

    /// Returns the size in pages.
    ///
    /// # Panics
    ///
    /// Panics if `store` does not own this memory.
    pub fn size(&self, store: impl AsContext) -> u64 {
        self.get(store.as_context().0).pages()
    }

    /// Returns the size of a page, in bytes.
    ///
    /// # Panics
    ///
    /// Panics if `store` does not own this memory.
    pub fn page_size(&self, store: impl AsContext) -> u64 {
        self.ty(store).page_size()
    }

    /// Returns the size of a page, as a power of two.
    ///
    /// # Panics
    ///
    /// Panics if `store` does not own this memory.
    pub fn page_size_log2(&self, store: impl AsContext) -> u8 {
        self.ty(store).page_size_log2()
    }

    /// Returns the memory for other stores, whose code may run on other threads. From then on it
    /// does not move, and its bytes cannot be borrowed any more.
    ///
    /// # Errors
    ///
    /// Returns an error if the memory's type is not shared, or if the host cannot reserve what it
    /// may grow to.
    ///
    /// # Panics
    ///
    /// Panics if `store` does not own this memory.
    #[cfg(backstitch_threads)]
    pub fn to_shared(&self, mut store: impl AsContextMut) -> Result<SharedMemory> {
        let store = store.as_context_mut().0;
        let memory = self.get_mut(store);
        if !memory.ty().shared {
            return Err(Error::msg("the type of the memory is not shared"));
        }
        store.record(HostEvent::Refused("a memory that several stores have"))?;
        let memory = self.get_mut(store);
        Ok(SharedMemory::from_inner(memory.share()?))
    }

    /// Wakes up to `count` executions and threads that wait at an address of this memory, in the
    /// order in which they began to, as `memory.atomic.notify` does. Returns their number.
    ///
    /// # Errors
    ///
    /// [`Trap::HeapMisaligned`] if the address is not a multiple of 4, and
    /// [`Trap::MemoryOutOfBounds`] if it is out of bounds.
    ///
    /// # Panics
    ///
    /// Panics if `store` does not own this memory.
    pub fn atomic_notify(
        &self,
        mut store: impl AsContextMut,
        address: u64,
        count: u32,
    ) -> core::result::Result<u32, Trap> {
        let store = store.as_context_mut().0;
        self.check(store);
        store.note(HostEvent::Notifies(self.index, address, count));
        execute::notify(self.get(store), address, 0, count)
    }

    /// Grows the memory by `delta` pages of zeros, and returns its former size in pages.
    ///
    /// # Errors
    ///
    /// Returns an error if the memory's type or the store's limiter does not allow the size, or if
    /// it cannot be allocated.
    ///
    /// # Panics
    ///
    /// Panics if `store` does not own this memory.
    pub fn grow(&self, mut store: impl AsContextMut, delta: u64) -> Result<u64> {
        let store = store.as_context_mut().0;
        self.check(store);
        store.note(HostEvent::GrowsMemory(self.index, delta));
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
    /// Returns whether the store alone has the memory.
    pub(super) fn is_exclusive(&self, store: impl AsContext) -> bool {
        self.get(store.as_context().0).is_exclusive()
    }

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
