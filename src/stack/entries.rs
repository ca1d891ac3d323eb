//! The memory of the stack directory.
//!
//! The directory is a raw allocation instead of a `Vec` of its entries, because these are aligned to 64
//! bytes. A `Vec` would copy all of them whenever it grows, which takes a tenth of a second for a million
//! entries. An allocation with the usual alignment can grow where it is, or by moving its pages.

use super::directory::Stack;
use crate::support::raw::RawBytes;
use core::ptr;

/// Size of an entry in bytes.
const SIZE: usize = size_of::<Stack>();
/// Alignment of entries in bytes.
const ALIGN: usize = align_of::<Stack>();

/// Entries of the stack directory, by number.
#[derive(Debug)]
pub struct Entries {
    memory: RawBytes,
    /// Number of entries.
    len: usize,
}

impl Entries {
    /// Creates a directory without entries.
    pub fn new() -> Entries {
        let memory = RawBytes::zeroed(0).expect("nothing is allocated");
        Entries { memory, len: 0 }
    }

    /// Returns the number of entries.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Returns the address of the first entry. It is valid until the next entry is added.
    pub fn as_ptr(&self) -> *mut Stack {
        self.memory
            .as_ptr()
            .wrapping_add(padding(&self.memory))
            .cast()
    }

    /// Returns the address of an entry, if there is one of this number.
    pub fn get(&self, index: usize) -> Option<*mut Stack> {
        (index < self.len).then(|| self.as_ptr().wrapping_add(index))
    }

    /// Adds an entry, and may move the others. Returns whether there was memory for it.
    #[must_use]
    pub fn push(&mut self, stack: Stack) -> bool {
        let before = padding(&self.memory);
        // The memory reserves a part more than it needs, so that few entries move it.
        if !self.memory.grow_zeroed((self.len + 1) * SIZE + ALIGN) {
            return false;
        }
        let after = padding(&self.memory);
        if before != after {
            let base = self.memory.as_ptr();
            // SAFETY: both places are within the memory, which has room for an alignment more than
            // the entries.
            unsafe { ptr::copy(base.add(before), base.add(after), self.len * SIZE) };
        }
        // SAFETY: the place is within the memory, and aligned.
        unsafe { self.as_ptr().add(self.len).write(stack) };
        self.len += 1;
        true
    }
}

/// Returns the number of bytes before the first entry.
fn padding(memory: &RawBytes) -> usize {
    memory.as_ptr().addr().wrapping_neg() % ALIGN
}

impl Drop for Entries {
    fn drop(&mut self) {
        let entries = ptr::slice_from_raw_parts_mut(self.as_ptr(), self.len);
        // SAFETY: these entries were written, and nothing accesses them any more.
        unsafe { entries.drop_in_place() };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::StackId;

    #[test]
    fn entries_keep_their_contents_and_their_alignment() {
        let mut entries = Entries::new();
        assert_eq!(entries.get(0), None);
        for number in 0..5000 {
            assert!(entries.push(Stack::new(StackId(number))));
            assert_eq!(entries.as_ptr().addr() % ALIGN, 0);
        }
        for number in 0..5000 {
            let stack = entries.get(number).unwrap();
            // SAFETY: the entry exists.
            assert_eq!(unsafe { (*stack).id() }, StackId(number as u32));
        }
        assert_eq!((entries.get(5000), entries.len()), (None, 5000));
    }
}
