//! A vector in segments: it grows without moving its items, so that one more item never takes long.

use alloc::vec::Vec;

/// Number of items of a segment.
const SEGMENT: usize = 1 << 10;

/// A vector that consists of segments of 1024 items.
#[derive(Debug)]
pub struct Segments<T> {
    /// Segments, of which all but the last are full.
    segments: Vec<Vec<T>>,
    /// Empty segment that is kept for later.
    spare: Option<Vec<T>>,
}

impl<T> Default for Segments<T> {
    fn default() -> Segments<T> {
        Segments {
            segments: Vec::new(),
            spare: None,
        }
    }
}

impl<T> Segments<T> {
    /// Adds an item. Returns whether there was memory for it.
    #[inline]
    #[must_use]
    pub fn push(&mut self, item: T) -> bool {
        match self.segments.last_mut() {
            Some(last) if last.len() < SEGMENT => {
                last.push(item);
                true
            }
            _ => self.push_to_new(item),
        }
    }

    fn push_to_new(&mut self, item: T) -> bool {
        let mut segment = self.spare.take().unwrap_or_default();
        if segment.try_reserve_exact(SEGMENT).is_err() || self.segments.try_reserve(1).is_err() {
            return false;
        }
        segment.push(item);
        self.segments.push(segment);
        true
    }

    /// Takes the last item.
    #[inline]
    pub fn pop(&mut self) -> Option<T> {
        let last = self.segments.last_mut()?;
        let item = last.pop();
        if last.is_empty() {
            self.spare = self.segments.pop();
        }
        item
    }

    /// Copies all items. Returns `None` if an item is not copied, or there is no memory.
    pub fn try_copy(&self, copy: impl Fn(&T) -> Option<T>) -> Option<Segments<T>> {
        let mut copies = Segments::default();
        for item in self.segments.iter().flatten() {
            if !copies.push(copy(item)?) {
                return None;
            }
        }
        Some(copies)
    }

    /// Returns whether there are no items.
    pub fn is_empty(&self) -> bool {
        self.segments.is_empty()
    }

    /// Returns the number of items.
    pub fn len(&self) -> usize {
        match self.segments.split_last() {
            Some((last, full)) => full.len() * SEGMENT + last.len(),
            None => 0,
        }
    }

    /// Returns an item.
    #[inline]
    pub fn get(&self, index: usize) -> Option<&T> {
        self.segments.get(index / SEGMENT)?.get(index % SEGMENT)
    }

    /// Returns an item for changes.
    #[inline]
    pub fn get_mut(&mut self, index: usize) -> Option<&mut T> {
        let segment = self.segments.get_mut(index / SEGMENT)?;
        segment.get_mut(index % SEGMENT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_stay_in_place_and_leave_in_reverse_order() {
        let mut segments = Segments::default();
        let count = 3 * SEGMENT + 5;
        assert!((0..count).all(|item| segments.push(item)));
        let first: *const usize = segments.get(0).unwrap();
        assert!((0..count).all(|item| segments.push(item)));
        assert!(core::ptr::eq(first, segments.get(0).unwrap()));
        assert_eq!(segments.len(), 2 * count);
        for index in 0..count {
            assert_eq!(segments.get(count + index), Some(&index));
        }
        assert_eq!(segments.get(2 * count), None);
        *segments.get_mut(SEGMENT).unwrap() = 7;
        for index in (0..count).chain(0..count).rev() {
            let item = segments.pop().unwrap();
            let changed = segments.len() == SEGMENT;
            assert_eq!(item, if changed { 7 } else { index });
        }
        assert!(segments.pop().is_none() && segments.is_empty());
    }
}
