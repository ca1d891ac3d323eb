//! Owned runs of words that contain numbers and addresses: translated code.

use alloc::boxed::Box;
use core::cell::UnsafeCell;
use core::mem::MaybeUninit;
use core::ptr::NonNull;

/// A word. It contains a number, or an address followed by padding.
type Word = UnsafeCell<MaybeUninit<u64>>;

/// An owned run of words. A pointer that is written into a word keeps its provenance.
///
/// The run holds its words by a raw pointer. If it held a box, moving the box would assert
/// exclusive access and invalidate the addresses given out.
pub struct Words {
    /// From a box. Nothing else refers to it while `self` exists.
    words: NonNull<[Word]>,
}

impl Words {
    /// Creates a run of `len` words that are zero.
    pub fn zeroed(len: usize) -> Words {
        let words: Box<[Word]> = (0..len)
            .map(|_| UnsafeCell::new(MaybeUninit::new(0)))
            .collect();
        Words {
            words: NonNull::from(Box::leak(words)),
        }
    }

    /// Returns the number of words.
    pub fn len(&self) -> usize {
        self.words.len()
    }

    /// Returns the address of a word. It is valid as long as the run, even if the run is moved.
    ///
    /// # Panics
    ///
    /// If `index` is greater than the number of words. The address one past the last word is
    /// allowed.
    pub fn address(&self, index: usize) -> *const u64 {
        assert!(index <= self.len());
        self.words.as_ptr().cast::<u64>().wrapping_add(index)
    }

    /// Returns the number in a word. Nothing writes the word meanwhile.
    ///
    /// # Panics
    ///
    /// If there is no such word.
    pub fn number(&self, index: usize) -> u64 {
        assert!(index < self.len());
        // SAFETY: the word exists, and `set_all` has initialised all of it.
        unsafe { *self.address(index) }
    }

    /// Returns the address of an existing word.
    fn word(&mut self, index: usize) -> *mut u64 {
        assert!(index < self.len());
        self.words.as_ptr().cast::<u64>().wrapping_add(index)
    }

    /// Writes numbers to the words that start at `index`.
    ///
    /// # Panics
    ///
    /// If the run has too few words.
    pub fn set_all(&mut self, index: usize, values: &[u64]) {
        assert!(values.len() <= self.len() - index);
        let first = self.words.as_ptr().cast::<u64>().wrapping_add(index);
        // SAFETY: the words exist, and only this run accesses them.
        unsafe { first.copy_from_nonoverlapping(values.as_ptr(), values.len()) };
    }

    /// Writes an address to the first bytes of a word, and zeros to the others.
    pub fn replace(&mut self, index: usize, value: *const ()) {
        let word = self.word(index);
        // SAFETY: the word exists, and only this run accesses it. Its size and alignment are at
        // least those of a pointer.
        unsafe {
            word.write(0);
            word.cast::<*const ()>().write(value);
        }
    }

    /// Replaces the address in the first bytes of a word, which [`Words::replace`] has written there, and
    /// returns it.
    pub fn exchange(&mut self, index: usize, value: *const ()) -> *const () {
        // SAFETY: as in `replace`; an address is there.
        unsafe { self.word(index).cast::<*const ()>().replace(value) }
    }

    /// Writes a size to the first bytes of a word. The others are unchanged.
    pub fn set_size(&mut self, index: usize, value: usize) {
        // SAFETY: as in `replace`; a word's size and alignment are at least those of a `usize`.
        unsafe { self.word(index).cast::<usize>().write(value) };
    }
}

impl Drop for Words {
    fn drop(&mut self) {
        // SAFETY: the words came from a box, and nothing executes or reads them any more.
        drop(unsafe { Box::from_raw(self.words.as_ptr()) });
    }
}

impl core::fmt::Debug for Words {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Words").field("len", &self.len()).finish()
    }
}

// SAFETY: the words are plain data. After construction only a call cell's entry word changes,
// which `execute` reads and writes atomically, and in the code of one store, which one thread uses at
// a time, the words of probes that count.
unsafe impl Send for Words {}
// SAFETY: as above.
unsafe impl Sync for Words {}

const _: () = assert!(size_of::<*const ()>() <= size_of::<u64>());
