//! Operands and addresses of cells under assembly.

use super::field::NearSlot;
use super::opcode::Op;
use super::scalar::Scalar;
use super::shape::{Address, Place};

/// An operand of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// In a slot.
    Slot(NearSlot),
    /// In the accumulator of its type.
    Acc,
    /// A constant, as the bits of a slot.
    Imm(u64),
}

impl Input {
    /// Returns the source of an operand of `op`.
    pub(super) fn place(self, op: Op) -> Place {
        match self {
            Input::Slot(_) => Place::Slot,
            Input::Acc => Place::Acc,
            Input::Imm(bits) if op.operand().fits_immediate(bits) => Place::Imm,
            Input::Imm(_) => Place::Wide,
        }
    }

    /// Returns the bits of the operand's field.
    pub(super) fn bits(self) -> u64 {
        match self {
            Input::Slot(NearSlot(slot)) => u64::from(slot.cast_unsigned()),
            Input::Acc => 0,
            Input::Imm(bits) => bits,
        }
    }

    /// Returns the operand of type `ty` whose source and field these are.
    pub(super) fn from_bits(ty: Scalar, place: Place, bits: u64) -> Input {
        match place {
            Place::Slot => Input::Slot(NearSlot(bits as i16)),
            Place::Acc => Input::Acc,
            Place::Imm => Input::Imm(ty.extend_immediate(bits)),
            Place::Wide => Input::Imm(bits),
        }
    }

    /// Returns the slot, of an operand in one.
    pub(super) fn slot(self) -> u64 {
        match self {
            Input::Slot(_) => self.bits(),
            Input::Acc | Input::Imm(_) => 0,
        }
    }

    /// Returns the immediate, of an operand that is one.
    pub(super) fn immediate(self) -> u64 {
        match self {
            Input::Imm(bits) => bits,
            Input::Acc | Input::Slot(_) => 0,
        }
    }
}

/// The address of an access to memory 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// A slot plus an offset.
    BasedSlot(NearSlot, u32),
    /// The accumulator plus an offset.
    BasedAcc(u32),
    /// A constant.
    Fixed(u32),
    /// The wrapping sum of two slots, plus an offset.
    IndexedSlot(NearSlot, NearSlot, u16),
    /// The wrapping sum of the accumulator and a slot, plus an offset.
    IndexedAcc(NearSlot, u16),
}

impl Access {
    pub(super) fn form(self) -> Address {
        match self {
            Access::BasedSlot(..) => Address::BasedSlot,
            Access::BasedAcc(_) => Address::BasedAcc,
            Access::Fixed(_) => Address::Fixed,
            Access::IndexedSlot(..) => Address::IndexedSlot,
            Access::IndexedAcc(..) => Address::IndexedAcc,
        }
    }

    /// Returns the bits of the fields `base`, `index` and `offset`.
    pub(super) fn bits(self) -> [u64; 3] {
        let (base, index, offset) = match self {
            Access::BasedSlot(base, offset) => (Some(base), None, offset),
            Access::BasedAcc(offset) | Access::Fixed(offset) => (None, None, offset),
            Access::IndexedSlot(base, index, offset) => (Some(base), Some(index), offset.into()),
            Access::IndexedAcc(index, offset) => (None, Some(index), offset.into()),
        };
        let slot = |slot: Option<NearSlot>| slot.map_or(0, |slot| Input::Slot(slot).bits());
        [slot(base), slot(index), u64::from(offset)]
    }
}
