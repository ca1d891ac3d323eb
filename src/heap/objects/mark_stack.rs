//! The stack of grey objects.

use crate::ids::ObjectRef;
use alloc::vec::Vec;

/// Number of objects of a segment.
const SEGMENT: usize = 1 << 10;

/// Objects that are marked and must be visited. It grows by segments, so that no large memory is
/// copied at once.
#[derive(Debug, Default)]
pub struct MarkStack {
    /// Segments, of which all but the last are full.
    segments: Vec<Vec<ObjectRef>>,
    /// Empty segment that is kept for later.
    spare: Option<Vec<ObjectRef>>,
    /// True if there was no memory for an object, which is therefore missing.
    overflowed: bool,
}

impl MarkStack {
    /// Adds an object.
    #[inline]
    pub fn push(&mut self, object: ObjectRef) {
        match self.segments.last_mut() {
            Some(last) if last.len() < SEGMENT => last.push(object),
            _ => self.push_to_new(object),
        }
    }

    /// Copies the stack. Returns `None` if there is no memory.
    pub fn try_clone(&self) -> Option<MarkStack> {
        let mut copy = MarkStack {
            overflowed: self.overflowed,
            ..MarkStack::default()
        };
        copy.segments.try_reserve_exact(self.segments.len()).ok()?;
        for segment in &self.segments {
            let mut objects = Vec::new();
            objects.try_reserve_exact(SEGMENT).ok()?;
            objects.extend_from_slice(segment);
            copy.segments.push(objects);
        }
        Some(copy)
    }

    fn push_to_new(&mut self, object: ObjectRef) {
        let mut segment = self.spare.take().unwrap_or_default();
        if segment.try_reserve_exact(SEGMENT).is_err() || self.segments.try_reserve(1).is_err() {
            self.overflowed = true;
            return;
        }
        segment.push(object);
        self.segments.push(segment);
    }

    /// Takes the last object.
    #[inline]
    pub fn pop(&mut self) -> Option<ObjectRef> {
        let last = self.segments.last_mut()?;
        let object = last.pop();
        if last.is_empty() {
            self.spare = self.segments.pop();
        }
        object
    }

    /// Returns whether the stack is empty, and no object is missing.
    pub fn is_complete(&self) -> bool {
        self.segments.is_empty() && !self.overflowed
    }

    /// Returns whether objects are missing since the last call.
    pub fn take_overflow(&mut self) -> bool {
        core::mem::take(&mut self.overflowed)
    }

    /// Loses an object, as if there were no memory for it.
    #[cfg(test)]
    pub fn lose(&mut self) {
        self.pop();
        self.overflowed = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_leave_in_reverse_order() {
        let mut stack = MarkStack::default();
        let count = 3 * SEGMENT as u32 + 5;
        (0..count).for_each(|object| stack.push(ObjectRef(object)));
        for object in (0..count).rev() {
            assert_eq!(stack.pop(), Some(ObjectRef(object)));
        }
        assert!(stack.pop().is_none() && stack.is_complete());
        stack.push(ObjectRef(8));
        stack.lose();
        assert!(!stack.is_complete() && stack.take_overflow() && stack.is_complete());
    }
}
