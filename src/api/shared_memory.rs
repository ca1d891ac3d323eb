//! Linear memories of several stores.

use super::context::AsContextMut;
use super::engine::Engine;
use super::extern_type::MemoryType;
use super::memory::{Memory, MemoryAccessError};
use crate::code::Trap;
use crate::execute;
use crate::heap;
use crate::support::error::{Error, Result};
use core::cell::UnsafeCell;
use core::fmt;
use core::time::Duration;

/// A linear memory that any number of stores can have, whose code may run on several threads.
///
/// The memory never moves. It can grow, at any time, to the maximum of its type, as far as the host
/// has reserved that: at most 4 GiB, or 256 MiB on targets of 32 bits.
///
/// ```
/// use backstitch::{Engine, Linker, MemoryType, Module, SharedMemory, Store};
///
/// # if cfg!(not(feature = "wat")) { return Ok(()) }
/// let engine = Engine::default();
/// let module = Module::new(
///     &engine,
///     r#"(module
///          (memory (import "env" "memory") 1 1 shared)
///          (func (export "add") (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))))"#,
/// )?;
/// let memory = SharedMemory::new(&engine, MemoryType::shared(1, 1))?;
/// let mut linker = Linker::new(&engine);
/// linker.define_shared_memory("env", "memory", &memory)?;
/// let program = linker.instantiate_pre(&module)?;
/// std::thread::scope(|scope| {
///     for _ in 0..4 {
///         scope.spawn(|| {
///             let mut store = Store::new(&engine, ());
///             let instance = program.instantiate(&mut store).unwrap();
///             let add = instance.get_typed_func::<(), ()>(&mut store, "add").unwrap();
///             add.call(&mut store, ()).unwrap();
///         });
///     }
/// });
/// let mut bytes = [0; 4];
/// memory.read(0, &mut bytes)?;
/// assert_eq!(bytes, [4, 0, 0, 0]);
/// # Ok::<(), backstitch::Error>(())
/// ```
///
/// This type exists with the feature `std`, on targets with 64-bit atomic instructions. Corresponds to
/// [`wasmtime::SharedMemory`](https://docs.rs/wasmtime/latest/wasmtime/struct.SharedMemory.html).
#[derive(Clone)]
pub struct SharedMemory(heap::SharedMemory);

/// The outcome of [`SharedMemory::atomic_wait32`] and [`SharedMemory::atomic_wait64`].
///
/// Corresponds to
/// [`wasmtime::WaitResult`](https://docs.rs/wasmtime/latest/wasmtime/enum.WaitResult.html).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitResult {
    /// A notification has ended the wait.
    Ok,
    /// The value at the address was not the expected one.
    Mismatch,
    /// The timeout has ended the wait.
    TimedOut,
}

impl SharedMemory {
    /// Creates a memory whose bytes are zero, and reserves what it may grow to.
    ///
    /// # Errors
    ///
    /// Returns an error if the type is not shared, or if the memory cannot be allocated.
    pub fn new(_engine: &Engine, ty: MemoryType) -> Result<SharedMemory> {
        if !ty.is_shared() {
            return Err(Error::msg("the type of the memory is not shared"));
        }
        Ok(SharedMemory(heap::SharedMemory::new(ty.ty)?))
    }

    pub(super) fn from_inner(inner: heap::SharedMemory) -> SharedMemory {
        SharedMemory(inner)
    }

    pub(super) fn inner(&self) -> &heap::SharedMemory {
        &self.0
    }

    /// Returns the memory as one of a store, for instances there. It is the same each time.
    ///
    /// # Errors
    ///
    /// Returns an error if the store's limits do not allow another memory.
    pub fn in_store(&self, mut store: impl AsContextMut) -> Result<Memory> {
        let store = store.as_context_mut().0;
        let index = store.add_shared_memory(&self.0)?;
        Ok(Memory::of(store.id(), index))
    }

    /// Returns the type as declared: the minimum is not the current size.
    pub fn ty(&self) -> MemoryType {
        MemoryType {
            ty: *self.0.memory().ty(),
        }
    }

    /// Returns the size in pages.
    pub fn size(&self) -> u64 {
        self.0.memory().pages()
    }

    /// Returns the size of a page, in bytes.
    pub fn page_size(&self) -> u64 {
        self.ty().page_size()
    }

    /// Returns the size in bytes.
    pub fn data_size(&self) -> usize {
        self.0.memory().byte_size()
    }

    /// Returns the bytes. Other threads may access them at any time, with atomic instructions: so
    /// must who uses them.
    pub fn data(&self) -> &[UnsafeCell<u8>] {
        self.0.bytes()
    }

    /// Copies the bytes at `offset` to `buffer`, with relaxed atomic accesses.
    ///
    /// # Errors
    ///
    /// Returns an error if the access is out of bounds.
    pub fn read(&self, offset: usize, buffer: &mut [u8]) -> Result<(), MemoryAccessError> {
        MemoryAccessError::check(offset, buffer.len(), self.data_size())?;
        self.0.memory().read(offset, buffer);
        Ok(())
    }

    /// Copies `buffer` to the bytes at `offset`, with relaxed atomic accesses.
    ///
    /// # Errors
    ///
    /// Returns an error if the access is out of bounds; then nothing is written.
    pub fn write(&self, offset: usize, buffer: &[u8]) -> Result<(), MemoryAccessError> {
        MemoryAccessError::check(offset, buffer.len(), self.data_size())?;
        self.0.write(offset, buffer);
        Ok(())
    }

    /// Grows the memory by `delta` pages of zeros, and returns its former size in pages. No store's
    /// limiter is asked.
    ///
    /// # Errors
    ///
    /// Returns an error if the memory's type does not allow the size, or if the host has not
    /// reserved as much.
    pub fn grow(&self, delta: u64) -> Result<u64> {
        self.0
            .grow(delta)
            .map_err(|error| Error::new(error).context("failed to grow a shared memory"))
    }

    /// Wakes up to `count` executions and threads that wait at an address, in the order in which
    /// they began to, as `memory.atomic.notify` does. Returns their number.
    ///
    /// # Errors
    ///
    /// [`Trap::HeapMisaligned`] if the address is not a multiple of 4, and
    /// [`Trap::MemoryOutOfBounds`] if it is out of bounds.
    pub fn atomic_notify(&self, address: u64, count: u32) -> Result<u32, Trap> {
        execute::notify(self.0.memory(), address, 0, count)
    }

    /// Waits at an address while 32 bits there have the expected value, as `memory.atomic.wait32`
    /// does. The thread is parked.
    ///
    /// # Errors
    ///
    /// [`Trap::HeapMisaligned`] if the address is not a multiple of 4, and
    /// [`Trap::MemoryOutOfBounds`] if it is out of bounds.
    pub fn atomic_wait32(
        &self,
        address: u64,
        expected: u32,
        timeout: Option<Duration>,
    ) -> Result<WaitResult, Trap> {
        self.wait(address, 4, expected.into(), timeout)
    }

    /// Waits at an address while 64 bits there have the expected value, as `memory.atomic.wait64`
    /// does. The thread is parked.
    ///
    /// # Errors
    ///
    /// [`Trap::HeapMisaligned`] if the address is not a multiple of 8, and
    /// [`Trap::MemoryOutOfBounds`] if it is out of bounds.
    pub fn atomic_wait64(
        &self,
        address: u64,
        expected: u64,
        timeout: Option<Duration>,
    ) -> Result<WaitResult, Trap> {
        self.wait(address, 8, expected, timeout)
    }

    fn wait(
        &self,
        address: u64,
        size: u64,
        expected: u64,
        timeout: Option<Duration>,
    ) -> Result<WaitResult, Trap> {
        let waited = execute::wait_in_host(self.0.memory(), address, size, expected, timeout)?;
        Ok(match waited {
            execute::Waited::Woken => WaitResult::Ok,
            execute::Waited::NotEqual => WaitResult::Mismatch,
            execute::Waited::TimedOut => WaitResult::TimedOut,
        })
    }
}

impl fmt::Debug for SharedMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedMemory")
            .field("ty", &self.ty())
            .field("size", &self.size())
            .finish_non_exhaustive()
    }
}
