//! A run of words that hold numbers and addresses: finished code.

use alloc::boxed::Box;
use core::cell::UnsafeCell;
use core::mem::MaybeUninit;
use core::ptr::NonNull;

/// A word: a number, or an address and whatever follows it.
type Word = UnsafeCell<MaybeUninit<u64>>;

/// An owned run of 64-bit words. A pointer written into one keeps its provenance.
///
/// The words are held by a raw pointer: a box that moves would claim them for itself, and
/// end what was promised of their addresses.
pub struct Words {
    /// From a box, and as long as `self` nobody else's.
    words: NonNull<[Word]>,
}

impl Words {
    /// As many zero words.
    pub fn zeroed(len: usize) -> Words {
        let words: Box<[Word]> = (0..len)
            .map(|_| UnsafeCell::new(MaybeUninit::new(0)))
            .collect();
        Words {
            words: NonNull::from(Box::leak(words)),
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
        assert!(index <= self.len());
        self.words.as_ptr().cast::<u64>().wrapping_add(index)
    }

    /// The address of a word that there is.
    fn word(&mut self, index: usize) -> *mut u64 {
        assert!(index < self.len());
        self.words.as_ptr().cast::<u64>().wrapping_add(index)
    }

    /// Writes numbers, from the word at `index` on.
    ///
    /// # Panics
    ///
    /// If there are not as many words.
    pub fn set_all(&mut self, index: usize, values: &[u64]) {
        assert!(values.len() <= self.len() - index);
        let first = self.words.as_ptr().cast::<u64>().wrapping_add(index);
        // SAFETY: the words are there, and are this run's alone.
        unsafe { first.copy_from_nonoverlapping(values.as_ptr(), values.len()) };
    }

    /// Writes an address into the word's first bytes, and zeros into the others.
    pub fn replace(&mut self, index: usize, value: *const ()) {
        let word = self.word(index);
        // SAFETY: the word is there, and is this run's alone; it is as large and as aligned
        // as a pointer at least.
        unsafe {
            word.write(0);
            word.cast::<*const ()>().write(value);
        }
    }

    /// Writes a size into the word's first bytes; the others stay as they are.
    pub fn set_size(&mut self, index: usize, value: usize) {
        // SAFETY: as in `replace`; a word is as large and as aligned as a size at least.
        unsafe { self.word(index).cast::<usize>().write(value) };
    }
}

impl Drop for Words {
    fn drop(&mut self) {
        // SAFETY: they came from a box, and nothing runs or reads them any more.
        drop(unsafe { Box::from_raw(self.words.as_ptr()) });
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
