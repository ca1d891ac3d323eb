//! A run of words that hold numbers and addresses: finished code.

use alloc::boxed::Box;
use core::cell::UnsafeCell;
use core::mem::MaybeUninit;
use core::ptr;

/// An owned run of 64-bit words. A pointer written into one keeps its provenance.
pub struct Words {
    words: Box<[UnsafeCell<MaybeUninit<u64>>]>,
}

impl Words {
    /// As many zero words.
    pub fn zeroed(len: usize) -> Words {
        Words {
            words: (0..len)
                .map(|_| UnsafeCell::new(MaybeUninit::new(0)))
                .collect(),
        }
    }

    /// The number of words.
    pub fn len(&self) -> usize {
        self.words.len()
    }

    /// The address of a word, valid for the run's life, wherever the run is moved.
    ///
    /// # Panics
    ///
    /// If there is no such word, and it is not the one past the last.
    pub fn address(&self, index: usize) -> *const u64 {
        assert!(index <= self.words.len());
        self.words.as_ptr().wrapping_add(index).cast()
    }

    /// Writes a number.
    pub fn set(&mut self, index: usize, value: u64) {
        *self.words[index].get_mut() = MaybeUninit::new(value);
    }

    /// Writes an address into the word's first bytes; the others stay as they are.
    pub fn set_pointer(&mut self, index: usize, value: *const ()) {
        let word = self.words[index].get_mut();
        // SAFETY: a word is as large and as aligned as a pointer at least.
        unsafe { ptr::from_mut(word).cast::<*const ()>().write(value) };
    }
}

impl Words {
    /// Writes a size into the word's first bytes; the others stay as they are.
    pub fn set_size(&mut self, index: usize, value: usize) {
        let word = self.words[index].get_mut();
        // SAFETY: a word is as large and as aligned as a size at least.
        unsafe { ptr::from_mut(word).cast::<usize>().write(value) };
    }
}

impl core::fmt::Debug for Words {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Words").field("len", &self.len()).finish()
    }
}

// SAFETY: the words are plain data. After construction, the one thing that changes is a
// call cell's entry word, which `execute` writes and reads atomically.
unsafe impl Send for Words {}
// SAFETY: as above.
unsafe impl Sync for Words {}

const _: () = assert!(size_of::<*const ()>() <= size_of::<u64>());
