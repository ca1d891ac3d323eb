//! Arithmetic, comparisons and conversions.

use super::frame::far;
use super::function::Function;
use super::operand::{Class, Kind, Operand, Place};
use super::operators::{exchanged, opposite};
use crate::code::{Input, Offset, Op};

impl Function<'_> {
    /// Returns the place of an operand of `op`; a constant that cannot be an immediate is put
    /// into a slot.
    fn fit(&mut self, op: Op, operand: &Operand) -> Place {
        match self.values.place(operand) {
            Place::Immediate(bits) if !op.takes_immediate(bits) => {
                Place::Slot(self.values.slot(operand))
            }
            place => place,
        }
    }

    /// Returns operands of a cell, which are of a class, each through a scratch slot if no field reaches its slot.
    pub fn inputs(&mut self, class: Class, places: [Place; 2]) -> [Input; 2] {
        let [a, b] = places;
        [self.input_of(class, a, 1), self.input_of(class, b, 2)]
    }

    /// Returns an operand of a cell, through scratch slot `scratch` if no field reaches its
    /// slot.
    pub fn input(&mut self, place: Place, scratch: usize) -> Input {
        self.input_of(Class::Int, place, scratch)
    }

    /// As [`Function::input`], of a value of a class, which may take several slots.
    pub fn input_of(&mut self, class: Class, place: Place, scratch: usize) -> Input {
        match place {
            Place::Slot(slot) => Input::Slot(self.values.source_of(class, slot, scratch)),
            Place::Acc => Input::Acc,
            Place::Immediate(bits) => Input::Imm(bits),
        }
    }

    /// An op on two operands.
    pub fn binary(&mut self, op: Op, result: Kind) {
        let b = self.values.pop();
        let a = self.values.pop();
        let (mut op, mut places) = (op, [self.fit(op, &a), self.fit(op, &b)]);
        match places {
            [Place::Acc, Place::Acc] => places[1] = Place::Slot(self.values.slot(&b)),
            [Place::Immediate(_), Place::Immediate(_)] => {
                places[0] = Place::Slot(self.values.slot(&a));
            }
            _ => {}
        }
        if let [Place::Slot(_) | Place::Immediate(_), Place::Acc]
        | [Place::Immediate(_), Place::Slot(_)] = places
            && let Some(exchanged) = exchanged(op)
        {
            op = exchanged;
            places.swap(0, 1);
        }
        let inputs = self.inputs(a.kind.class(), places);
        self.values.free_acc(result.class());
        let cell = if op.family().compares() {
            self.values.assembler.emit_comparison(op, inputs)
        } else {
            self.values.assembler.emit_binary(op, inputs)
        };
        self.values.push_acc(result, cell);
    }

    /// An op on one operand.
    pub fn unary(&mut self, op: Op, result: Kind) {
        let a = self.values.pop();
        let place = match self.values.place(&a) {
            Place::Immediate(_) => Place::Slot(self.values.slot(&a)),
            place => place,
        };
        let input = self.input_of(a.kind.class(), place, 1);
        self.values.free_acc(result.class());
        let cell = self.values.assembler.emit_unary(op, input);
        self.values.push_acc(result, cell);
    }

    /// `i64.extend_i32_u`: a slot or accumulator with a 32-bit value has zeros above it
    /// already.
    pub fn extend_unsigned(&mut self) {
        let operand = self.values.pop();
        self.values.push_as(&operand, Kind::I64);
    }

    /// `ref.is_null`: the bits of a null reference are zero.
    pub fn ref_is_null(&mut self) {
        let reference = self.values.pop();
        self.values.push_as(&reference, Kind::I32);
        self.equals_zero(Op::I32Eq, Kind::I32);
    }

    /// Compares with zero. If the last cell is a comparison whose result is the operand, it
    /// becomes its opposite.
    pub fn equals_zero(&mut self, op: Op, kind: Kind) {
        if let Some(cell) = self.last_comparison()
            && let Some(opposite) = opposite(self.values.assembler.opcode_at(cell).op())
        {
            self.values.assembler.set_op(cell, opposite);
            return;
        }
        self.values.push_const(kind, 0);
        self.binary(op, Kind::I32);
    }

    /// Returns the last cell, if it is a comparison whose result is the topmost operand and is
    /// in no slot.
    pub fn last_comparison(&self) -> Option<Offset> {
        let cell = self.values.top_in_acc()?;
        let is_last = self.values.assembler.last() == Some(cell);
        let opcode = self.values.assembler.opcode_at(cell);
        (is_last && opcode.is_comparison_in_acc()).then_some(cell)
    }

    /// `i64.add128` and the like: operands and results have the same slots.
    pub fn wide(&mut self, op: Op, operands: u32) {
        let slot = self.operands_in_slots(operands);
        self.values.assembler.emit_wide(op, far(slot));
        for index in 0..2 {
            self.values.push_temp(Kind::I64);
            self.values.wrote_slot(slot + index);
        }
    }
}
