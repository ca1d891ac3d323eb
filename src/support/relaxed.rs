//! Accesses to bytes that other threads may access at the same time.
//!
//! They are relaxed atomic accesses of words where the addresses are aligned, and of bytes
//! elsewhere. So a copy that races with others may mix their bytes, but is no undefined behaviour.
//!
//! Rust's memory model does not define what accesses of different sizes to the same bytes do if they
//! race and one of them is a store. A guest can write such code. Compilers translate relaxed
//! accesses to plain instructions of their width, which all processors define.

#[cfg(backstitch_threads)]
#[cfg_attr(backstitch_asm, path = "relaxed/asm.rs")]
#[cfg_attr(not(backstitch_asm), path = "relaxed/bytes.rs")]
mod number;

#[cfg(backstitch_threads)]
pub use number::{
    load_u8, load_u16, load_u32, load_u64, store_u8, store_u16, store_u32, store_u64,
};

use core::sync::atomic::{AtomicU8, AtomicUsize, Ordering::Relaxed};

/// The size of a word in bytes.
const WORD: usize = size_of::<usize>();

/// Number of bytes that are copied at once between places in shared memory.
const BUFFER: usize = 1024;

/// Splits a run of bytes into those before its first aligned word, the words, and the rest. Returns
/// the number of bytes before, and the number of words.
fn split(start: *const u8, len: usize) -> (usize, usize) {
    let before = (start.addr().wrapping_neg() % WORD).min(len);
    (before, (len - before) / WORD)
}

/// Loads a byte.
///
/// # Safety
///
/// The byte is readable, and other threads access it with atomic instructions only.
unsafe fn load(from: *const u8) -> u8 {
    // SAFETY: as promised; no store is executed.
    unsafe { AtomicU8::from_ptr(from.cast_mut()) }.load(Relaxed)
}

/// Stores a byte.
///
/// # Safety
///
/// The byte is writable, and other threads access it with atomic instructions only.
unsafe fn store(to: *mut u8, byte: u8) {
    // SAFETY: as promised.
    unsafe { AtomicU8::from_ptr(to) }.store(byte, Relaxed);
}

/// Copies shared bytes to private ones.
///
/// # Safety
///
/// `to.len()` bytes at `from` are readable, and other threads access them with atomic instructions
/// only.
pub unsafe fn read(from: *const u8, to: &mut [u8]) {
    let (before, words) = split(from, to.len());
    let (head, rest) = to.split_at_mut(before);
    let (middle, tail) = rest.split_at_mut(words * WORD);
    // SAFETY: as promised; `split` has found the words to be aligned.
    unsafe {
        for (at, byte) in head.iter_mut().enumerate() {
            *byte = load(from.add(at));
        }
        let start = from.add(before);
        for (at, word) in middle.chunks_exact_mut(WORD).enumerate() {
            let shared = AtomicUsize::from_ptr(start.add(at * WORD).cast_mut().cast());
            word.copy_from_slice(&shared.load(Relaxed).to_ne_bytes());
        }
        let start = start.add(words * WORD);
        for (at, byte) in tail.iter_mut().enumerate() {
            *byte = load(start.add(at));
        }
    }
}

/// Copies private bytes to shared ones.
///
/// # Safety
///
/// `from.len()` bytes at `to` are writable, and other threads access them with atomic instructions
/// only.
pub unsafe fn write(from: &[u8], to: *mut u8) {
    let (before, words) = split(to, from.len());
    let (head, rest) = from.split_at(before);
    let (middle, tail) = rest.split_at(words * WORD);
    // SAFETY: as promised; `split` has found the words to be aligned.
    unsafe {
        for (at, &byte) in head.iter().enumerate() {
            store(to.add(at), byte);
        }
        let start = to.add(before);
        let (chunks, _) = middle.as_chunks::<WORD>();
        for (at, word) in chunks.iter().enumerate() {
            let shared = AtomicUsize::from_ptr(start.add(at * WORD).cast());
            shared.store(usize::from_ne_bytes(*word), Relaxed);
        }
        let start = start.add(words * WORD);
        for (at, &byte) in tail.iter().enumerate() {
            store(start.add(at), byte);
        }
    }
}

/// Sets shared bytes to a value.
///
/// # Safety
///
/// `len` bytes at `to` are writable, and other threads access them with atomic instructions only.
pub unsafe fn fill(to: *mut u8, len: usize, byte: u8) {
    let bytes = [byte; BUFFER];
    let mut done = 0;
    while done < len {
        let count = (len - done).min(BUFFER);
        // SAFETY: as promised.
        unsafe { write(&bytes[..count], to.add(done)) };
        done += count;
    }
}

/// Copies shared bytes to shared ones, which may overlap.
///
/// # Safety
///
/// `len` bytes at `from` are readable, `len` bytes at `to` are writable, and other threads access
/// them with atomic instructions only.
pub unsafe fn copy(from: *const u8, to: *mut u8, len: usize) {
    let mut buffer = [0; BUFFER];
    // The bytes that would be overwritten before they are read are copied first.
    let backwards = to.addr().wrapping_sub(from.addr()) < len;
    let mut done = 0;
    while done < len {
        let count = (len - done).min(BUFFER);
        let at = if backwards { len - done - count } else { done };
        // SAFETY: as promised.
        unsafe {
            read(from.add(at), &mut buffer[..count]);
            write(&buffer[..count], to.add(at));
        }
        done += count;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    #[test]
    #[cfg_attr(miri, ignore = "Miri fails for atomic accesses that overlap in part")]
    fn copies_are_those_of_slices_at_all_alignments() {
        let source: Vec<u8> = (0..64).collect();
        for start in 0..9 {
            for len in [0, 1, 7, 8, 9, 40] {
                let mut expected = source.clone();
                expected.copy_within(start..start + len, 5);
                let mut bytes = source.clone();
                let base = bytes.as_mut_ptr();
                // SAFETY: both ranges are within the bytes, which no other thread accesses.
                unsafe { copy(base.add(start), base.add(5), len) };
                assert_eq!(bytes, expected);

                expected.fill(7);
                // SAFETY: as above.
                unsafe { fill(bytes.as_mut_ptr(), 64, 7) };
                assert_eq!(bytes, expected);
            }
        }
    }

    #[test]
    #[cfg_attr(miri, ignore = "Miri fails for atomic accesses that overlap in part")]
    fn long_copies_overlap_in_both_directions() {
        let source: Vec<u8> = (0..4000_u32).map(|i| (i % 251) as u8).collect();
        for (from, to) in [(0, 13), (13, 0), (0, 1500), (1500, 0)] {
            let mut expected = source.clone();
            expected.copy_within(from..from + 2400, to);
            let mut bytes = source.clone();
            let base = bytes.as_mut_ptr();
            // SAFETY: as above.
            unsafe { copy(base.add(from), base.add(to), 2400) };
            assert_eq!(bytes, expected);
        }
    }
}
