//! Linear memories.
//!
//! A memory belongs to one store, until the embedder shares it: then several stores, whose code may
//! run on several threads, access the same bytes. Before, it is *exclusive*: it may move when it
//! grows, and its bytes can be borrowed. Afterwards, its bytes never move, it grows within what was
//! reserved, and all accesses are atomic.

use super::limits::LimitError;
use crate::module::MemoryType;
use crate::support::linear::LinearBytes;
use crate::support::relaxed;
use crate::support::sync::Mutex;
use crate::support::wait_queue::WaitQueue;
use alloc::sync::Arc;
use core::cell::UnsafeCell;
use core::ops::Range;
use core::sync::atomic::{AtomicUsize, Ordering};

/// The part of a memory that handlers read (see H1 to H3).
#[derive(Debug)]
#[repr(C)]
pub struct MemoryCore {
    /// Address of the first byte. It changes only while the memory is exclusive.
    pub base: *mut u8,
    /// Size in bytes.
    len: AtomicUsize,
    /// Whether one store alone has the memory. It changes once, to false, while no code of that
    /// store runs.
    pub exclusive: bool,
}

impl MemoryCore {
    /// Returns the size in bytes. Another thread may make a shared memory larger at any time.
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.len.load(Ordering::Relaxed)
    }
}

/// A linear memory of a store.
#[derive(Debug)]
pub struct Memory(Arc<Inner>);

/// A linear memory that several stores can have.
#[cfg(backstitch_threads)]
#[derive(Debug)]
pub struct SharedMemory(Memory);

#[derive(Debug)]
struct Inner {
    core: UnsafeCell<MemoryCore>,
    /// The allocation: as long as the memory if that is exclusive, else what is reserved for it.
    bytes: LinearBytes,
    ty: MemoryType,
    /// Lock that is held while a memory of several stores grows.
    growth: Mutex<()>,
    /// The waits at addresses of the memory, if its type is shared.
    waiters: Option<Arc<WaitQueue>>,
}

// SAFETY: the bytes are owned. The core is written through a unique reference alone, except for the
// size, which is atomic.
unsafe impl Send for Inner {}
// SAFETY: as above. What threads that share a memory access, they access atomically (H3).
unsafe impl Sync for Inner {}

/// The most bytes that are reserved for a shared memory that may grow: all that 32-bit addresses
/// reach.
#[cfg(all(backstitch_threads, target_pointer_width = "64"))]
const MAX_RESERVED: usize = 1 << 32;
#[cfg(all(backstitch_threads, not(target_pointer_width = "64")))]
const MAX_RESERVED: usize = 1 << 28;

impl Inner {
    /// Creates an exclusive memory of its type's minimum size, filled with zeros.
    fn new(ty: MemoryType, mapped_from: usize) -> Result<Inner, LimitError> {
        let len = byte_len(&ty, ty.minimum).ok_or(LimitError::Allocation)?;
        let bytes = LinearBytes::zeroed(len, mapped_from).ok_or(LimitError::Allocation)?;
        let core = MemoryCore {
            base: bytes.as_ptr(),
            len: AtomicUsize::new(len),
            exclusive: true,
        };
        Ok(Inner {
            core: UnsafeCell::new(core),
            bytes,
            ty,
            growth: Mutex::new(()),
            waiters: ty.shared.then(Arc::default),
        })
    }

    /// Returns whether one store alone has the memory.
    fn is_exclusive(&self) -> bool {
        // SAFETY: H1; only a unique reference changes it.
        unsafe { (*self.core.get()).exclusive }
    }

    fn as_ptr(&self) -> *mut u8 {
        // SAFETY: as above.
        unsafe { (*self.core.get()).base }
    }

    /// Returns the size in bytes.
    fn byte_size(&self) -> usize {
        // SAFETY: as above.
        unsafe { (*self.core.get()).len.load(Ordering::Acquire) }
    }

    fn pages(&self) -> u64 {
        (self.byte_size() as u64) >> self.ty.page_size_log2
    }

    /// Returns the maximum number of pages that its type allows.
    fn maximum_pages(&self) -> u64 {
        self.ty
            .maximum
            .unwrap_or(u64::MAX)
            .min(address_space_pages(&self.ty))
    }

    /// Makes the memory one that several stores can have: reserves what it may grow to, as far as
    /// the host allows it. It moves a last time.
    #[cfg(backstitch_threads)]
    fn share(&mut self) -> Result<(), LimitError> {
        let len = self.byte_size();
        let most = byte_len(&self.ty, self.maximum_pages()).unwrap_or(usize::MAX);
        let mut capacity = most.min(MAX_RESERVED).max(len);
        let reserved = loop {
            match LinearBytes::zeroed(capacity, usize::MAX) {
                Some(bytes) => break bytes,
                None if capacity == len => return Err(LimitError::Allocation),
                None => capacity = (capacity / 2).max(len),
            }
        };
        // SAFETY: the new block is not smaller, and no other thread has either.
        unsafe { core::ptr::copy_nonoverlapping(self.bytes.as_ptr(), reserved.as_ptr(), len) };
        self.bytes = reserved;
        *self.core.get_mut() = MemoryCore {
            base: self.bytes.as_ptr(),
            len: AtomicUsize::new(len),
            exclusive: false,
        };
        Ok(())
    }

    /// Makes an exclusive memory `len` bytes long. It may move.
    fn grow_exclusive(&mut self, len: usize) -> bool {
        if !self.bytes.grow_zeroed(len) {
            return false;
        }
        let core = self.core.get_mut();
        core.base = self.bytes.as_ptr();
        *core.len.get_mut() = len;
        true
    }

    /// Makes a memory of several stores `to` bytes long if it has `from` bytes.
    fn grow_shared(&self, from: usize, to: usize) -> Result<Grown, LimitError> {
        if to > self.bytes.len() {
            return Err(LimitError::Allocation);
        }
        let _growth = self.growth.lock();
        if self.byte_size() != from {
            return Ok(Grown::HasChanged);
        }
        // SAFETY: H1; the bytes up to the new size are reserved, and zero.
        unsafe { (*self.core.get()).len.store(to, Ordering::Release) };
        Ok(Grown::Done)
    }

    /// Returns the address of a range.
    ///
    /// # Panics
    ///
    /// If it is out of bounds.
    fn address_of(&self, start: usize, len: usize) -> *mut u8 {
        let end = start.checked_add(len);
        let fits = end.is_some_and(|end| end <= self.byte_size());
        assert!(fits, "the caller checks bounds");
        // SAFETY: H3: the range is within the memory.
        unsafe { self.as_ptr().add(start) }
    }

    /// Copies bytes from `start` on.
    ///
    /// # Panics
    ///
    /// If they are out of bounds.
    fn read(&self, start: usize, to: &mut [u8]) {
        let from = self.address_of(start, to.len());
        // SAFETY: H3: the range is within the memory, which other threads access atomically.
        unsafe { relaxed::read(from, to) }
    }

    /// Copies bytes to those from `start` on.
    ///
    /// # Panics
    ///
    /// If they are out of bounds.
    fn write(&self, start: usize, from: &[u8]) {
        let to = self.address_of(start, from.len());
        // SAFETY: as above.
        unsafe { relaxed::write(from, to) }
    }
}

/// The outcome of the growth of a memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grown {
    /// The memory has the new size.
    Done,
    /// The memory has not grown, because another thread has made it larger in the meantime.
    HasChanged,
}

impl Memory {
    /// Creates a memory of its type's minimum size, filled with zeros. If it has `mapped_from` bytes or
    /// more, forks share its pages, where the system allows it.
    ///
    /// # Errors
    ///
    /// An error if the host cannot allocate it.
    pub fn new(ty: MemoryType, mapped_from: usize) -> Result<Memory, LimitError> {
        Inner::new(ty, mapped_from).map(|inner| Memory(Arc::new(inner)))
    }

    /// Returns the address of its core, which is stable for the store's life (H1).
    pub fn core(&self) -> *mut MemoryCore {
        // The address comes from that of the allocation, so that unique references to the memory
        // leave it valid.
        let inner = Arc::as_ptr(&self.0);
        // SAFETY: the memory is alive.
        UnsafeCell::raw_get(unsafe { &raw const (*inner).core })
    }

    /// Returns its type, as declared.
    pub fn ty(&self) -> &MemoryType {
        &self.0.ty
    }

    /// Returns its size in bytes.
    pub fn byte_size(&self) -> usize {
        self.0.byte_size()
    }

    /// Returns its size in pages.
    pub fn pages(&self) -> u64 {
        self.0.pages()
    }

    /// Returns the number of bytes that `pages` pages take, or `None` if this host cannot address
    /// as many.
    pub fn byte_len(&self, pages: u64) -> Option<usize> {
        byte_len(&self.0.ty, pages)
    }

    /// Returns the maximum number of pages that its type allows.
    pub fn maximum_pages(&self) -> u64 {
        self.0.maximum_pages()
    }

    /// Grows from `from` bytes to `to` bytes. New bytes are zero. The caller has checked the limiter
    /// and [`Memory::maximum_pages`].
    ///
    /// # Errors
    ///
    /// An error if the host cannot allocate it.
    pub fn grow(&mut self, from: usize, to: usize) -> Result<Grown, LimitError> {
        let Some(inner) = self.exclusive() else {
            return self.0.grow_shared(from, to);
        };
        match inner.grow_exclusive(to) {
            true => Ok(Grown::Done),
            false => Err(LimitError::Allocation),
        }
    }

    /// Returns the memory for changes, if it is exclusive.
    fn exclusive(&mut self) -> Option<&mut Inner> {
        if self.0.is_exclusive() {
            Arc::get_mut(&mut self.0)
        } else {
            None
        }
    }

    /// Returns whether this store alone has the memory. If not, the code of other stores may access
    /// its bytes at any time.
    pub fn is_exclusive(&self) -> bool {
        self.0.is_exclusive()
    }

    /// Returns the memory for other stores.
    ///
    /// # Errors
    ///
    /// An error if the host cannot allocate it.
    #[cfg(backstitch_threads)]
    pub fn share(&mut self) -> Result<SharedMemory, LimitError> {
        if let Some(inner) = self.exclusive() {
            inner.share()?;
        }
        Ok(SharedMemory(Memory(Arc::clone(&self.0))))
    }

    /// Returns the number of bytes that a fork of the memory copies at most.
    pub fn copied_by_fork(&self) -> usize {
        self.0.bytes.copied_by_fork()
    }

    /// Copies the memory for the fork of its store. It must be exclusive.
    ///
    /// # Errors
    ///
    /// An error if the host cannot allocate the copy.
    pub fn fork(&self) -> Result<Memory, LimitError> {
        debug_assert!(self.is_exclusive());
        // SAFETY: guests' bytes are no pointers; the store is borrowed, so no handler runs.
        let bytes = unsafe { self.0.bytes.fork() }.ok_or(LimitError::Allocation)?;
        let core = MemoryCore {
            base: bytes.as_ptr(),
            len: AtomicUsize::new(bytes.len()),
            exclusive: true,
        };
        Ok(Memory(Arc::new(Inner {
            core: UnsafeCell::new(core),
            bytes,
            ty: self.0.ty,
            growth: Mutex::new(()),
            waiters: self.0.waiters.as_ref().map(|_| Arc::default()),
        })))
    }

    /// Returns those that wait at its addresses, if its type is shared.
    pub fn waiters(&self) -> Option<&Arc<WaitQueue>> {
        self.0.waiters.as_ref()
    }

    /// Returns the address of its first byte, which is valid until it grows.
    pub fn as_ptr(&self) -> *mut u8 {
        self.0.as_ptr()
    }

    /// Returns its bytes, if it is exclusive.
    pub fn bytes(&self) -> Option<&[u8]> {
        // SAFETY: H3; the store that owns this memory is borrowed, so no handler runs.
        self.is_exclusive()
            .then(|| unsafe { core::slice::from_raw_parts(self.as_ptr(), self.byte_size()) })
    }

    /// Returns its bytes for changes, if it is exclusive.
    pub fn bytes_mut(&mut self) -> Option<&mut [u8]> {
        // SAFETY: as for `bytes`, and the store is borrowed mutably.
        self.is_exclusive()
            .then(|| unsafe { core::slice::from_raw_parts_mut(self.as_ptr(), self.byte_size()) })
    }

    /// Copies bytes from `start` on.
    ///
    /// # Panics
    ///
    /// If they are out of bounds.
    pub fn read(&self, start: usize, to: &mut [u8]) {
        match self.bytes() {
            Some(bytes) => to.copy_from_slice(&bytes[start..start + to.len()]),
            None => self.0.read(start, to),
        }
    }

    /// Copies bytes to those from `start` on.
    ///
    /// # Panics
    ///
    /// If they are out of bounds.
    pub fn write(&mut self, start: usize, from: &[u8]) {
        match self.bytes_mut() {
            Some(bytes) => bytes[start..start + from.len()].copy_from_slice(from),
            None => self.0.write(start, from),
        }
    }

    /// Sets bytes to a value.
    ///
    /// # Panics
    ///
    /// If they are out of bounds.
    pub fn fill(&mut self, range: Range<usize>, byte: u8) {
        match self.bytes_mut() {
            Some(bytes) => bytes[range].fill(byte),
            None => {
                let to = self.0.address_of(range.start, range.len());
                // SAFETY: H3: the range is within the memory, which other threads access
                // atomically.
                unsafe { relaxed::fill(to, range.len(), byte) }
            }
        }
    }

    /// Copies bytes to those from `to` on, which may overlap them.
    ///
    /// # Panics
    ///
    /// If they are out of bounds.
    pub fn copy_within(&mut self, from: Range<usize>, to: usize) {
        match self.bytes_mut() {
            Some(bytes) => bytes.copy_within(from, to),
            None => {
                let (source, len) = (self.0.address_of(from.start, from.len()), from.len());
                let to = self.0.address_of(to, len);
                // SAFETY: as above.
                unsafe { relaxed::copy(source, to, len) }
            }
        }
    }

    /// Copies bytes of another memory to those from `to` on.
    ///
    /// # Panics
    ///
    /// If they are out of bounds.
    pub fn copy_from(&mut self, memory: &Memory, from: Range<usize>, to: usize) {
        match (self.bytes_mut(), memory.bytes()) {
            (Some(bytes), Some(source)) => {
                bytes[to..to + from.len()].copy_from_slice(&source[from]);
            }
            (Some(bytes), None) => memory.0.read(from.start, &mut bytes[to..to + from.len()]),
            (None, Some(source)) => self.0.write(to, &source[from]),
            (None, None) => {
                let (source, len) = (memory.0.address_of(from.start, from.len()), from.len());
                let to = self.0.address_of(to, len);
                // SAFETY: as above, for both memories.
                unsafe { relaxed::copy(source, to, len) }
            }
        }
    }
}

#[cfg(backstitch_threads)]
impl SharedMemory {
    /// Creates a memory of its type's minimum size, filled with zeros, and reserves what it may grow
    /// to.
    ///
    /// # Errors
    ///
    /// An error if the host cannot allocate it.
    pub fn new(ty: MemoryType) -> Result<SharedMemory, LimitError> {
        Memory::new(ty, usize::MAX)?.share()
    }

    /// Returns the memory, as stores have it.
    pub fn memory(&self) -> &Memory {
        &self.0
    }

    /// Returns the memory for another store.
    pub fn of_store(&self) -> Memory {
        Memory(Arc::clone(&self.0.0))
    }

    /// Returns whether it is a memory of a store.
    pub fn is(&self, memory: &Memory) -> bool {
        Arc::ptr_eq(&self.0.0, &memory.0)
    }

    /// Copies bytes to those from `start` on.
    ///
    /// # Panics
    ///
    /// If they are out of bounds.
    pub fn write(&self, start: usize, from: &[u8]) {
        self.0.0.write(start, from);
    }

    /// Returns its bytes.
    pub fn bytes(&self) -> &[UnsafeCell<u8>] {
        let (start, len) = (self.0.as_ptr(), self.0.byte_size());
        // SAFETY: H3; the bytes never move, and are as long-lived as the memory. Cells may be
        // changed by others.
        unsafe { core::slice::from_raw_parts(start.cast_const().cast(), len) }
    }

    /// Grows by `delta` pages. Returns the former number of pages.
    ///
    /// # Errors
    ///
    /// An error if the type does not allow it, or if not as much is reserved.
    pub fn grow(&self, delta: u64) -> Result<u64, LimitError> {
        loop {
            let from = self.0.byte_size();
            let pages = (from as u64) >> self.0.ty().page_size_log2;
            let desired = pages.checked_add(delta).ok_or(LimitError::Type)?;
            if desired > self.0.maximum_pages() {
                return Err(LimitError::Type);
            }
            let to = self.0.byte_len(desired).ok_or(LimitError::Allocation)?;
            if self.0.0.grow_shared(from, to)? == Grown::Done {
                return Ok(pages);
            }
        }
    }
}

#[cfg(backstitch_threads)]
impl Clone for SharedMemory {
    fn clone(&self) -> SharedMemory {
        SharedMemory(self.of_store())
    }
}

fn byte_len(ty: &MemoryType, pages: u64) -> Option<usize> {
    if pages > address_space_pages(ty) {
        return None;
    }
    let bytes = pages.checked_shl(ty.page_size_log2)?;
    (bytes >> ty.page_size_log2 == pages)
        .then_some(bytes)
        .and_then(|bytes| usize::try_from(bytes).ok())
        .filter(|&bytes| isize::try_from(bytes).is_ok())
}

/// Returns the number of pages that the address type reaches (specification, "Memory Types").
fn address_space_pages(ty: &MemoryType) -> u64 {
    if ty.memory64 {
        u64::MAX >> ty.page_size_log2
    } else {
        (1 << 32) >> ty.page_size_log2
    }
}
