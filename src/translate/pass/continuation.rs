//! Continuations: creating, binding, suspending, resuming.
//!
//! For its function, a cell that suspends or resumes is a call: the operand stack stays in slots, and
//! the results stand where the operands began. A resumption can return in several ways: at its end,
//! or at one of its clauses, each with values of its own, which are carried to the clause's label as
//! a branch carries them. If the label's first instruction puts the reference into a local, and
//! nothing else leads there, the clause itself writes the local.

use super::control::Pending;
use super::frame::far;
use super::function::Function;
use super::operand::Kind;
use super::operators::push_results;
use crate::code::cells::{ContBind, ContNew, Resume, Suspend};
use crate::code::{
    Awaits, Clause, Clauses, Handles, Length, ModuleTag, Offset, Op, Target, ThrownTag,
};
use crate::ids::TypeId;
use crate::module::{CompositeType, FuncType, HeapType, SubType, ValType, slot_count};
use alloc::sync::Arc;
use smallvec::SmallVec;
use wasmparser::{Handle, ResumeTable};

impl Function<'_> {
    /// Returns the type of the functions of continuations of a type.
    fn cont_type(&self, index: u32) -> Arc<FuncType> {
        let function = function_of(&self.module.types[index as usize].ty);
        self.module.engine.types.func(function)
    }

    fn tag_type(&self, tag: u32) -> Arc<FuncType> {
        self.module.engine.types.func(self.module.type_of_tag(tag))
    }

    /// `cont.new`.
    pub fn cont_new(&mut self) {
        self.service(1, Some(Kind::ContRef), |operands| ContNew { operands });
    }

    /// `cont.bind`.
    pub fn cont_bind(&mut self, from: u32, to: u32) {
        let bound = self.cont_type(from).param_slots() - self.cont_type(to).param_slots();
        let bound = bound as u32;
        let ty = function_of(&self.module.types[from as usize].ty);
        self.service(bound + 1, Some(Kind::ContRef), |operands| ContBind {
            operands,
            count: bound,
            ty,
        });
    }

    /// `suspend`.
    pub fn suspend(&mut self, tag: u32) {
        let id = self.module.type_of_tag(tag);
        let ty = self.module.engine.types.func(id);
        let count = ty.param_slots() as u32;
        // Two imports may be the same tag.
        let imported = self.module.imported_tags;
        let op = match count {
            _ if tag < imported && imported > 1 => Op::SuspendShared,
            0 => Op::Suspend,
            _ => Op::SuspendValues,
        };
        self.leave_stack(op, tag, count, 0, Awaits::Results(id));
        push_results(self, &ty.results);
    }

    /// `switch`.
    pub fn switch(&mut self, peer: u32, tag: u32) {
        let ty = self.cont_type(peer);
        let [arguments @ .., ValType::Ref(own)] = &*ty.params else {
            unreachable!("validation asks for a reference as the last parameter");
        };
        let HeapType::ConcreteCont(own) = own.heap else {
            unreachable!("validation asks for a continuation type");
        };
        let types = &self.module.engine.types;
        let own = function_of(&types.get(own));
        let count = slot_count(arguments) as u32;
        self.leave_stack(Op::Switch, tag, count, 1, Awaits::Params(own));
        let own = self.module.engine.types.func(own);
        push_results(self, &own.params);
    }

    /// Puts the operands of a cell that leaves the stack, and all that stays on the operand
    /// stack, into slots. Returns the slot of the first operand.
    fn switched_operands(&mut self, count: u32) -> i32 {
        let operands = self.operands_in_slots(count);
        self.values.free_accs();
        self.map_call();
        operands
    }

    /// Writes a cell that suspends with `values` slots of values, above which `more` slots of operands
    /// stand.
    fn leave_stack(&mut self, op: Op, tag: u32, values: u32, more: u32, awaits: Awaits) {
        self.charge();
        let operands = self.switched_operands(values + more);
        let cell = Suspend {
            operands: far(operands),
            tag: ModuleTag(tag),
            values,
            awaits,
        };
        self.values.assembler.emit_suspend(op, cell);
        self.map_return_address(self.values.assembler.here());
        // The accumulators are lost.
        self.values.join();
    }

    /// `resume`.
    pub fn resume(&mut self, cont: u32, table: &ResumeTable) {
        let arguments = self.cont_type(cont).param_slots() as u32;
        let op = match arguments {
            0 => Op::Resume,
            _ => Op::ResumeValues,
        };
        self.resume_with(op, cont, arguments, 0, table);
    }

    /// `resume_throw`.
    pub fn resume_throw(&mut self, cont: u32, tag: u32, table: &ResumeTable) {
        let payload = self.tag_type(tag).param_slots() as u32;
        self.resume_with(Op::ResumeThrow, cont, payload, tag, table);
    }

    /// `resume_throw_ref`.
    pub fn resume_throw_ref(&mut self, cont: u32, table: &ResumeTable) {
        self.resume_with(Op::ResumeThrowRef, cont, 1, 0, table);
    }

    fn resume_with(&mut self, op: Op, cont: u32, values: u32, tag: u32, table: &ResumeTable) {
        let reference = self.values.pop();
        let reference = far(self.values.slot(&reference));
        self.charge();
        let operands = self.switched_operands(values);
        let clauses: SmallVec<[Clause; 4]> = table.handlers.iter().map(clause).collect();
        let cell = Resume {
            operands: far(operands),
            count: Length(clauses.len() as u32 + 1),
            values,
            tag: ThrownTag(tag),
            reference,
            end: Target(0),
            clauses: Clauses,
        };
        let cell = self.values.assembler.emit_resume(op, cell, &clauses);
        // The stack is left behind the cell's first word.
        self.map_return_address(Offset(cell.0 + 1));
        let base = self.values.height();
        for (index, handle) in table.handlers.iter().enumerate() {
            if let Handle::OnLabel { tag, label } = *handle {
                let payload = self.tag_type(tag);
                push_results(self, &payload.params);
                let suspended = self.values.frame.temp(self.values.height());
                self.values.push_temp(Kind::ContRef);
                let clause = index as u32 + 1;
                self.values
                    .assembler
                    .set_clause_slot(cell, clause, far(suspended));
                self.land(Pending::Clause(cell, clause), label);
                self.values.drop_to(base);
            }
        }
        let behind = self.values.join();
        self.resolve(Pending::Clause(cell, 0), behind);
        let ty = self.cont_type(cont);
        push_results(self, &ty.results);
    }
}

/// The type of the functions that continuations of a type are of.
fn function_of(ty: &SubType) -> TypeId {
    let CompositeType::Cont(function) = ty.composite else {
        unreachable!("validation asks for a continuation type");
    };
    function
}

fn clause(handle: &Handle) -> Clause {
    match *handle {
        Handle::OnLabel { tag, .. } => Clause {
            tag,
            handles: Handles::Suspend,
        },
        Handle::OnSwitch { tag } => Clause {
            tag,
            handles: Handles::Switch,
        },
    }
}
