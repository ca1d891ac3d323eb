//! Raw, growable, zeroed allocations.
//!
//! Memories, tables and stacks are raw allocations and not `Vec`s, so that pointers into
//! them keep their provenance while the owner is borrowed, and so that a failed
//! allocation is a value and never an abort.

use alloc::alloc::{Layout, alloc_zeroed, dealloc, realloc};
use core::ptr::{self, NonNull};

/// The alignment of every raw allocation, in bytes: that of a vector.
const ALIGN: usize = 16;

/// An owned run of zero-initialised bytes, aligned to 16.
#[derive(Debug)]
pub struct RawBytes {
    base: NonNull<u8>,
    len: usize,
    capacity: usize,
}

impl RawBytes {
    /// `len` zero bytes, or `None` where the allocator has no room.
    pub fn zeroed(len: usize) -> Option<RawBytes> {
        if len == 0 {
            return Some(RawBytes {
                base: NonNull::<Aligned>::dangling().cast(),
                len,
                capacity: 0,
            });
        }
        let layout = Layout::from_size_align(len, ALIGN).ok()?;
        // SAFETY: the size is not zero.
        let base = NonNull::new(unsafe { alloc_zeroed(layout) })?;
        Some(RawBytes {
            base,
            len,
            capacity: len,
        })
    }

    /// The first byte. The pointer is valid until the next growth.
    pub fn as_ptr(&self) -> *mut u8 {
        self.base.as_ptr()
    }

    /// The number of bytes.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Grows to `len` bytes, the new ones zero, perhaps elsewhere. False where the
    /// allocator has no room; then nothing has changed.
    pub fn grow_zeroed(&mut self, len: usize) -> bool {
        debug_assert!(len >= self.len);
        if len > self.capacity {
            // A quarter more than asked, so that growing by single pages is linear; exactly
            // what was asked where that much is not to be had.
            if len / 2 >= self.len && self.replace(len) {
                return true;
            }
            let generous = len
                .saturating_add(self.capacity / 4)
                .min(isize::MAX as usize - ALIGN);
            if !self.reallocate(generous) && !self.reallocate(len) {
                return false;
            }
        }
        // SAFETY: bytes from `self.len` to `len` lie within the capacity.
        unsafe { ptr::write_bytes(self.base.as_ptr().add(self.len), 0, len - self.len) };
        self.len = len;
        true
    }

    /// Moves to a new block of `len` zero bytes. Where much is added, the host may give
    /// pages that take no room before they are used; writing zeros would use them.
    fn replace(&mut self, len: usize) -> bool {
        let Some(mut block) = RawBytes::zeroed(len) else {
            return false;
        };
        // SAFETY: the blocks are different, and the new one is not smaller.
        unsafe { ptr::copy_nonoverlapping(self.as_ptr(), block.as_ptr(), self.len) };
        core::mem::swap(self, &mut block);
        true
    }

    fn reallocate(&mut self, capacity: usize) -> bool {
        let Ok(new) = Layout::from_size_align(capacity, ALIGN) else {
            return false;
        };
        let base = if self.capacity == 0 {
            // SAFETY: the capacity asked for is greater than the present one, so not zero.
            unsafe { alloc_zeroed(new) }
        } else {
            // SAFETY: the block came from this allocator with this layout.
            unsafe { realloc(self.base.as_ptr(), self.layout(), capacity) }
        };
        let Some(base) = NonNull::new(base) else {
            return false;
        };
        self.base = base;
        self.capacity = capacity;
        true
    }

    fn layout(&self) -> Layout {
        // SAFETY: this size and alignment made a layout when the block was allocated.
        unsafe { Layout::from_size_align_unchecked(self.capacity, ALIGN) }
    }
}

impl Drop for RawBytes {
    fn drop(&mut self) {
        if self.capacity != 0 {
            // SAFETY: the block came from this allocator with this layout.
            unsafe { dealloc(self.base.as_ptr(), self.layout()) };
        }
    }
}

// SAFETY: the bytes are owned, like a `Box<[u8]>`.
unsafe impl Send for RawBytes {}
// SAFETY: as above; shared access gives out nothing but a raw pointer.
unsafe impl Sync for RawBytes {}

#[repr(align(16))]
struct Aligned;
