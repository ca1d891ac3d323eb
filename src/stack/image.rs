//! Copies of stacks, for observers that read them later.

use super::directory::Stack;
use alloc::vec::Vec;

/// A copy of the slots of a stack.
#[derive(Clone, Debug)]
pub struct StackImage {
    slots: Vec<u64>,
}

impl StackImage {
    /// Copies a stack that does not run. Returns `None` if there is no memory for the copy.
    pub fn new(stack: &Stack) -> Option<StackImage> {
        let mut slots = Vec::new();
        slots.try_reserve_exact(stack.slots()).ok()?;
        // SAFETY: the slots are initialised memory, and the stack does not run while it is
        // borrowed. Pointers in slots lose their provenance, but the copies are never followed.
        slots.extend_from_slice(unsafe {
            core::slice::from_raw_parts(stack.base.cast_const(), stack.slots())
        });
        Some(StackImage { slots })
    }

    /// Returns the slot `distance` slots from the record at slot `fp`, or `None` out of bounds.
    pub fn slot(&self, fp: u32, distance: i32) -> Option<u64> {
        let at = fp.checked_add_signed(distance)?;
        self.slots.get(at as usize).copied()
    }
}
