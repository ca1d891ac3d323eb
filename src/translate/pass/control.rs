//! Blocks, branches, returns, and joins.
//!
//! At a join, which can be reached in several ways, each operand is in the slot of its height, or is
//! a constant that is the same on all ways, and nothing is in accumulators. So the ways do not
//! depend on each other.

use super::frame::far;
use super::fuel::Due;
use super::function::{Delivered, Function, Way};
use super::operand::{Class, Kind, Operand, Place};
use crate::code::cells::{
    Branch, BranchTableAcc, BranchTableSlot, Return, ReturnAcc, ReturnAccF32, ReturnAccF64,
    ReturnConst32, ReturnMany, ReturnSlot, Unreachable,
};
use crate::code::shape::When;
use crate::code::{BlockNumber, Input, Length, Offset, Op, Target, Targets};
use crate::module::{FuncType, ValType};
use alloc::collections::BTreeMap;
use alloc::rc::Rc;
use alloc::vec::Vec;
use core::ops::Deref;
use smallvec::SmallVec;
use wasmparser::{BlockType, BrTable};

/// The kind of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockKind {
    /// The function's body.
    Function,
    /// `block`.
    Block,
    /// `loop`, with the place of its header.
    Loop(Offset),
    /// `try_table`.
    TryTable,
    /// The protected part of a legacy `try`.
    Try,
    /// A catch part of a legacy `try`, with the number of the `try` among those around the current
    /// instruction. The reference to the exception is in a hidden slot below the part's operands.
    Catch(u32),
    /// `if`, with the branch that skips its first arm, while that arm is translated.
    If(Option<Offset>),
}

/// A branch whose target is not known yet.
#[derive(Clone, Copy, Debug)]
pub enum Pending {
    /// A plain branch.
    Plain(Way),
    /// A branch with a condition.
    Conditional(Offset),
    /// A branch with a condition that makes the detour of this number.
    Detour(usize),
    /// An entry of a branch table.
    Table(Offset, u32),
    /// A clause of a cell that resumes, or, 0, its return.
    Clause(Offset, u32),
    /// A clause of a `try_table`.
    Catch(u32),
}

/// The most slots of values that a branch to another height moves one by one; it moves more in one
/// cell. (A branch of two bytes can carry a thousand values.)
const MOVED_ONE_BY_ONE: u32 = 16;

/// The kinds of a block's parameters or results, and the slots that they take. Where they are
/// many, blocks of the same type share them: there can be millions of blocks with a thousand
/// results each.
#[derive(Clone, Debug)]
pub struct Kinds {
    list: KindList,
    slots: u32,
}

#[derive(Clone, Debug)]
enum KindList {
    Few(SmallVec<[Kind; 2]>),
    Many(Rc<[Kind]>),
}

impl Kinds {
    fn none() -> Kinds {
        Kinds {
            list: KindList::Few(SmallVec::new()),
            slots: 0,
        }
    }

    fn one(kind: Kind) -> Kinds {
        Kinds {
            list: KindList::Few(SmallVec::from_slice(&[kind])),
            slots: kind.slots(),
        }
    }

    fn of(types: &[ValType]) -> Kinds {
        let kinds = types.iter().map(|&ty| Kind::from(ty));
        Kinds {
            slots: kinds.clone().map(Kind::slots).sum(),
            list: if types.len() <= 2 {
                KindList::Few(kinds.collect())
            } else {
                KindList::Many(kinds.collect())
            },
        }
    }
}

impl Deref for Kinds {
    type Target = [Kind];

    fn deref(&self) -> &[Kind] {
        match &self.list {
            KindList::Few(kinds) => kinds,
            KindList::Many(kinds) => kinds,
        }
    }
}

/// A block around the current instruction.
#[derive(Debug)]
pub struct Control {
    kind: BlockKind,
    /// The height of the operand stack below the block's parameters.
    base: u32,
    params: Kinds,
    results: Kinds,
    pending: SmallVec<[Pending; 2]>,
    /// The uncharged cost at the label.
    due: Due,
    /// The innermost block whose clauses apply at the label: an exception that is delegated to the
    /// label goes there.
    handler: BlockNumber,
}

impl Control {
    /// Creates the block of a function's body.
    pub fn function(ty: &FuncType) -> Control {
        Control {
            kind: BlockKind::Function,
            base: 0,
            params: Kinds::none(),
            results: Kinds::of(&ty.results),
            pending: SmallVec::new(),
            due: Due::Open,
            handler: BlockNumber::NONE,
        }
    }

    /// Returns the kind.
    pub fn kind(&self) -> BlockKind {
        self.kind
    }

    /// Returns the innermost block whose clauses apply at the label.
    pub fn handler(&self) -> BlockNumber {
        self.handler
    }

    /// Returns the uncharged cost at the label.
    pub fn due(&mut self) -> &mut Due {
        &mut self.due
    }

    /// Returns the number of hidden slots between the base and the operands of the block.
    fn hidden(&self) -> u32 {
        u32::from(matches!(self.kind, BlockKind::Catch(_)))
    }

    /// Returns the height of the operand stack below the values that a branch to the block carries.
    pub fn base(&self) -> u32 {
        self.base
    }

    /// Returns the kinds of the values that a branch to the block carries.
    fn label(&self) -> &Kinds {
        if matches!(self.kind, BlockKind::Loop(_)) {
            &self.params
        } else {
            &self.results
        }
    }
}

impl Function<'_> {
    fn block_types(&mut self, ty: BlockType) -> (Kinds, Kinds) {
        match ty {
            BlockType::Empty => (Kinds::none(), Kinds::none()),
            BlockType::Type(ty) => (Kinds::none(), Kinds::one(Kind::named(self.module, ty))),
            BlockType::FuncType(index) => {
                let ty = &self.module.types[index as usize].func();
                let kinds = || (Kinds::of(&ty.params), Kinds::of(&ty.results));
                self.block_types.entry(index).or_insert_with(kinds).clone()
            }
        }
    }

    /// Begins a block.
    pub fn open(&mut self, kind: BlockKind, ty: BlockType) {
        let (params, results) = self.block_types(ty);
        let base = self.values.height() - params.slots;
        self.control.push(Control {
            kind,
            base,
            params,
            results,
            pending: SmallVec::new(),
            due: Due::Open,
            handler: self.catches.innermost(),
        });
    }

    /// `block`.
    pub fn block(&mut self, ty: BlockType) {
        self.values.settle_all();
        self.open(BlockKind::Block, ty);
    }

    /// `loop`.
    pub fn loop_(&mut self, ty: BlockType) {
        let params = self.block_types(ty).0.slots;
        self.delivered = None;
        // What the loop may change must not be assumed from before it.
        self.values.settle_from(self.values.height() - params);
        self.values.settle_all();
        self.probe_loop();
        let due = self.charge_at_loop();
        let header = self.values.join();
        self.open(BlockKind::Loop(header), ty);
        self.poll_at_header(due);
    }

    /// `if`.
    pub fn if_(&mut self, ty: BlockType) {
        let condition = self.condition();
        let params = self.block_types(ty).0.slots;
        // The second arm begins with the same parameters.
        self.values.settle_from(self.values.height() - params);
        self.values.settle_all();
        let skip = self.branch_on(condition, false);
        self.open(BlockKind::If(Some(skip)), ty);
        // Where there is no `else`, the branch leads to the end.
        self.due_at(self.control.len() - 1);
    }

    /// `else`.
    pub fn else_(&mut self) {
        let depth = self.control.len() - 1;
        let skipped = self.due_at(depth);
        if self.control[depth].pending.is_empty() {
            self.control[depth].due = Due::Open;
        }
        self.leave_part(depth);
        let control = &mut self.control[depth];
        let BlockKind::If(skip) = &mut control.kind else {
            unreachable!("validation pairs `else` with `if`");
        };
        let skip = skip.take().expect("an `if` has one `else`");
        let (base, params) = (control.base, control.params.clone());
        self.unreachable = None;
        self.begin_at_join(base, &params);
        let here = self.values.assembler.here();
        self.values.assembler.set_target(skip, here);
        self.cost = skipped;
    }

    /// Ends a part of the block at `depth` that another one follows: branches to the block's end,
    /// if the end of the part can be reached.
    fn leave_part(&mut self, depth: usize) {
        if self.unreachable.is_none() {
            self.settle_results(depth);
            self.charge_for(depth);
            let branch = self.plain_branch();
            self.control[depth].pending.push(branch);
        }
    }

    /// Begins a catch part of the innermost block, which is number `number` of the legacy `try`s
    /// around it. Returns the target of the part's clause, and the slot of the first value that the
    /// clause passes.
    pub fn begin_catch(&mut self, number: u32, payload: &[ValType]) -> (Offset, i32) {
        let depth = self.control.len() - 1;
        self.leave_part(depth);
        if self.control[depth].kind == BlockKind::Try {
            self.catches.close(self.values.assembler.here());
        }
        let control = &mut self.control[depth];
        control.kind = BlockKind::Catch(number);
        control.handler = self.catches.innermost();
        let base = control.base;
        self.unreachable = None;
        self.cost = 0;
        self.begin_at_join(base, &[]);
        self.values.push_hidden(Kind::ExnRef);
        for &ty in payload {
            self.values.push_temp(ty.into());
        }
        (self.values.assembler.here(), self.values.frame.temp(base))
    }

    /// Ends the innermost block, a legacy `try`, whose exceptions go on to the clauses of `target`.
    pub fn end_delegating(&mut self, target: BlockNumber) {
        let here = self.values.assembler.here();
        self.catches.delegate(here, target);
        let depth = self.control.len() - 1;
        self.control[depth].kind = BlockKind::Block;
        self.end();
    }

    /// `end`.
    pub fn end(&mut self) {
        let depth = self.control.len() - 1;
        if depth == 0 {
            self.join_at_end();
            if self.unreachable.is_none() {
                self.return_();
            }
            self.control.pop();
            return;
        }
        let kind = self.control[depth].kind;
        if matches!(kind, BlockKind::TryTable | BlockKind::Try) {
            self.catches.close(self.values.assembler.here());
        }
        if matches!(kind, BlockKind::Try | BlockKind::Catch(_)) {
            self.end_try();
        }
        // An `if` without `else` passes its parameters on.
        let skip = match kind {
            BlockKind::If(skip) => skip,
            _ => None,
        };
        let falls_through = skip.is_some() || self.unreachable.is_none();
        // The results of a catch part are moved below its hidden slot.
        let hidden = self.control[depth].hidden();
        let joins = skip.is_some()
            || !self.control[depth].pending.is_empty()
            || (hidden != 0 && falls_through);
        if joins && self.unreachable.is_none() && self.only_ends_follow() && self.owns_results() {
            // The values need not be moved to the slots of the other ways.
            self.return_();
        } else if joins && self.unreachable.is_none() {
            self.settle_results(depth);
            self.charge_for(depth);
        }
        let control = self
            .control
            .pop()
            .expect("validation pairs blocks and ends");
        if !joins {
            if self.unreachable.is_some() {
                // Code behind a block that is never left is not reached either.
                self.values.drop_to(control.base);
                for &kind in control.results.iter() {
                    self.values.push_temp(kind);
                }
            }
            return;
        }
        self.unreachable = None;
        self.arrive(control.due);
        self.begin_at_join(control.base, &control.results);
        let here = self.values.assembler.here();
        if let Some(skip) = skip {
            self.values.assembler.set_target(skip, here);
        }
        self.joined.clear();
        self.delivered = match control.pending[..] {
            [Pending::Clause(cell, clause)] if !falls_through => Some(Delivered {
                cell,
                clause,
                height: self.values.height() - 1,
            }),
            _ => None,
        };
        for pending in control.pending {
            if let Pending::Plain(way) = pending {
                self.joined.push(way);
            }
            self.resolve(pending, here);
        }
        self.joined_at = here;
    }

    /// Lets clauses whose label is the function's end continue here, with the values that they pass as
    /// results. At no other place can the program be suspended between a clause and a return, so
    /// that the operands at one instruction are the same whichever clause has led there.
    fn join_at_end(&mut self) {
        let pending = core::mem::take(&mut self.control[0].pending);
        if pending.is_empty() {
            return;
        }
        if self.unreachable.take().is_none() {
            self.settle_results(0);
            self.charge_for(0);
        }
        self.arrive(self.control[0].due);
        let results = self.control[0].results.clone();
        self.begin_at_join(0, &results);
        let here = self.values.assembler.here();
        for pending in pending {
            self.resolve(pending, here);
        }
    }

    /// Returns whether the function's results, at the end of the innermost block and of the function,
    /// can be returned from where they are. A return of several values below the block would settle
    /// them on this way only, and values below a hidden slot are not topmost.
    fn owns_results(&self) -> bool {
        let results = self.ty.result_slots() as u32;
        let control = &self.control[self.control.len() - 1];
        let own = self.values.height() - control.base - control.hidden();
        match results {
            0 => true,
            1 => !self.values.top_is_hidden(),
            _ => own >= results,
        }
    }

    /// If only a return, which is the last cell, follows a join, replaces the branches to the join by
    /// that return.
    fn thread_returns(&mut self) {
        let assembler = &mut self.values.assembler;
        if assembler.last() != Some(self.joined_at) {
            return;
        }
        for way in self.joined.drain(..) {
            assembler.thread(way.branch, way.copy);
        }
    }

    /// Sets the target of a branch.
    pub fn resolve(&mut self, pending: Pending, target: Offset) {
        match pending {
            Pending::Plain(Way { branch: cell, .. }) | Pending::Conditional(cell) => {
                self.values.assembler.set_target(cell, target);
            }
            Pending::Detour(number) => self.detours[number].label = Some(target),
            Pending::Table(cell, index) => {
                self.values.assembler.set_table_target(cell, index, target);
            }
            Pending::Clause(cell, index) => {
                self.values.assembler.set_clause_target(cell, index, target);
            }
            Pending::Catch(clause) => self.catches.set_target(clause, target),
        }
    }

    /// Begins code that can be reached from elsewhere, with the operands below `base` and values of
    /// `kinds` on top of them.
    fn begin_at_join(&mut self, base: u32, kinds: &[Kind]) {
        self.values.drop_to(base);
        for &kind in kinds {
            self.values.push_temp(kind);
        }
        self.values.join();
    }

    /// Puts the results of the block at `depth`, which ends here, into the slots of its results.
    fn settle_results(&mut self, depth: usize) {
        if self.control[depth].hidden() != 0 {
            self.carry(depth);
            return;
        }
        let results = self.control[depth].results.slots;
        self.values.settle_from(self.values.height() - results);
        self.values.settle_all();
    }

    /// Emits a branch whose target is to be set.
    pub fn plain_branch(&mut self) -> Pending {
        let assembler = &mut self.values.assembler;
        let copy = assembler
            .last()
            .filter(|&at| matches!(assembler.opcode_at(at).op(), Op::Copy | Op::CopyThrough));
        let branch = assembler.emit(Branch { target: Target(0) });
        Pending::Plain(Way { branch, copy })
    }

    /// Marks the code up to the next `else` or `end` of this block as unreachable.
    pub fn set_unreachable(&mut self) {
        let base = self.control.last().map_or(0, |control| control.base);
        self.values.drop_to(base);
        self.unreachable = Some(0);
        self.cost = 0;
    }

    /// `unreachable`.
    pub fn unreachable_(&mut self) {
        self.charge();
        self.values.assembler.emit(Unreachable {});
        self.set_unreachable();
    }

    /// `br`.
    pub fn br(&mut self, relative: u32) {
        self.branch_to(relative);
        self.set_unreachable();
    }

    /// Emits an unconditional branch with its values, which stay on the stack as well.
    pub fn branch_to(&mut self, relative: u32) {
        let depth = self.control.len() - 1 - relative as usize;
        if depth == 0 {
            self.return_values();
        } else {
            self.jump_to(depth);
        }
    }

    /// Emits a branch to the block at `depth`, or to the function's end, with its values, which stay on
    /// the stack as well.
    fn jump_to(&mut self, depth: usize) {
        self.carry(depth);
        self.charge_for(depth);
        let branch = self.plain_branch();
        self.aim(depth, branch);
    }

    /// Sets the target of a branch to the block at `depth`, now or at its end.
    pub fn aim(&mut self, depth: usize, pending: Pending) {
        match self.control[depth].kind {
            BlockKind::Loop(header) => self.resolve(pending, header),
            _ => self.control[depth].pending.push(pending),
        }
    }

    /// Returns whether the values that a branch to the block at `depth` carries need not be moved once
    /// they are in the slots of their heights.
    pub fn in_place(&self, depth: usize) -> bool {
        let control = &self.control[depth];
        let count = control.label().slots;
        count == 0 || self.values.height() - count == control.base
    }

    /// Moves the values that a branch to the block at `depth` carries to the block's slots.
    fn carry(&mut self, depth: usize) {
        let control = &self.control[depth];
        let (base, count) = (control.base, control.label().slots);
        if count == 0 {
            return;
        }
        let from = self.values.height() - count;
        if from == base {
            self.values.settle_from(from);
            return;
        }
        if count > MOVED_ONE_BY_ONE {
            self.values.settle_from(from);
            self.values.copy_run(from, base, count);
            return;
        }
        // The block's slots are below those of the operands, so moving upwards overwrites no
        // operand that is still to be moved.
        let mut index = 0;
        while index < count {
            let operand = self.values.operand(from + index);
            let slot = self.values.frame.temp(base + index);
            self.values.move_to(&operand, slot);
            index += operand.kind.slots();
        }
    }

    /// `br_if`.
    pub fn br_if(&mut self, relative: u32) {
        let condition = self.condition();
        let depth = self.control.len() - 1 - relative as usize;
        if depth != 0 && self.in_place(depth) {
            self.settle_label(depth);
            let branch = self.branch_on(condition, true);
            self.aim_conditional(depth, branch);
            return;
        }
        self.settle_carried(depth);
        let skip = self.branch_on(condition, false);
        self.branch_around(relative, skip);
    }

    /// Emits an unconditional branch with its values, around which the branch `skip` leads.
    pub fn branch_around(&mut self, relative: u32, skip: Offset) {
        let cost = self.cost;
        self.branch_to(relative);
        let here = self.values.join();
        self.values.assembler.set_target(skip, here);
        self.owe(cost);
    }

    /// Puts the values that a branch to the block at `depth` carries into the slots of their heights.
    pub fn settle_label(&mut self, depth: usize) {
        let count = self.control[depth].label().slots;
        self.values.settle_from(self.values.height() - count);
    }

    /// Settles the operands that a conditional branch would settle, before the condition, so that
    /// their locations are the same on both ways.
    pub fn settle_carried(&mut self, depth: usize) {
        let count = self.control[depth].label().slots;
        let settles = match depth {
            0 => count > 1,
            _ => count > MOVED_ONE_BY_ONE || self.in_place(depth),
        };
        if settles {
            self.values.settle_from(self.values.height() - count);
        }
        self.values.settle_accs();
    }

    /// `br_on_null`, and `br_on_non_null`: the reference is tested in a slot.
    pub fn br_on_null(&mut self, relative: u32, null: bool) {
        let depth = self.control.len() - 1 - relative as usize;
        let reference = self.values.pop();
        let slot = self.values.slot(&reference);
        // A reference that is not null stays: behind `br_on_null`, and at the target of
        // `br_on_non_null`.
        if !null {
            self.values.push_slot(&reference);
        }
        self.settle_carried(depth);
        let source = self.values.source(slot, 1);
        let skips = if null { Op::I32Ne } else { Op::I32Eq };
        let operands = [Input::Slot(source), Input::Imm(0)];
        let assembler = &mut self.values.assembler;
        let skip = assembler.emit_branch(skips, When::Holds, operands);
        self.branch_around(relative, skip);
        if null {
            self.values.push_slot(&reference);
        } else {
            self.values.pop();
        }
    }

    /// `br_table`.
    pub fn br_table(&mut self, table: &BrTable<'_>) -> Result<(), wasmparser::BinaryReaderError> {
        let index = self.values.pop();
        let index_place = match self.values.place(&index) {
            Place::Immediate(_) => Place::Slot(self.values.slot(&index)),
            place => place,
        };
        let default = self.control.len() - 1 - table.default() as usize;
        let arity = self.control[default].label().slots;
        if arity != 0 {
            self.values.settle_from(self.values.height() - arity);
        }
        let slot = match index_place {
            Place::Slot(slot) => Some(self.values.source(slot, 1)),
            _ => None,
        };
        let targets = table.len() + 1;
        let count = Length(targets);
        let offset = match slot {
            Some(index) => {
                let cell = BranchTableSlot {
                    index,
                    count,
                    targets: Targets,
                };
                self.values.assembler.emit_table(cell, targets)
            }
            None => {
                let cell = BranchTableAcc {
                    count,
                    targets: Targets,
                };
                self.values.assembler.emit_table(cell, targets)
            }
        };
        // Targets that need their values moved or fuel charged, or return, get code of their own.
        let mut moved: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        let targets = table.targets().chain(core::iter::once(Ok(table.default())));
        for (entry, relative) in targets.enumerate() {
            let relative = relative?;
            let depth = self.control.len() - 1 - relative as usize;
            if depth != 0 && self.in_place(depth) && self.is_due(depth) {
                self.aim(depth, Pending::Table(offset, entry as u32));
            } else {
                moved.entry(relative).or_default().push(entry as u32);
            }
        }
        let cost = self.cost;
        for (relative, entries) in moved {
            self.owe(cost);
            let here = self.values.join();
            for entry in entries {
                self.resolve(Pending::Table(offset, entry), here);
            }
            self.branch_to(relative);
        }
        self.set_unreachable();
        Ok(())
    }

    /// Continues at a label after a jump from elsewhere, which brings the topmost values in the slots
    /// of their heights. All code before the jump has been charged.
    pub fn land(&mut self, pending: Pending, relative: u32) {
        let depth = self.control.len() - 1 - relative as usize;
        self.owe(0);
        if self.in_place(depth) && self.is_due(depth) {
            self.aim(depth, pending);
        } else {
            let here = self.values.join();
            self.resolve(pending, here);
            self.jump_to(depth);
            self.owe(0);
        }
    }

    /// `return`, and the end of the body.
    pub fn return_(&mut self) {
        self.return_values();
        if self.ty.result_slots() <= 1 {
            self.thread_returns();
        }
        self.set_unreachable();
    }

    /// Emits a return of the topmost values, which stay on the stack as well.
    pub fn return_values(&mut self) {
        self.charge_at_end(None);
        if let Some(mapping) = &mut self.mapping {
            mapping.returns();
        }
        let count = self.ty.result_slots() as u32;
        let base = self.values.frame.base();
        if let [ValType::V128] = *self.ty.results {
            let operand = self.values.operand(self.values.height() - count);
            return self.return_vector(&operand, base);
        }
        match count {
            0 => {
                self.values.assembler.emit(Return {});
            }
            1 => {
                let operand = self.values.operand(self.values.height() - 1);
                self.return_one(&operand, base);
            }
            _ => {
                let from = self.values.height() - count;
                self.values.settle_from(from);
                let from = self.values.frame.temp(from);
                self.values.assembler.emit(ReturnMany {
                    to: far(base),
                    from: far(from),
                    count,
                });
            }
        }
    }

    fn return_one(&mut self, operand: &Operand, base: i32) {
        let to = self.values.source(base, 0);
        let place = self.values.place(operand);
        match (place, operand.kind.class()) {
            (Place::Acc, Class::Int) => self.values.assembler.emit(ReturnAcc { to }),
            (Place::Acc, Class::F32) => self.values.assembler.emit(ReturnAccF32 { to }),
            (Place::Acc, Class::F64) => self.values.assembler.emit(ReturnAccF64 { to }),
            (_, Class::Vector) => unreachable!("a vector takes two slots"),
            (Place::Immediate(bits), _) if u32::try_from(bits).is_ok() => {
                let value = bits as u32;
                self.values.assembler.emit(ReturnConst32 { to, value })
            }
            (Place::Immediate(_) | Place::Slot(_), _) => {
                let slot = self.values.slot(operand);
                let from = self.values.source(slot, 1);
                self.values.assembler.emit(ReturnSlot { to, from })
            }
        };
    }
}
