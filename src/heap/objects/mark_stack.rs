//! The stack of grey objects.

use crate::ids::ObjectRef;
use crate::support::segments::Segments;

/// Number of objects for which no memory is needed. With some, marking a list takes time
/// proportional to its length even if there is no memory.
const FEW: usize = 64;

/// Objects that are marked and must be visited.
#[derive(Debug)]
pub struct MarkStack {
    objects: Segments<ObjectRef>,
    /// Objects for which there was no memory, and their number.
    few: [ObjectRef; FEW],
    few_len: usize,
    /// True if there was no memory for an object, which is therefore missing.
    overflowed: bool,
}

impl Default for MarkStack {
    fn default() -> MarkStack {
        MarkStack {
            objects: Segments::default(),
            few: [ObjectRef(0); FEW],
            few_len: 0,
            overflowed: false,
        }
    }
}

impl MarkStack {
    /// Adds an object.
    #[inline]
    pub fn push(&mut self, object: ObjectRef) {
        if !self.objects.push(object) {
            self.push_to_few(object);
        }
    }

    #[cold]
    fn push_to_few(&mut self, object: ObjectRef) {
        match self.few.get_mut(self.few_len) {
            Some(place) => {
                *place = object;
                self.few_len += 1;
            }
            None => self.overflowed = true,
        }
    }

    /// Copies the stack. Returns `None` if there is no memory.
    pub fn try_clone(&self) -> Option<MarkStack> {
        Some(MarkStack {
            objects: self.objects.try_copy(|&object| Some(object))?,
            ..*self
        })
    }

    /// Takes the last object.
    #[inline]
    pub fn pop(&mut self) -> Option<ObjectRef> {
        if self.few_len > 0 {
            self.few_len -= 1;
            return Some(self.few[self.few_len]);
        }
        self.objects.pop()
    }

    /// Returns whether the stack is empty, and no object is missing.
    pub fn is_complete(&self) -> bool {
        self.objects.is_empty() && self.few_len == 0 && !self.overflowed
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
    fn objects_without_memory_leave_first_and_too_many_are_noticed() {
        let mut stack = MarkStack::default();
        stack.push(ObjectRef(800));
        for object in 0..FEW as u32 {
            stack.push_to_few(ObjectRef(object));
        }
        assert!(!stack.is_complete() && !stack.take_overflow());
        stack.push_to_few(ObjectRef(8));
        assert!(stack.take_overflow());
        for object in (0..FEW as u32).rev() {
            assert_eq!(stack.pop(), Some(ObjectRef(object)));
        }
        assert_eq!(stack.pop(), Some(ObjectRef(800)));
        assert!(stack.pop().is_none() && stack.is_complete());
        stack.push(ObjectRef(8));
        stack.lose();
        assert!(!stack.is_complete() && stack.take_overflow() && stack.is_complete());
    }
}
