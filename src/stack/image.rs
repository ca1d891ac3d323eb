//! What a stack held, for observers that look later.

use super::directory::Stack;
use alloc::vec::Vec;

/// A copy of the slots of a stack.
#[derive(Clone, Debug)]
pub struct StackImage {
    slots: Vec<u64>,
}

impl StackImage {
    /// Copies a stack that does not run; `None` where there is no memory for it.
    pub fn new(stack: &Stack) -> Option<StackImage> {
        let mut slots = Vec::new();
        slots.try_reserve_exact(stack.slots()).ok()?;
        // SAFETY: the stack is initialised memory of as many slots; the stack does not run while
        // it is borrowed. Pointers among the slots lose their provenance, and are only copied.
        slots.extend_from_slice(unsafe {
            core::slice::from_raw_parts(stack.base.cast_const(), stack.slots())
        });
        Some(StackImage { slots })
    }

    /// The slot at a distance from a record, both in slots.
    pub fn slot(&self, fp: u32, distance: i32) -> Option<u64> {
        let at = fp.checked_add_signed(distance)?;
        self.slots.get(at as usize).copied()
    }
}
