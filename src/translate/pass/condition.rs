//! Conditions: comparisons that a branch or a selection is fused with.
//!
//! These are the rules that look back at the last cells: a comparison becomes a part of the
//! branch or selection behind it, so does an `and` whose result is compared with zero, and so
//! does an addition whose sum is compared.

use super::function::Function;
use super::operand::{Class, Kind, Place};
use super::operators::opposite;
use crate::code::shape::{Out, Place as From, Spec, When};
use crate::code::{Family, Input, NearSlot, Offset, Op, Operation};

/// A comparison with its operands, and the outcome that is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Condition {
    op: Op,
    operands: [Input; 2],
    /// Whether the comparison must hold for the condition to be true.
    holds: bool,
}

impl Condition {
    /// A comparison that was taken back.
    fn of(operation: Operation) -> Condition {
        Condition {
            op: operation.op,
            operands: operation.operands,
            holds: true,
        }
    }

    /// Returns whether the accumulator is compared with zero.
    fn is_of_zero(&self) -> bool {
        matches!(self.op, Op::I32Eq | Op::I32Ne) && self.operands == [Input::Acc, Input::Imm(0)]
    }
}

impl Function<'_> {
    /// Pops a condition, and takes back the cells that compute it, if they are the last ones.
    /// No cell depends on the condition, so others may come before the one that uses it.
    pub fn condition(&mut self) -> Condition {
        if self.last_comparison().is_none() {
            return self.value_condition();
        }
        self.values.pop();
        let condition = Condition::of(self.values.assembler.take_back().operation());
        if !condition.is_of_zero() || cfg!(feature = "small") {
            return condition;
        }
        // The accumulator is compared with zero: what the cell before has put there can be
        // tested itself.
        let holds = condition.op == Op::I32Ne;
        let Some(last) = self.values.assembler.last() else {
            return condition;
        };
        if self.values.assembler.opcode_at(last).is_comparison_in_acc() {
            let inner = Condition::of(self.values.assembler.take_back().operation());
            return Condition {
                holds: inner.holds == holds,
                ..inner
            };
        }
        let test = if holds {
            Op::I32TestAny
        } else {
            Op::I32TestNone
        };
        self.tested(test).unwrap_or(condition)
    }

    /// Pops a condition that is a value: it is compared with zero.
    fn value_condition(&mut self) -> Condition {
        let operand = self.values.pop();
        let place = match self.values.place(&operand) {
            Place::Immediate(_) => Place::Slot(self.values.slot(&operand)),
            place => place,
        };
        if place == Place::Acc
            && operand.is_made_by(self.values.assembler.last())
            && let Some(condition) = self.tested(Op::I32TestAny)
        {
            return condition;
        }
        Condition {
            op: Op::I32Ne,
            operands: [self.input(place, 1), Input::Imm(0)],
            holds: true,
        }
    }

    /// Takes back the last cell, if it is an `and` whose result is in the accumulator alone,
    /// and returns the condition `test` on its operands.
    fn tested(&mut self, test: Op) -> Option<Condition> {
        let opcode = self
            .values
            .assembler
            .opcode_at(self.values.assembler.last()?);
        let in_acc = matches!(opcode.spec(), Spec::Binary { out: Out::Acc, .. });
        if cfg!(feature = "small") || opcode.op() != Op::I32And || !in_acc {
            return None;
        }
        let operation = self.values.assembler.take_back().operation();
        Some(Condition {
            op: test,
            ..Condition::of(operation)
        })
    }

    /// Branches where `condition` is true, or where it is false. The target is to be set.
    pub fn branch_on(&mut self, condition: Condition, is_true: bool) -> Offset {
        let Condition { op, operands, .. } = condition;
        let (op, when) = match (is_true == condition.holds, opposite(op)) {
            (true, _) => (op, When::Holds),
            (false, Some(opposite)) => (opposite, When::Holds),
            (false, None) => (op, When::Fails),
        };
        if let Some(branch) = self.count_and_branch(op, operands) {
            return branch;
        }
        self.values.assembler.emit_branch(op, when, operands)
    }

    /// If the last cell has added an immediate to a slot and put the sum into a slot, and `op`
    /// compares the sum, replaces it by one cell that does all of it.
    fn count_and_branch(&mut self, op: Op, operands: [Input; 2]) -> Option<Offset> {
        if cfg!(feature = "small") || op.family() != Family::Compare {
            return None;
        }
        let add = if op.operand().size() == 8 {
            Op::I64Add
        } else {
            Op::I32Add
        };
        let last = self
            .values
            .assembler
            .opcode_at(self.values.assembler.last()?);
        let sums = last.op() == add
            && last.spec()
                == Spec::Binary {
                    a: From::Slot,
                    b: From::Imm,
                    out: Out::AccAndSlot,
                };
        let [Input::Acc, bound] = operands else {
            return None;
        };
        if !sums {
            return None;
        }
        let sum = self.values.assembler.take_back().operation();
        let [Input::Slot(a), Input::Imm(step)] = sum.operands else {
            unreachable!("the shape of the cell says so");
        };
        let assembler = &mut self.values.assembler;
        Some(assembler.emit_count(op, sum.result, a, step as u32, bound))
    }

    /// Writes the slot `first` to the slot `result` where `condition` is true, else the slot
    /// `second`.
    fn select_on(
        &mut self,
        condition: Condition,
        result: NearSlot,
        [first, second]: [NearSlot; 2],
    ) -> Offset {
        let Condition {
            op,
            operands,
            holds,
        } = condition;
        let selected = if holds {
            [first, second]
        } else {
            [second, first]
        };
        let assembler = &mut self.values.assembler;
        assembler.emit_select(op, result, selected, operands)
    }

    /// `select`.
    pub fn select(&mut self) {
        if self.values.below_top() == Some(Kind::V128) {
            return self.select_vector();
        }
        let condition = self.condition();
        let second = self.values.pop();
        let first = self.values.pop();
        let kind = first.kind;
        let (first, second) = (self.values.slot(&first), self.values.slot(&second));
        let selected = [self.values.source(first, 3), self.values.source(second, 4)];
        let slot = self.values.frame.temp(self.values.height());
        let result = self.values.destination(slot);
        self.values.free_acc(Class::Int);
        let cell = self.select_on(condition, result, selected);
        self.values.push_made(kind, cell);
        self.values.put(kind.class(), slot);
        if kind.class() == Class::Int {
            self.values.mirror_top();
        }
    }
}
