//! The slots of the frame of the function under translation.

use crate::code::{FarSlot, NearSlot};
use crate::stack::RECORD_SLOTS;

/// Slots of a large frame that every cell can reach.
const SCRATCH_SLOTS: i32 = 10;

/// The slots of a frame, counted from its record.
///
/// A cell's operands reach 4,095 slots. Where a frame is larger, some slots near the
/// record are set aside, and operands further away are copied through them.
#[derive(Clone, Copy, Debug)]
pub struct Frame {
    params: i32,
    locals: i32,
    large: bool,
}

impl Frame {
    /// Creates the frame of a function whose parameters and declared locals take these numbers
    /// of slots.
    pub fn new(params: u32, locals: u32, large: bool) -> Frame {
        Frame {
            params: params as i32,
            locals: locals as i32,
            large,
        }
    }

    /// Returns whether some slots are beyond the reach of near fields.
    pub fn is_large(&self) -> bool {
        self.large
    }

    /// Returns the number of slots of the parameters, which are below the record.
    pub fn params(&self) -> u32 {
        self.params as u32
    }

    /// Returns the slot of a local, by its first slot among those of all locals; parameters are
    /// the first locals.
    pub fn local(&self, index: u32) -> i32 {
        let index = index as i32;
        if index < self.params {
            index - self.params
        } else {
            self.first_local() + index - self.params
        }
    }

    /// Returns the slot of the first declared local.
    pub fn first_local(&self) -> i32 {
        RECORD_SLOTS as i32 + if self.large { SCRATCH_SLOTS } else { 0 }
    }

    /// Returns the slot of the operand at a height.
    pub fn temp(&self, height: u32) -> i32 {
        self.first_local() + self.locals + height as i32
    }

    /// Returns the first slot of the parameters, which is also that of the results.
    pub fn base(&self) -> i32 {
        -self.params
    }

    /// Returns the first of two scratch slots, in a large frame.
    pub fn scratch(&self, index: usize) -> i32 {
        debug_assert!(self.large && (index as i32) < SCRATCH_SLOTS / 2);
        (RECORD_SLOTS + 2 * index) as i32
    }
}

/// Returns a slot as a near field of a cell, if the field reaches it.
pub fn near(slot: i32) -> Option<NearSlot> {
    i16::try_from(i64::from(slot) * SLOT).ok().map(NearSlot)
}

/// Returns the slot that a near field names.
pub fn slot_of(NearSlot(field): NearSlot) -> i32 {
    i32::from(field) / SLOT as i32
}

/// Returns a slot as a far field of a cell.
pub fn far(slot: i32) -> FarSlot {
    FarSlot(slot * SLOT as i32)
}

/// The bytes of a slot.
const SLOT: i64 = size_of::<u64>() as i64;
