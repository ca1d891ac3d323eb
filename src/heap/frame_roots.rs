//! The places of references in frames, by the frames' positions in code.
//!
//! Finding them takes a frame map, and several times as long as reading the references even if there is
//! one. A collection keeps them from one step to the next.

use crate::module::HeapType;
use crate::support::error::Error;
use alloc::vec::Vec;
use core::mem;

/// Places of the references of all frames at one position.
#[derive(Debug, Default)]
pub struct FrameRoots {
    /// Distances of slots from a frame's record.
    pub slots: Vec<(HeapType, i32)>,
    /// Type of a reference in the accumulator.
    pub accumulator: Option<HeapType>,
}

/// Number of entries of the smallest table.
const FEWEST: usize = 1 << 4;
/// Number of entries of the largest table.
const MOST: usize = 1 << 13;

/// The places of references at the positions that were visited: a hash table, which begins anew when it
/// has reached its largest size.
#[derive(Debug, Default)]
pub struct KeptFrameRoots {
    /// A power of two of entries, at most half of them in use. The entry of a position is the first
    /// free one from its hash value on, or before that.
    entries: Vec<Option<(usize, FrameRoots)>>,
    used: usize,
}

impl KeptFrameRoots {
    /// Returns the index of the entry of a position, or of the free one where it belongs.
    #[inline]
    fn search(&self, position: usize) -> usize {
        // Positions are addresses of words, or one more. Those in one function are near each other.
        let mut index = (position / size_of::<u64>()) ^ (position << 2);
        loop {
            index &= self.entries.len() - 1;
            match &self.entries[index] {
                Some((other, _)) if *other != position => index += 1,
                Some(_) | None => return index,
            }
        }
    }

    /// Returns the index of the places at a position, if they are kept.
    #[inline]
    pub fn find(&self, position: usize) -> Option<usize> {
        if self.entries.is_empty() {
            return None;
        }
        let index = self.search(position);
        self.entries[index].is_some().then_some(index)
    }

    /// Returns the places at an index that was the result of the last call of
    /// [`KeptFrameRoots::find`] or [`KeptFrameRoots::keep`].
    #[inline]
    pub fn at(&self, index: usize) -> Option<&FrameRoots> {
        self.entries[index].as_ref().map(|(_, roots)| roots)
    }

    /// Keeps the places at a position that has none. Returns their index.
    ///
    /// # Errors
    ///
    /// An error if there is no memory for them.
    pub fn keep(&mut self, position: usize, roots: FrameRoots) -> Result<usize, Error> {
        if self.used * 2 >= self.entries.len() {
            self.make_room()?;
        }
        Ok(self.insert(position, roots))
    }

    fn insert(&mut self, position: usize, roots: FrameRoots) -> usize {
        let index = self.search(position);
        self.entries[index] = Some((position, roots));
        self.used += 1;
        index
    }

    #[cold]
    fn make_room(&mut self) -> Result<(), Error> {
        let len = (self.entries.len() * 2).clamp(FEWEST, MOST);
        let mut entries = Vec::new();
        entries.try_reserve_exact(len)?;
        entries.resize_with(len, || None);
        let before = mem::replace(&mut self.entries, entries);
        self.used = 0;
        if before.len() < len {
            for (position, roots) in before.into_iter().flatten() {
                self.insert(position, roots);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(accumulator: HeapType) -> FrameRoots {
        FrameRoots {
            accumulator: Some(accumulator),
            ..FrameRoots::default()
        }
    }

    #[test]
    #[cfg_attr(miri, ignore = "takes minutes there")]
    fn positions_are_kept_until_the_largest_table_is_full() {
        let mut kept = KeptFrameRoots::default();
        let position = |index: usize| 0x1000 + index / 2 * 8 + index % 2;
        for index in 0..MOST / 2 {
            assert_eq!(kept.find(position(index)), None);
            let ty = if index % 3 == 0 {
                HeapType::Any
            } else {
                HeapType::Exn
            };
            let place = kept.keep(position(index), of(ty)).unwrap();
            assert_eq!(kept.at(place).unwrap().accumulator, Some(ty));
        }
        for index in 0..MOST / 2 {
            let ty = if index % 3 == 0 {
                HeapType::Any
            } else {
                HeapType::Exn
            };
            let place = kept.find(position(index)).unwrap();
            assert_eq!(kept.at(place).unwrap().accumulator, Some(ty));
        }
        let last = position(MOST / 2);
        kept.keep(last, of(HeapType::Cont)).unwrap();
        assert_eq!(kept.entries.len(), MOST);
        assert!(kept.find(last).is_some() && kept.find(position(0)).is_none());
    }
}
