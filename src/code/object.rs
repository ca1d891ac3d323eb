//! Assembly of accesses to structures and arrays.

use super::assembler::{Assembler, Offset};
use super::field::NearSlot;
use super::input::Input;
use super::opcode::Op;
use super::shape::*;

/// Returns the source of a value that is written to an object: immediates have 64 bits.
fn value_place(value: Input, op: Op) -> Place {
    match value {
        Input::Imm(_) => Place::Wide,
        other => other.place(op),
    }
}

/// Returns the source of an index.
fn index_place(index: Input) -> Place {
    match index {
        Input::Slot(_) => Place::Slot,
        Input::Acc => Place::Acc,
        Input::Imm(_) => Place::Imm,
    }
}

impl Assembler {
    /// Writes a read of a field at a byte of a structure; the result goes to the accumulator.
    pub fn emit_get_field(&mut self, op: Op, object: Input, offset: u32) -> Offset {
        let fields = GetFieldFields {
            result: 0,
            object: object.slot(),
            offset: offset.into(),
        };
        let (object, out) = (object.place(op), Out::Acc);
        self.emit_shape(op, Spec::GetField { object, out }, fields.to_bits())
    }

    /// Writes a write of a field at a byte of a structure.
    pub fn emit_set_field(&mut self, op: Op, object: Input, offset: u32, value: Input) -> Offset {
        let fields = SetFieldFields {
            object: object.slot(),
            value: value.slot(),
            offset: offset.into(),
            value_constant: value.immediate(),
        };
        let (object, value) = (object.place(op), value_place(value, op));
        self.emit_shape(op, Spec::SetField { object, value }, fields.to_bits())
    }

    /// Writes a read of an element of an array; the result goes to the accumulator.
    pub fn emit_get_element(&mut self, op: Op, array: Input, index: Input) -> Offset {
        let fields = GetElementFields {
            result: 0,
            array: array.slot(),
            index: index.bits(),
        };
        let (array, index, out) = (array.place(op), index_place(index), Out::Acc);
        self.emit_shape(op, Spec::GetElement { array, index, out }, fields.to_bits())
    }

    /// Writes a write of an element of an array.
    pub fn emit_set_element(
        &mut self,
        op: Op,
        array: NearSlot,
        index: Input,
        value: Input,
    ) -> Offset {
        let fields = SetElementFields {
            array: Input::Slot(array).bits(),
            value: value.slot(),
            index: index.bits(),
            value_constant: value.immediate(),
        };
        let (index, value) = (index_place(index), value_place(value, op));
        self.emit_shape(op, Spec::SetElement { index, value }, fields.to_bits())
    }
}
