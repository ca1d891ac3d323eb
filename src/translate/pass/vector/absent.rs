//! Vectors in a build without them: a module that has any is refused before it is translated.

use super::function::Function;
use super::operand::Operand;
use crate::code::{Assembler, ModuleGlobal, NearSlot, Offset};

/// The reason why the functions below are never called.
const REFUSED: &str = "a module with vectors is refused";

/// Writes a copy of a vector between slots.
pub fn copy(_: &mut Assembler, _: NearSlot, _: NearSlot) {
    unreachable!("{REFUSED}")
}

/// Writes a copy of a vector between slots, by way of the accumulator.
pub fn copy_through(_: &mut Assembler, _: NearSlot, _: NearSlot) {
    unreachable!("{REFUSED}")
}

/// Writes a copy of the accumulator to slots.
pub fn copy_acc(_: &mut Assembler, _: NearSlot) -> Offset {
    unreachable!("{REFUSED}")
}

/// The ops that carry out loads and stores of a lane, of which there are none.
#[allow(
    dead_code,
    reason = "used if another crate turns the reader's vectors on"
)]
pub enum LaneAccess {}

#[allow(
    dead_code,
    reason = "used if another crate turns the reader's vectors on"
)]
impl LaneAccess {
    /// Returns none, for every instruction.
    pub const fn of(_: &str) -> Option<LaneAccess> {
        None
    }

    /// Returns whether the instruction is a store.
    pub fn stores(&self) -> bool {
        match *self {}
    }

    /// Returns the number of bytes of the access.
    pub fn size(&self) -> u64 {
        match *self {}
    }
}

impl Function<'_> {
    /// `select` of vectors.
    pub fn select_vector(&mut self) {
        unreachable!("{REFUSED}")
    }

    /// `global.get` of a vector.
    pub fn global_get_vector(&mut self, _: ModuleGlobal) {
        unreachable!("{REFUSED}")
    }

    /// `global.set` of a vector.
    pub fn global_set_vector(&mut self, _: ModuleGlobal, _: &Operand) {
        unreachable!("{REFUSED}")
    }

    /// Returns a vector.
    pub fn return_vector(&mut self, _: &Operand, _: i32) {
        unreachable!("{REFUSED}")
    }
}
