//! Raw, growable, zero-initialised allocations.
//!
//! Memories, tables and stacks are raw allocations instead of `Vec`s, so that pointers into them
//! keep their provenance while the owner is borrowed, and so that allocation failure returns an
//! error instead of aborting.

use alloc::alloc::{Layout, alloc_zeroed, dealloc, realloc};
use core::ptr::{self, NonNull};

/// Alignment of every raw allocation in bytes: that of a 128-bit vector.
const ALIGN: usize = 16;

/// An owned run of zero-initialised bytes with an alignment of 16.
#[derive(Debug)]
pub struct RawBytes {
    base: NonNull<u8>,
    len: usize,
    capacity: usize,
}

impl RawBytes {
    /// Allocates `len` zero bytes. Returns `None` if the allocator fails.
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

    /// Returns the address of the first byte. It is valid until the next growth.
    pub fn as_ptr(&self) -> *mut u8 {
        self.base.as_ptr()
    }

    /// Returns the number of bytes.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Grows to `len` bytes, and may move. The new bytes are zero. Returns false, without any
    /// effect, if the allocator fails.
    pub fn grow_zeroed(&mut self, len: usize) -> bool {
        debug_assert!(len >= self.len);
        if len > self.capacity {
            // Reserve a quarter more than requested, so that growing in single pages takes
            // linear time in total; reserve only what was requested if that fails.
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
        // SAFETY: bytes from `self.len` to `len` are within the capacity.
        unsafe { ptr::write_bytes(self.base.as_ptr().add(self.len), 0, len - self.len) };
        self.len = len;
        true
    }

    /// Moves to a new block of `len` zero bytes. For a large growth, the system may provide zero
    /// pages that use no memory until they are written; writing zeros would use it.
    fn replace(&mut self, len: usize) -> bool {
        let Some(mut block) = RawBytes::zeroed(len) else {
            return false;
        };
        // SAFETY: the blocks do not overlap, and the new one is not smaller.
        unsafe { ptr::copy_nonoverlapping(self.as_ptr(), block.as_ptr(), self.len) };
        core::mem::swap(self, &mut block);
        true
    }

    /// Copies the bytes to a new block. Returns `None` if the allocator fails.
    pub fn try_clone(&self) -> Option<RawBytes> {
        let copy = RawBytes::zeroed(self.len)?;
        // SAFETY: both blocks have as many bytes, and do not overlap. The copy is untyped, so pointers
        // keep their provenance.
        unsafe { ptr::copy_nonoverlapping(self.as_ptr(), copy.as_ptr(), self.len) };
        Some(copy)
    }

    /// Copies the bytes to a new block as [`RawBytes::try_clone`] does, apart from pages of zeros:
    /// the new block has those already, and the system may provide them without memory.
    ///
    /// # Safety
    ///
    /// The bytes contain no pointers, and no other thread writes them.
    pub unsafe fn try_clone_sparse(&self) -> Option<RawBytes> {
        /// Number of bytes that are compared with zero at once.
        const PAGE: usize = 1 << 12;
        static ZEROS: [u8; PAGE] = [0; PAGE];
        let copy = RawBytes::zeroed(self.len)?;
        // SAFETY: the bytes are initialised, and are not written meanwhile; the new ones are not
        // accessed by anything else.
        let (from, to) = unsafe {
            (
                core::slice::from_raw_parts(self.as_ptr(), self.len),
                core::slice::from_raw_parts_mut(copy.as_ptr(), self.len),
            )
        };
        for (from, to) in from.chunks(PAGE).zip(to.chunks_mut(PAGE)) {
            if from != &ZEROS[..from.len()] {
                to.copy_from_slice(from);
            }
        }
        Some(copy)
    }

    fn reallocate(&mut self, capacity: usize) -> bool {
        let Ok(new) = Layout::from_size_align(capacity, ALIGN) else {
            return false;
        };
        let base = if self.capacity == 0 {
            // SAFETY: the new capacity is greater than the current one, so it is not zero.
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
        // SAFETY: the block was allocated with this size and alignment, so they are valid.
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

// SAFETY: the bytes are owned, as in a `Box<[u8]>`.
unsafe impl Send for RawBytes {}
// SAFETY: as above; shared access provides only a raw pointer.
unsafe impl Sync for RawBytes {}

#[repr(align(16))]
struct Aligned;
