//! Calls.
//!
//! Arguments are put into the slots of their heights, on top of the operands; the callee's
//! record stands right behind them.

use super::frame::far;
use super::function::Function;
use super::operand::{Class, Kind, Place};
use super::operators::push_results;
use super::places::Variable;
use crate::code::cells::{
    Call, CallImport, CallIndirectAcc, CallIndirectSlot, CallRef, IndirectCallee, ReturnCall,
    ReturnCallImport, ReturnCallIndirect, ReturnCallRef,
};
use crate::code::{CalleeCode, CalleeEntry, FarSlot, ModuleFunc, ModuleTable};
use crate::ids::TypeId;
use crate::module::FuncType;
use alloc::sync::Arc;

impl Function<'_> {
    fn type_at(&self, index: u32) -> (TypeId, Arc<FuncType>) {
        let ty = &self.module.types[index as usize];
        (ty.id, Arc::clone(ty.func()))
    }

    /// Puts the arguments of a call into their slots, and pops them. Returns the slot of the
    /// callee's record. `callee` is the operand that names the callee, which was popped.
    fn stage(&mut self, ty: &FuncType, callee: Option<Variable>) -> FarSlot {
        let count = ty.param_slots() as u32;
        let arguments = self.suspendable_operands(count, callee);
        self.map_call();
        self.map_continues();
        far(arguments + count.cast_signed())
    }

    /// Records the operands that stay on the stack during a call. The arguments have been
    /// popped, and nothing is in an accumulator.
    pub fn map_call(&mut self) {
        if let Some(mapping) = &mut self.mapping {
            mapping.call(&self.values);
        }
    }

    /// Pushes the results of a call, which stand where the arguments did.
    fn unstage(&mut self, ty: &FuncType) {
        self.map_return_address(self.values.assembler.here());
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
        let record = self.stage(&ty, None);
        let assembler = &mut self.values.assembler;
        if function < self.module.imported_functions {
            let function = ModuleFunc(function);
            assembler.emit(CallImport { record, function });
        } else {
            assembler.emit(Call {
                callee: CalleeCode(function),
                record,
                function: ModuleFunc(function),
            });
        }
        self.unstage(&ty);
    }

    /// Returns whether a type may have subtypes, whose functions are of the type too.
    fn has_subtypes(&self, type_index: u32) -> bool {
        !self.module.types[type_index as usize].ty.is_final
    }

    /// Replaces the index of an indirect call, whose type may have subtypes, by a reference to
    /// the function.
    fn indirect_callee(&mut self, type_index: u32, table: u32) {
        let (ty, _) = self.type_at(type_index);
        self.charge();
        let slot = self.operands_in_slots(1);
        self.values.assembler.emit(IndirectCallee {
            index: far(slot),
            table: ModuleTable(table),
            ty,
        });
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
        // are below it. If the program can be suspended at the call, accumulators are lost.
        let slot = match self.values.place(&index) {
            Place::Acc if !self.tunables.polls() => None,
            _ => Some(self.values.slot(&index)),
        };
        self.charge();
        let callee = slot.map(|slot| Variable::in_slot(index.kind, slot));
        let record = self.stage(&ty, callee);
        let source = slot.map(|slot| self.values.source(slot, 1));
        let table = ModuleTable(table);
        match source {
            Some(index) => self.values.assembler.emit(CallIndirectSlot {
                index,
                table,
                ty: id,
                record,
            }),
            None => self.values.assembler.emit(CallIndirectAcc {
                table,
                ty: id,
                record,
            }),
        };
        self.unstage(&ty);
    }

    /// `call_ref`.
    pub fn call_ref(&mut self, type_index: u32) {
        let (_, ty) = self.type_at(type_index);
        let reference = self.values.pop();
        let slot = self.values.slot(&reference);
        self.charge();
        let record = self.stage(&ty, Some(Variable::in_slot(reference.kind, slot)));
        let reference = self.values.source(slot, 1);
        self.values.assembler.emit(CallRef { reference, record });
        self.unstage(&ty);
    }

    /// Puts the arguments of a tail call into their slots. Returns the slot of the first, their
    /// number, and the number of the running function's parameters. `callee` is the operand that
    /// names the callee, which was popped.
    fn stage_tail(&mut self, ty: &FuncType, callee: Option<Variable>) -> (FarSlot, u16, u16) {
        let count = ty.param_slots() as u32;
        let first = self.values.height() - count;
        self.values.settle_from(first);
        self.charge_at_end(callee);
        self.values.drop_to(first);
        (
            far(self.values.frame.temp(first)),
            count as u16,
            self.values.frame.params() as u16,
        )
    }

    /// `return_call`.
    pub fn return_call(&mut self, function: u32) {
        let ty = Arc::clone(self.module.func_type(function));
        let (arguments, count, own) = self.stage_tail(&ty, None);
        let assembler = &mut self.values.assembler;
        if function < self.module.imported_functions {
            assembler.emit(ReturnCallImport {
                function: ModuleFunc(function),
                arguments,
                count,
                own,
            });
        } else {
            assembler.emit(ReturnCall {
                callee: CalleeEntry(function),
                arguments,
                count,
                own,
                function: ModuleFunc(function),
            });
        }
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
        let callee = Variable::in_slot(index.kind, slot);
        let (arguments, count, own) = self.stage_tail(&ty, Some(callee));
        let index = self.values.source(slot, 1);
        self.values.assembler.emit(ReturnCallIndirect {
            index,
            table: ModuleTable(table),
            arguments,
            count,
            own,
            ty: id,
        });
        self.set_unreachable();
    }

    /// `return_call_ref`.
    pub fn return_call_ref(&mut self, type_index: u32) {
        let (_, ty) = self.type_at(type_index);
        let reference = self.values.pop();
        let slot = self.values.slot(&reference);
        let callee = Variable::in_slot(reference.kind, slot);
        let (arguments, count, own) = self.stage_tail(&ty, Some(callee));
        let reference = self.values.source(slot, 1);
        self.values.assembler.emit(ReturnCallRef {
            reference,
            arguments,
            count,
            own,
        });
        self.set_unreachable();
    }
}
