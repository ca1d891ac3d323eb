//! Linear memories.

use super::limits::LimitError;
use crate::module::MemoryType;
use crate::support::raw::RawBytes;
use alloc::boxed::Box;
use core::cell::UnsafeCell;
use core::ptr::NonNull;

/// The part of a memory that handlers read (see H1 to H3).
#[derive(Debug)]
#[repr(C)]
pub struct MemoryCore {
    /// Address of the first byte.
    pub base: *mut u8,
    /// Size in bytes.
    pub len: usize,
}

/// A linear memory.
#[derive(Debug)]
pub struct Memory {
    core: NonNull<UnsafeCell<MemoryCore>>,
    bytes: RawBytes,
    ty: MemoryType,
}

impl Memory {
    /// Creates a memory of its type's minimum size, filled with zeros.
    ///
    /// # Errors
    ///
    /// An error if the host cannot allocate it.
    pub fn new(ty: MemoryType) -> Result<Memory, LimitError> {
        let len = byte_len(&ty, ty.minimum).ok_or(LimitError::Allocation)?;
        let bytes = RawBytes::zeroed(len).ok_or(LimitError::Allocation)?;
        let core = MemoryCore {
            base: bytes.as_ptr(),
            len,
        };
        let core = NonNull::from(Box::leak(Box::new(UnsafeCell::new(core))));
        Ok(Memory { core, bytes, ty })
    }

    /// Returns the address of its core, which is stable for the store's life (H1).
    pub fn core(&self) -> *mut MemoryCore {
        UnsafeCell::raw_get(self.core.as_ptr())
    }

    /// Returns its type, as declared.
    pub fn ty(&self) -> &MemoryType {
        &self.ty
    }

    /// Returns its size in bytes.
    pub fn byte_size(&self) -> usize {
        self.bytes.len()
    }

    /// Returns its size in pages.
    pub fn pages(&self) -> u64 {
        (self.bytes.len() as u64) >> self.ty.page_size_log2
    }

    /// Returns the number of bytes that `pages` pages take, or `None` if this host cannot address
    /// as many.
    pub fn byte_len(&self, pages: u64) -> Option<usize> {
        byte_len(&self.ty, pages)
    }

    /// Returns the maximum number of pages that its type allows.
    pub fn maximum_pages(&self) -> u64 {
        self.ty
            .maximum
            .unwrap_or(u64::MAX)
            .min(address_space_pages(&self.ty))
    }

    /// Grows to `pages` pages. New pages are filled with zeros. The caller has checked the limiter
    /// and [`Memory::maximum_pages`].
    ///
    /// # Errors
    ///
    /// An error if the host cannot allocate it.
    pub fn grow_to(&mut self, pages: u64) -> Result<(), LimitError> {
        let len = byte_len(&self.ty, pages).ok_or(LimitError::Allocation)?;
        if !self.bytes.grow_zeroed(len) {
            return Err(LimitError::Allocation);
        }
        // SAFETY: H1 keeps the core alive; H2: no reference to it is held elsewhere.
        unsafe {
            *self.core() = MemoryCore {
                base: self.bytes.as_ptr(),
                len,
            }
        };
        Ok(())
    }

    /// Returns the address of its first byte, which is valid until it grows.
    pub fn as_ptr(&self) -> *mut u8 {
        self.bytes.as_ptr()
    }

    /// Returns its bytes.
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: H3; the store that owns this memory is borrowed, so no handler runs.
        unsafe { core::slice::from_raw_parts(self.bytes.as_ptr(), self.bytes.len()) }
    }

    /// Returns its bytes for changes.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: as for `bytes`, and the store is borrowed mutably.
        unsafe { core::slice::from_raw_parts_mut(self.bytes.as_ptr(), self.bytes.len()) }
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // SAFETY: the core came from `Box::leak` in `new`, and is dropped with its store.
        drop(unsafe { Box::from_raw(self.core.as_ptr()) });
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
