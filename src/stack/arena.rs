//! One stack's memory.

use super::record::RED_ZONE_SLOTS;
use crate::support::raw::RawBytes;

const SLOT: usize = size_of::<u64>();

/// A growable, movable run of slots, all zero at first.
#[derive(Debug)]
pub struct Arena {
    bytes: RawBytes,
}

impl Arena {
    /// An arena without a slot.
    pub fn empty() -> Arena {
        Arena {
            bytes: RawBytes::zeroed(0).expect("no bytes take no room"),
        }
    }

    /// The first slot.
    pub fn base(&self) -> *mut u64 {
        self.bytes.as_ptr().cast()
    }

    /// The number of slots before the red zone.
    pub fn slots(&self) -> usize {
        (self.bytes.len() / SLOT).saturating_sub(RED_ZONE_SLOTS)
    }

    /// The slot that no frame may reach beyond.
    pub fn limit(&self) -> *mut u64 {
        self.base().wrapping_add(self.slots())
    }

    /// Grows to `slots` slots; everything on it may move. False where there is no room.
    pub fn grow(&mut self, slots: usize) -> bool {
        slots
            .checked_add(RED_ZONE_SLOTS)
            .and_then(|slots| slots.checked_mul(SLOT))
            .is_some_and(|bytes| self.bytes.grow_zeroed(bytes))
    }
}
