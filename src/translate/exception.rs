//! Exceptions: throwing and catching.
//!
//! # State at a handler
//!
//! A clause continues at a label, as a branch does: the operands below the label are in the slots of
//! their heights or constants, and the payload is on top of them. The operands hold throughout the
//! block: they were put into slots when the block began, and the block does not change them. Locals
//! are always in their own slots. So a call within the block moves no value for the handler.

use super::control::{BlockKind, Pending};
use super::frame::far;
use super::function::Function;
use crate::code::cells::{Row, Throw, ThrowRef};
use crate::code::{Catch, FarSlot, ModuleTag, Offset};
use wasmparser::TryTable;

impl Function<'_> {
    /// `try_table`.
    pub fn try_table(&mut self, table: TryTable) {
        self.values.settle_all();
        self.catches.open(self.values.assembler.here());
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
                with_ref,
                target: Offset(0),
                slot: self.values.frame.temp(self.control[depth].base()),
            });
            if depth == 0 {
                self.caught_at_end.push(clause);
            } else {
                self.aim(depth, Pending::Catch(clause));
            }
        }
        self.open(BlockKind::TryTable, table.ty);
    }

    /// Writes the code, behind all other, at which clauses continue whose label is the function's end:
    /// it returns the payload.
    pub fn return_caught(&mut self) {
        if self.caught_at_end.is_empty() {
            return;
        }
        let results = &self.ty.results;
        self.values.drop_to(0);
        for &ty in results {
            self.values.push_temp(ty.into());
        }
        let here = self.values.join();
        for clause in core::mem::take(&mut self.caught_at_end) {
            self.catches.set_target(clause, here);
        }
        self.return_values();
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
