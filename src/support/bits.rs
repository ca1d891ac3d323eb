//! Sets of small numbers.

use alloc::vec::Vec;

/// A set of small numbers, with one bit for each.
#[derive(Debug, Default)]
pub struct Bits(Vec<u64>);

impl Bits {
    /// Adds a number. Returns whether it is new, or `None` if there is no memory for it.
    pub fn insert(&mut self, number: u32) -> Option<bool> {
        let (word, bit) = (number as usize / 64, 1 << (number % 64));
        if word >= self.0.len() {
            let more = word + 1 - self.0.len();
            self.0.try_reserve(more).ok()?;
            self.0.resize(word + 1, 0);
        }
        let is_new = self.0[word] & bit == 0;
        self.0[word] |= bit;
        Some(is_new)
    }

    /// Returns whether a number is in the set.
    pub fn contains(&self, number: u32) -> bool {
        let word = self.0.get(number as usize / 64);
        word.is_some_and(|word| word & 1 << (number % 64) != 0)
    }
}
