//! The error of a full heap.

use core::fmt;

/// The error of an object that does not fit into the store's heap, even after a collection.
///
/// The error contains the value for which there was no room: the argument of
/// [`ExternRef::new`](crate::ExternRef::new), and `()` for structures and arrays.
///
/// ```
/// use backstitch::*;
///
/// let engine = Engine::default();
/// let mut store = Store::new(&engine, StoreLimitsBuilder::new().gc_heap_bytes(1 << 20).build());
/// store.limiter(|limits| limits);
/// let bytes = FieldType::new(Mutability::Var, StorageType::I8);
/// let allocator = ArrayRefPre::new(&mut store, ArrayType::new(&engine, bytes));
/// let error = ArrayRef::new(&mut store, &allocator, &Val::I32(0), 2 << 20).unwrap_err();
/// assert!(error.is::<GcHeapOutOfMemory<()>>());
/// assert!(ArrayRef::new(&mut store, &allocator, &Val::I32(0), 1 << 19).is_ok());
/// # Ok::<(), Error>(())
/// ```
///
/// Corresponds to
/// [`wasmtime::GcHeapOutOfMemory`](https://docs.rs/wasmtime/latest/wasmtime/struct.GcHeapOutOfMemory.html).
pub struct GcHeapOutOfMemory<T> {
    inner: T,
    bytes_needed: u64,
}

impl<T> GcHeapOutOfMemory<T> {
    pub(super) fn new(inner: T, bytes_needed: u64) -> GcHeapOutOfMemory<T> {
        GcHeapOutOfMemory {
            inner,
            bytes_needed,
        }
    }

    /// Returns the value that was to be moved to the heap.
    pub fn into_inner(self) -> T {
        self.inner
    }

    /// Returns the value that was to be moved to the heap, and the error without it, which can be
    /// passed to [`Store::gc`](crate::Store::gc).
    pub fn take_inner(self) -> (T, GcHeapOutOfMemory<()>) {
        (self.inner, GcHeapOutOfMemory::new((), self.bytes_needed))
    }
}

impl<T> fmt::Debug for GcHeapOutOfMemory<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<T> fmt::Display for GcHeapOutOfMemory<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "GC heap out of memory: no capacity for allocation of {} bytes",
            self.bytes_needed
        )
    }
}

impl<T> core::error::Error for GcHeapOutOfMemory<T> {}
