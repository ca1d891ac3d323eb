//! The state of a translation, and the loop over a function's instructions.

use super::control::{Control, Kinds};
use super::exception::LegacyTry;
use super::frame::{Frame, far};
use super::fuel::Detour;
use super::mapping::Mapping;
use super::operand::{Kind, Location, Operand};
use super::places::{Source, Variable};
use super::probe::Runs;
use super::values::Values;
use super::{Failed, TooLarge};
use crate::code::cells::{Row, ZeroLocals};
use crate::code::{CatchTable, Counter, FarSlot, Offset};
use crate::module::{FuncType, FunctionProbes, Module, Tunables};
use crate::support::error::Error;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use wasmparser::{BinaryReader, FunctionBody};

/// The number of declared locals' slots that entering a function sets to zero for a unit of fuel.
const ZEROED_SLOTS: u32 = 64;

/// The opcode of `end`.
const END: u8 = 0x0b;

/// A plain branch, and the copy right before it that carries its value, if there is one.
#[derive(Clone, Copy, Debug)]
pub struct Way {
    /// The branch.
    pub branch: Offset,
    /// The copy.
    pub copy: Option<Offset>,
}

/// The reference to the suspended continuation, as a clause passes it to its label.
#[derive(Clone, Copy, Debug)]
pub struct Delivered {
    /// The cell that has the clause.
    pub cell: Offset,
    /// The clause's number in the cell.
    pub clause: u32,
    /// The height of the reference on the operand stack.
    pub height: u32,
}

/// A local of the function under translation.
#[derive(Clone, Copy, Debug)]
pub struct Local {
    /// The kind of its values.
    pub kind: Kind,
    /// Its first slot among those of all locals.
    pub slot: u32,
}

/// The state of a translation.
pub struct Function<'m> {
    /// The function's module.
    pub module: &'m Module,
    /// The options of the engine that change code.
    pub tunables: &'m Tunables,
    /// The probes in the function's code, if there can be some.
    pub probes: Option<FunctionProbes>,
    /// The function's type.
    pub ty: &'m FuncType,
    /// All locals, parameters first.
    pub locals: Vec<Local>,
    /// The operand stack and the code.
    pub values: Values,
    /// The blocks around the current instruction.
    pub control: Vec<Control>,
    /// The kinds of the parameters and results of block types, by type.
    pub block_types: BTreeMap<u32, (Kinds, Kinds)>,
    /// In code that is never reached, the number of blocks that were opened there.
    pub unreachable: Option<u32>,
    /// What the code up to here costs and is not charged for yet: see [`fuel`](super::fuel).
    pub cost: u32,
    /// The cost of all code up to here.
    pub passed: u32,
    /// The detours of conditional branches: see [`fuel`](super::fuel).
    pub detours: Vec<Detour>,
    /// The offset in the module of the current instruction.
    pub offset: u64,
    /// The offset from which on there are only `end`s.
    only_ends_from: u64,
    /// The branches to the last join.
    pub joined: Vec<Way>,
    /// The place of the last join.
    pub joined_at: Offset,
    /// The reference that a clause has delivered, if the clause is the only way to the current place.
    pub delivered: Option<Delivered>,
    /// The blocks that catch exceptions.
    pub catches: CatchTable,
    /// The legacy `try`s around the current instruction.
    pub tries: Vec<LegacyTry>,
    /// The records for observers, if they are requested.
    pub mapping: Option<Mapping<'m>>,
    /// The counters of straight runs, and what is known of the next instruction.
    pub runs: Runs,
}

/// A translated function, before its cells have addresses.
pub struct Translated<'m> {
    /// The operand stack, with the code.
    pub values: Values,
    /// The blocks that catch exceptions.
    pub catches: CatchTable,
    /// The counters of straight runs of code.
    pub counters: Vec<Counter>,
    /// The records for observers, if they were requested.
    pub mapping: Option<Mapping<'m>>,
    /// The locals, if records were requested.
    pub locals: Vec<Variable>,
    /// The extent of a frame, in slots.
    pub extent: u32,
}

impl<'m> Function<'m> {
    /// Translates a version of a function of `module`: with the layout of a small frame, and if some slots are
    /// then beyond the reach of near fields, again with that of a large one. If `mapped` is given,
    /// the instructions at these offsets are recorded for observers.
    pub fn translate(
        module: &'m Module,
        function: u32,
        version: u16,
        mapped: Option<&'m [u32]>,
    ) -> Result<Translated<'m>, Error> {
        let probes = module.function_probes(function, version);
        let large = probes.as_ref().is_some_and(|probes| probes.large);
        match Self::attempt(module, function, mapped, probes.clone(), large) {
            Ok(translated) => Ok(translated),
            Err(Failed::TooLarge(TooLarge)) => {
                match Self::attempt(module, function, mapped, probes, true) {
                    Ok(translated) => Ok(translated),
                    Err(Failed::Malformed(error)) => Err(error),
                    Err(Failed::TooLarge(TooLarge)) => {
                        unreachable!("every slot of a large frame can be reached")
                    }
                }
            }
            Err(Failed::Malformed(error)) => Err(error),
        }
    }

    fn attempt(
        module: &'m Module,
        function: u32,
        mapped: Option<&'m [u32]>,
        probes: Option<FunctionProbes>,
        large: bool,
    ) -> Result<Translated<'m>, Failed> {
        let range = module
            .body(function)
            .expect("imported functions are not translated")
            .clone();
        let reader = BinaryReader::new(&module.bytes[range.clone()], range.start as u64);
        let body = FunctionBody::new(reader);
        let ty: &FuncType = module.func_type(function);
        let mut slots = 0;
        let mut local = |kind: Kind| {
            let slot = slots;
            slots += kind.slots();
            Local { kind, slot }
        };
        let mut locals: Vec<Local> = ty.params.iter().map(|&ty| local(ty.into())).collect();
        for run in body.get_locals_reader()? {
            let (count, ty) = run?;
            let kind = Kind::named(module, ty);
            locals.extend((0..count).map(|_| local(kind)));
        }
        let params = ty.param_slots() as u32;
        let declared = slots - params;
        let frame = Frame::new(params, declared, large);
        let mut translation = Function {
            module,
            tunables: &module.engine.tunables,
            probes,
            ty,
            values: Values::new(frame, slots as usize, range.len()),
            locals,
            control: Vec::new(),
            block_types: BTreeMap::new(),
            unreachable: None,
            cost: 0,
            passed: 0,
            detours: Vec::new(),
            offset: 0,
            only_ends_from: 0,
            joined: Vec::new(),
            joined_at: Offset(u32::MAX),
            delivered: None,
            catches: CatchTable::default(),
            tries: Vec::new(),
            mapping: mapped.map(Mapping::new),
            runs: Runs::default(),
        };
        translation.spend(1 + declared / ZEROED_SLOTS);
        translation.prologue(declared);
        let ends = module.bytes[range.clone()]
            .iter()
            .rev()
            .take_while(|&&byte| byte == END);
        translation.only_ends_from = (range.end - ends.count()) as u64;
        translation.operators(body.get_binary_reader_for_operators()?)?;
        translation.write_detours();
        let extent = frame.temp(translation.values.max_height());
        let variable = |&Local { kind, slot }: &Local| Variable {
            kind,
            source: Source::Slot(frame.local(slot)),
        };
        let locals = match mapped {
            Some(_) => translation.locals.iter().map(variable).collect(),
            None => Vec::new(),
        };
        Ok(Translated {
            values: translation.values,
            catches: translation.catches,
            counters: translation.runs.counters,
            mapping: translation.mapping,
            locals,
            extent: extent.cast_unsigned(),
        })
    }

    fn prologue(&mut self, declared: u32) {
        self.control.push(Control::function(self.ty));
        if declared != 0 {
            let first = far(self.values.frame.first_local());
            let count = declared;
            self.values.assembler.emit(ZeroLocals { first, count });
        }
        // A frame that is restored at the entry continues behind this.
        self.probe_entry();
        let first = self.values.assembler.here();
        self.poll();
        if let Some(mapping) = &mut self.mapping {
            mapping.entry = first..self.values.assembler.here();
        }
    }

    fn operators(&mut self, mut reader: BinaryReader<'_>) -> Result<(), Failed> {
        while !reader.eof() {
            let offset = reader.original_position();
            self.offset = offset;
            if self.mapping.is_some() {
                let operator = reader.peek_operator(self)?;
                if let Some(mapping) = &mut self.mapping {
                    mapping.begin(&mut self.values, &operator, offset);
                }
            }
            if self.probes.is_some() {
                self.probe_run();
                self.probe_place();
            }
            reader.visit_operator(self)??;
            let cost = self.uncharged();
            if let Some(mapping) = &mut self.mapping {
                mapping.end(&self.values, cost);
            }
            if let Some(failed) = self.values.failed() {
                return Err(Failed::TooLarge(failed));
            }
        }
        Ok(())
    }

    /// Returns the opcode of the current instruction.
    pub fn opcode(&self) -> Option<u8> {
        self.module.bytes.get(self.offset as usize).copied()
    }

    /// Returns whether only `end`s follow the current instruction. Then the end of a block is the
    /// function's.
    pub fn only_ends_follow(&self) -> bool {
        // The opcode takes a byte.
        self.offset + 1 >= self.only_ends_from
    }

    // --- locals ---

    /// `local.set` of the topmost operand, or `local.tee`.
    pub fn set_local(&mut self, local: u32, keep: bool) {
        let Local { kind, slot: local } = self.locals[local as usize];
        let operand = self.values.pop();
        if !operand.is_local(local) {
            if self.values.has_aliases(local) {
                self.values.release_local(local);
            }
            let slot = self.values.frame.local(local);
            match self.delivered.take() {
                Some(delivered) if self.is_fresh(delivered, &operand) => {
                    let Delivered { cell, clause, .. } = delivered;
                    let assembler = &mut self.values.assembler;
                    assembler.set_clause_slot(cell, clause, far(slot));
                    self.values.wrote_slot(slot);
                }
                _ => self.values.set(&operand, slot),
            }
        }
        if keep {
            self.values.push_local(kind, local);
        }
    }

    /// Returns whether a popped operand is the reference that a clause has just delivered, and no cell
    /// has read it since.
    fn is_fresh(&self, delivered: Delivered, operand: &Operand) -> bool {
        let at = (operand.height, operand.location);
        at == (delivered.height, Location::Temp) && self.joined_at == self.values.assembler.here()
    }

    // --- values in slots ---

    /// Puts the topmost operands, which take `count` slots, into their slots and pops them.
    /// Returns the slot of the first.
    pub fn operands_in_slots(&mut self, count: u32) -> i32 {
        let first = self.values.height() - count;
        self.values.settle_from(first);
        self.values.drop_to(first);
        self.values.frame.temp(first)
    }

    /// As [`Function::operands_in_slots`], before a cell at which the program can be suspended.
    /// Nothing is in accumulators afterwards. `above` is an operand that was popped.
    pub fn suspendable_operands(&mut self, count: u32, above: Option<Variable>) -> i32 {
        let polls = self.tunables.polls();
        self.settled_operands(count, above, polls)
    }

    /// As [`Function::suspendable_operands`], before a cell at which the program `can_suspend`.
    fn settled_operands(&mut self, count: u32, above: Option<Variable>, can_suspend: bool) -> i32 {
        let first = self.values.height() - count;
        self.values.settle_from(first);
        self.values.free_accs();
        if can_suspend {
            self.map_settled(above);
        }
        self.values.drop_to(first);
        self.values.frame.temp(first)
    }

    /// Puts the operands from a height on into their slots, before a cell for observers. Nothing is in
    /// accumulators afterwards.
    pub fn settle_for_observer(&mut self, height: u32) {
        self.values.settle_from(height);
        self.values.free_accs();
        self.map_settled(None);
    }

    /// Records for observers that all operands are in slots, since the program can be suspended
    /// here.
    pub fn map_settled(&mut self, above: Option<Variable>) {
        if let Some(mapping) = &mut self.mapping {
            mapping.settled(&self.values, above);
        }
    }

    /// Records that a frame that is suspended before the instruction continues here.
    pub fn map_continues(&mut self) {
        if let Some(mapping) = &mut self.mapping {
            mapping.continues(&self.values);
        }
    }

    /// Records the return address of the instruction's call, whose arguments have been popped.
    pub fn map_return_address(&mut self, cell: Offset) {
        if let Some(mapping) = &mut self.mapping {
            mapping.called(&self.values, cell);
        }
    }

    /// Records for observers that all operands are in slots, and a reference that is none.
    pub fn map_hidden(&mut self) {
        if let Some(mapping) = &mut self.mapping {
            mapping.hidden(&self.values);
        }
    }

    /// Writes a cell of an op that the driver carries out, on the topmost `operands` operands
    /// in consecutive slots; `cell` is given the first slot.
    pub fn service<C: Row>(
        &mut self,
        operands: u32,
        result: Option<Kind>,
        cell: impl FnOnce(FarSlot) -> C,
    ) {
        let slot = self.operands_in_slots(operands);
        self.values.free_accs();
        self.serve(slot, result, cell);
    }

    /// As [`Function::service`], of an op whose work depends on the size of a memory or table: the
    /// driver polls, and charges fuel by size.
    pub fn bulk_service<C: Row>(
        &mut self,
        operands: u32,
        result: Option<Kind>,
        cell: impl FnOnce(FarSlot) -> C,
    ) {
        // The program can be suspended before the op is done.
        let slot = self.suspendable_operands(operands, None);
        self.charge();
        self.map_continues();
        self.serve(slot, result, cell);
    }

    /// As [`Function::bulk_service`], of an op that has a handler for short operations: `metered` if
    /// fuel is consumed, and `plain` otherwise.
    pub fn short_service<P: Row, M: Row>(
        &mut self,
        operands: u32,
        plain: impl FnOnce(FarSlot) -> P,
        metered: impl FnOnce(FarSlot) -> M,
    ) {
        let slot = self.suspendable_operands(operands, None);
        self.charge();
        self.map_continues();
        // Handlers test the fuel only.
        self.poll_time();
        if self.tunables.consume_fuel {
            self.serve(slot, None, metered);
        } else {
            self.serve(slot, None, plain);
        }
    }

    /// As [`Function::bulk_service`], of an op at which the program is suspended while it waits.
    pub fn waiting_service<C: Row>(
        &mut self,
        operands: u32,
        result: Kind,
        cell: impl FnOnce(FarSlot) -> C,
    ) {
        let slot = self.settled_operands(operands, None, true);
        self.charge();
        self.map_continues();
        self.serve(slot, Some(result), cell);
    }

    /// Writes a service's cell, whose operands begin at `slot`.
    fn serve<C: Row>(&mut self, slot: i32, result: Option<Kind>, cell: impl FnOnce(FarSlot) -> C) {
        self.values.assembler.emit(cell(far(slot)));
        if let Some(kind) = result {
            self.values.push_temp(kind);
            self.values.wrote_slot(slot);
        }
    }
}
