//! Calls.
//!
//! Arguments are put into the slots of their heights, on top of the operands; the callee's
//! record stands right behind them.

use super::frame::far;
use super::function::Function;
use super::operand::{Class, Kind, Place};
use super::operators::push_results;
use crate::code::Op;
use crate::module::FuncType;
use alloc::sync::Arc;

impl Function<'_> {
    fn type_at(&self, index: u32) -> (u32, Arc<FuncType>) {
        let ty = &self.module.types[index as usize];
        (ty.id.0, Arc::clone(ty.func()))
    }

    /// Puts the arguments of a call into place, and pops them. The distance of the callee's
    /// record from the caller's.
    fn stage(&mut self, ty: &FuncType) -> u32 {
        let count = ty.params.len() as u32;
        let arguments = self.operands_in_slots(count);
        self.values.free_accs();
        self.map_call();
        far(arguments + count.cast_signed())
    }

    /// Tells observers what remains on the operand stack while a call is under way: now
    /// that its arguments have been popped, and nothing is in an accumulator.
    pub fn map_call(&mut self) {
        if let Some(mapping) = &mut self.mapping {
            mapping.call(&self.values);
        }
    }

    /// Pushes the results of a call, which stand where the arguments did.
    fn unstage(&mut self, ty: &FuncType) {
        self.values.free_accs();
        push_results(self, &ty.results);
        if let [result] = *ty.results
            && Kind::from(result).class() == Class::Int
        {
            self.values.mirror_top();
        }
    }

    /// `call`.
    pub fn call(&mut self, function: u32) {
        let ty = Arc::clone(self.module.func_type(function));
        self.charge();
        let record = self.stage(&ty);
        let assembler = &mut self.values.assembler;
        if function < self.module.imported_functions {
            assembler
                .cell(Op::CallImport.opcode())
                .u32(8, record)
                .u32(12, function);
        } else {
            let cell = assembler.cell(Op::Call.opcode());
            cell.callee_code(function).u32(16, record).u32(20, function);
        }
        self.unstage(&ty);
    }

    /// Whether functions of other types may be of a type too: those of its subtypes.
    fn has_subtypes(&self, type_index: u32) -> bool {
        !self.module.types[type_index as usize].ty.is_final
    }

    /// Puts a reference to the function that an indirect call finds in the place of its
    /// index, where the type that it must have may have subtypes.
    fn indirect_callee(&mut self, type_index: u32, table: u32) {
        let (id, _) = self.type_at(type_index);
        self.charge();
        let slot = self.operands_in_slots(1);
        self.values
            .assembler
            .cell(Op::IndirectCallee.opcode())
            .u32(8, far(slot))
            .u32(12, table)
            .u32(16, id);
        self.values.wrote_slot(slot);
        self.values.push_temp(Kind::FuncRef);
    }

    /// `call_indirect`.
    pub fn call_indirect(&mut self, type_index: u32, table: u32) {
        if self.has_subtypes(type_index) {
            self.indirect_callee(type_index, table);
            return self.call_ref(type_index);
        }
        let (id, ty) = self.type_at(type_index);
        let index = self.values.pop();
        // The index stays where it is while the arguments are put into their slots: they
        // are below it.
        let slot = match self.values.place(&index) {
            Place::Acc => None,
            _ => Some(self.values.slot(&index)),
        };
        self.charge();
        let record = {
            let count = ty.params.len() as u32;
            let arguments = self.operands_in_slots(count);
            far(arguments + count.cast_signed())
        };
        let source = slot.map(|slot| self.values.source(slot, 1));
        self.values.free_accs();
        self.map_call();
        let op = if source.is_some() {
            Op::CallIndirectSlot
        } else {
            Op::CallIndirectAcc
        };
        let cell = self.values.assembler.cell(op.opcode());
        let cell = if let Some(source) = source {
            cell.field(1, source)
        } else {
            cell
        };
        cell.u32(12, table).u32(16, id).u32(20, record);
        self.unstage(&ty);
    }

    /// `call_ref`.
    pub fn call_ref(&mut self, type_index: u32) {
        let (_, ty) = self.type_at(type_index);
        let reference = self.values.pop();
        let slot = self.values.slot(&reference);
        self.charge();
        let record = self.stage(&ty);
        let source = self.values.source(slot, 1);
        self.values
            .assembler
            .cell(Op::CallRef.opcode())
            .field(1, source)
            .u32(12, record);
        self.unstage(&ty);
    }

    /// Puts the arguments of a tail call into slots. Where they stand, their number, and
    /// the number of the function's own parameters.
    fn stage_tail(&mut self, ty: &FuncType) -> (u32, u16, u16) {
        let count = ty.params.len() as u32;
        let arguments = self.operands_in_slots(count);
        self.charge();
        (
            far(arguments),
            count as u16,
            self.values.frame.params() as u16,
        )
    }

    /// `return_call`.
    pub fn return_call(&mut self, function: u32) {
        let ty = Arc::clone(self.module.func_type(function));
        let (arguments, count, own) = self.stage_tail(&ty);
        let assembler = &mut self.values.assembler;
        let cell = if function < self.module.imported_functions {
            assembler
                .cell(Op::ReturnCallImport.opcode())
                .u32(12, function)
        } else {
            let cell = assembler.cell(Op::ReturnCall.opcode());
            cell.callee_entry(function).u32(24, function)
        };
        cell.u32(16, arguments).u16(20, count).u16(22, own);
        self.set_unreachable();
    }

    /// `return_call_indirect`.
    pub fn return_call_indirect(&mut self, type_index: u32, table: u32) {
        if self.has_subtypes(type_index) {
            self.indirect_callee(type_index, table);
            return self.return_call_ref(type_index);
        }
        let (id, ty) = self.type_at(type_index);
        let index = self.values.pop();
        let slot = self.values.slot(&index);
        let (arguments, count, own) = self.stage_tail(&ty);
        let source = self.values.source(slot, 1);
        self.values
            .assembler
            .cell(Op::ReturnCallIndirect.opcode())
            .field(1, source)
            .u32(12, table)
            .u32(16, arguments)
            .u16(20, count)
            .u16(22, own)
            .u32(24, id);
        self.set_unreachable();
    }

    /// `return_call_ref`.
    pub fn return_call_ref(&mut self, type_index: u32) {
        let (_, ty) = self.type_at(type_index);
        let reference = self.values.pop();
        let slot = self.values.slot(&reference);
        let (arguments, count, own) = self.stage_tail(&ty);
        let source = self.values.source(slot, 1);
        self.values
            .assembler
            .cell(Op::ReturnCallRef.opcode())
            .field(1, source)
            .u32(16, arguments)
            .u16(20, count)
            .u16(22, own);
        self.set_unreachable();
    }
}
