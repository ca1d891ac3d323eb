//! Exceptions: throwing and catching, with `try_table` and with the legacy `try`.
//!
//! # State at a handler
//!
//! A clause continues at a label, as a branch does: the operands below the label are in the slots of
//! their heights or constants, and the payload is on top of them. The operands hold throughout the
//! block: they were put into slots when the block began, and the block does not change them. Locals
//! are always in their own slots. So a call within the block moves no value for the handler.
//!
//! # Legacy exceptions
//!
//! A `try` is a block of the same table. Only its first part is protected; each clause continues at
//! the beginning of a catch part. `rethrow` needs the exception of a catch part that it may be deep
//! in, so each part has a slot for a reference to it, below its operands. The slot is hidden: it is
//! a root for the collector, but no operand, so that observers see the stack that the module has. A
//! part without a `rethrow` has null there, and its exception is freed when it is caught.
//!
//! `delegate` only changes the table: the block's next outer block is then the one that protects the
//! label, rather than the one around it.

use super::control::{BlockKind, Pending};
use super::frame::far;
use super::function::{Function, Way};
use crate::code::cells::{Branch, Row, Throw, ThrowRef};
use crate::code::{BlockForm, BlockNumber, Catch, FarSlot, ModuleTag, Offset, Passed, Target};
use alloc::vec::Vec;
use smallvec::SmallVec;
use wasmparser::{BlockType, TryTable};

/// A legacy `try` around the current instruction.
#[derive(Debug)]
pub struct LegacyTry {
    /// Its number in the table.
    block: BlockNumber,
    /// The clauses of the catch parts that have begun.
    clauses: Vec<Catch>,
}

impl Function<'_> {
    /// `try_table`.
    pub fn try_table(&mut self, table: TryTable) {
        self.values.settle_all();
        let refunds = self.refund_at_labels(&table);
        self.catches
            .open(self.values.assembler.here(), BlockForm::TryTable);
        for catch in table.catches {
            let (tag, with_ref, label) = match catch {
                wasmparser::Catch::One { tag, label } => (Some(tag), false, label),
                wasmparser::Catch::OneRef { tag, label } => (Some(tag), true, label),
                wasmparser::Catch::All { label } => (None, false, label),
                wasmparser::Catch::AllRef { label } => (None, true, label),
            };
            let depth = self.control.len() - 1 - label as usize;
            let clause = self.catches.push(Catch {
                tag,
                reference: match with_ref {
                    true => Passed::Behind,
                    false => Passed::Nothing,
                },
                target: Offset(0),
                slot: self.values.frame.temp(self.control[depth].base()),
            });
            let clause = Pending::Catch(clause);
            match refunds.iter().find(|&&(refunded, _)| refunded == depth) {
                Some(&(_, code)) => self.resolve(clause, code),
                None => self.aim(depth, clause),
            }
        }
        self.open(BlockKind::TryTable, table.ty);
    }

    /// Writes code for the clauses of a `try_table` whose labels expect a cost that is not charged yet:
    /// where a clause continues, all code has been charged. Returns the depths of these labels, and the
    /// code.
    fn refund_at_labels(&mut self, table: &TryTable) -> SmallVec<[(usize, Offset); 1]> {
        let mut refunds = SmallVec::new();
        let (cost, innermost) = (self.cost, self.control.len() - 1);
        self.cost = 0;
        let labels = table.catches.iter().map(|catch| match *catch {
            wasmparser::Catch::One { label, .. }
            | wasmparser::Catch::OneRef { label, .. }
            | wasmparser::Catch::All { label }
            | wasmparser::Catch::AllRef { label } => innermost - label as usize,
        });
        for depth in labels {
            if self.is_due(depth) || refunds.iter().any(|&(refunded, _)| refunded == depth) {
                continue;
            }
            let around = self.values.assembler.emit(Branch { target: Target(0) });
            refunds.push((depth, self.values.join()));
            self.charge_for(depth);
            let branch = Way {
                branch: self.values.assembler.emit(Branch { target: Target(0) }),
                copy: None,
            };
            self.aim(depth, Pending::Plain(branch));
            let here = self.values.join();
            self.values.assembler.set_target(around, here);
            self.cost = 0;
        }
        self.cost = cost;
        refunds
    }

    /// Legacy `try`.
    pub fn try_(&mut self, ty: BlockType) {
        self.values.settle_all();
        self.catches
            .open(self.values.assembler.here(), BlockForm::Try);
        self.tries.push(LegacyTry {
            block: self.catches.innermost(),
            clauses: Vec::new(),
        });
        self.open(BlockKind::Try, ty);
    }

    /// Legacy `catch`, or `catch_all` if there is no tag.
    pub fn catch(&mut self, tag: Option<u32>) {
        let module = self.module;
        let payload = tag.map_or(&[][..], |tag| &module.tag_type(tag).params);
        let number = self.tries.len() - 1;
        let (target, slot) = self.begin_catch(number as u32, payload);
        self.tries[number].clauses.push(Catch {
            tag,
            reference: Passed::Before { rethrown: false },
            target,
            slot,
        });
    }

    /// Ends the innermost legacy `try`.
    pub fn end_try(&mut self) {
        if let Some(ended) = self.tries.pop() {
            self.catches.set_clauses(ended.block, &ended.clauses);
        }
    }

    /// Legacy `delegate`, which ends a `try` without catch parts.
    pub fn delegate(&mut self, relative: u32) {
        self.tries.pop();
        // Labels are counted from the block around the `try`.
        let depth = self.control.len() - 2 - relative as usize;
        self.end_delegating(self.control[depth].handler());
    }

    /// Legacy `rethrow`.
    pub fn rethrow(&mut self, relative: u32) {
        let depth = self.control.len() - 1 - relative as usize;
        let control = &self.control[depth];
        let BlockKind::Catch(number) = control.kind() else {
            unreachable!("validation checks that the label is that of a catch part");
        };
        if let Some(clause) = self.tries[number as usize].clauses.last_mut() {
            clause.reference = Passed::Before { rethrown: true };
        }
        let operands = far(self.values.frame.temp(control.base()));
        self.charge();
        self.values.assembler.emit(ThrowRef { operands });
        self.set_unreachable();
    }

    /// `throw`.
    pub fn throw(&mut self, tag: u32) {
        let slots = self.module.tag_type(tag).param_slots() as u32;
        self.throw_operands(slots, |operands| Throw {
            operands,
            tag: ModuleTag(tag),
        });
    }

    /// `throw_ref`.
    pub fn throw_ref(&mut self) {
        self.throw_operands(1, |operands| ThrowRef { operands });
    }

    /// Writes a cell that throws the topmost `count` operands.
    fn throw_operands<C: Row>(&mut self, count: u32, cell: impl FnOnce(FarSlot) -> C) {
        let slot = self.operands_in_slots(count);
        self.charge();
        self.values.assembler.emit(cell(far(slot)));
        self.set_unreachable();
    }
}
