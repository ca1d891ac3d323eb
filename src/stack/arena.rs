//! The memory of one stack.

use super::record::RED_ZONE_SLOTS;
use crate::support::raw::RawBytes;

const SLOT: usize = size_of::<u64>();

/// A growable array of slots, which are zero at first. Growing may move it.
#[derive(Debug)]
pub struct Arena {
    bytes: RawBytes,
}

impl Arena {
    /// Creates an arena without slots.
    pub fn empty() -> Arena {
        Arena {
            bytes: RawBytes::zeroed(0).expect("no bytes take no room"),
        }
    }

    /// Creates an arena of `slots` slots. Returns `None` if there is no memory.
    pub fn zeroed(slots: usize) -> Option<Arena> {
        let mut arena = Arena::empty();
        (slots == 0 || arena.grow(slots)).then_some(arena)
    }

    /// Copies the slots and the red zone. Returns `None` if there is no memory.
    pub fn try_clone(&self) -> Option<Arena> {
        let bytes = self.bytes.try_clone()?;
        Some(Arena { bytes })
    }

    /// Returns the address of the first slot.
    pub fn base(&self) -> *mut u64 {
        self.bytes.as_ptr().cast()
    }

    /// Returns the number of slots, without the red zone.
    pub fn slots(&self) -> usize {
        (self.bytes.len() / SLOT).saturating_sub(RED_ZONE_SLOTS)
    }

    /// Returns the address of the slot that no frame may reach beyond.
    pub fn limit(&self) -> *mut u64 {
        self.base().wrapping_add(self.slots())
    }

    /// Grows to `slots` slots, which may move. Returns false if there is no memory.
    pub fn grow(&mut self, slots: usize) -> bool {
        slots
            .checked_add(RED_ZONE_SLOTS)
            .and_then(|slots| slots.checked_mul(SLOT))
            .is_some_and(|bytes| self.bytes.grow_zeroed(bytes))
    }
}
