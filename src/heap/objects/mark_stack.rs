//! The stack of grey objects.

use crate::ids::ObjectRef;
use crate::support::segments::Segments;

/// Objects that are marked and must be visited.
#[derive(Debug, Default)]
pub struct MarkStack {
    objects: Segments<ObjectRef>,
    /// True if there was no memory for an object, which is therefore missing.
    overflowed: bool,
}

impl MarkStack {
    /// Adds an object.
    #[inline]
    pub fn push(&mut self, object: ObjectRef) {
        if !self.objects.push(object) {
            self.overflowed = true;
        }
    }

    /// Copies the stack. Returns `None` if there is no memory.
    pub fn try_clone(&self) -> Option<MarkStack> {
        Some(MarkStack {
            objects: self.objects.try_copy(|&object| Some(object))?,
            overflowed: self.overflowed,
        })
    }

    /// Takes the last object.
    #[inline]
    pub fn pop(&mut self) -> Option<ObjectRef> {
        self.objects.pop()
    }

    /// Returns whether the stack is empty, and no object is missing.
    pub fn is_complete(&self) -> bool {
        self.objects.is_empty() && !self.overflowed
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
    fn a_lost_object_is_noticed() {
        let mut stack = MarkStack::default();
        stack.push(ObjectRef(8));
        stack.lose();
        assert!(!stack.is_complete() && stack.take_overflow() && stack.is_complete());
    }
}
