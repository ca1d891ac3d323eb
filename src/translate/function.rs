//! One function under translation.

use super::control::{Control, Kinds};
use super::frame::{Frame, far};
use super::mapping::{Mapping, Source, Variable};
use super::operand::{Kind, Location, Operand, Place};
use super::values::Values;
use super::{Failed, TooLarge, operators};
use crate::code::layout::{
    BINARY_MODES, BRANCH_IF, BRANCH_UNLESS, COUNT, Family, Mode, SELECT, WIDE_IMMEDIATE,
};
use crate::code::{CatchTable, Offset, Op, TakenCell, mode_index};
use crate::module::{FuncType, Module, Tunables};
use crate::support::error::Error;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use wasmparser::{BinaryReader, FunctionBody};

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

/// The reference to what was suspended, as a clause passes it to its label.
#[derive(Clone, Copy, Debug)]
pub struct Delivered {
    /// The cell that has the clause,
    pub cell: Offset,
    /// and the clause's number there.
    pub clause: u32,
    /// The height of the reference on the operand stack.
    pub height: u32,
}

/// The state of a translation.
pub struct Function<'m> {
    /// The function's module.
    pub module: &'m Module,
    /// What code must look at while it runs.
    pub tunables: &'m Tunables,
    /// The function's type.
    pub ty: &'m FuncType,
    /// The kinds of all locals, parameters first.
    pub locals: Vec<Kind>,
    /// The operand stack and the code.
    pub values: Values,
    /// The blocks around the present operator.
    pub control: Vec<Control>,
    /// The kinds of the types that blocks have, by type.
    pub block_types: BTreeMap<u32, (Kinds, Kinds)>,
    /// In code that is never reached: how many blocks were opened there.
    pub unreachable: Option<u32>,
    /// The fuel that the present stretch of code costs.
    pub cost: u32,
    /// Whether nothing but ends follows the present operator: then the end of a block is
    /// the function's.
    pub only_ends_follow: bool,
    /// The branches to the last place where several ways joined,
    pub joined: Vec<Way>,
    /// which is here.
    pub joined_at: Offset,
    /// What a clause has put into its slot, where that is the only way to that place.
    pub delivered: Option<Delivered>,
    /// What is caught, and where.
    pub catches: CatchTable,
    /// The clauses of `try_table`s that go on at the function's end.
    pub caught_at_end: Vec<u32>,
    /// What is written down for observers, if that is asked for.
    pub mapping: Option<Mapping<'m>>,
}

/// A translated function, before its cells have addresses.
pub struct Translated<'m> {
    /// The operand stack, with the code.
    pub values: Values,
    /// What it catches.
    pub catches: CatchTable,
    /// What was written down for observers, if that was asked for,
    pub mapping: Option<Mapping<'m>>,
    /// and then the locals too.
    pub locals: Vec<Variable>,
    /// The slots of a frame, from its record on.
    pub extent: u32,
}

impl<'m> Function<'m> {
    /// Translates a function of `module`, once with all slots within reach, and once more
    /// if they are not. What observers want to know of the operators at the offsets `mapped` is
    /// written down on the way.
    pub fn translate(
        module: &'m Module,
        function: u32,
        mapped: Option<&'m [u32]>,
    ) -> Result<Translated<'m>, Error> {
        match Self::attempt(module, function, mapped, false) {
            Ok(translated) => Ok(translated),
            Err(Failed::TooLarge(TooLarge)) => {
                match Self::attempt(module, function, mapped, true) {
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
        large: bool,
    ) -> Result<Translated<'m>, Failed> {
        let range = module
            .body(function)
            .expect("imported functions are not translated")
            .clone();
        let reader = BinaryReader::new(&module.bytes[range.clone()], range.start as u64);
        let body = FunctionBody::new(reader);
        let ty: &FuncType = module.func_type(function);
        let mut locals: Vec<Kind> = ty.params.iter().map(|&ty| ty.into()).collect();
        for run in body.get_locals_reader()? {
            let (count, ty) = run?;
            let kind = Kind::named(module, ty);
            locals.extend(core::iter::repeat_n(kind, count as usize));
        }
        let declared = locals.len() - ty.params.len();
        let frame = Frame::new(ty.params.len() as u32, declared as u32, large);
        let mut translation = Function {
            module,
            tunables: &module.engine.tunables,
            ty,
            values: Values::new(frame, locals.len(), range.len()),
            locals,
            control: Vec::new(),
            block_types: BTreeMap::new(),
            unreachable: None,
            // Entering a function costs one unit.
            cost: 1,
            only_ends_follow: false,
            joined: Vec::new(),
            joined_at: Offset(u32::MAX),
            delivered: None,
            catches: CatchTable::default(),
            caught_at_end: Vec::new(),
            mapping: mapped.map(Mapping::new),
        };
        translation.prologue(declared as u32);
        let ends = module.bytes[range.clone()]
            .iter()
            .rev()
            .take_while(|&&byte| byte == END);
        let only_ends_from = range.end - ends.count();
        translation.operators(
            body.get_binary_reader_for_operators()?,
            only_ends_from as u64,
        )?;
        translation.return_caught();
        let extent = frame.temp(translation.values.max_height());
        let local = |(index, &kind): (usize, &Kind)| Variable {
            kind,
            source: Source::Slot(frame.local(index as u32)),
        };
        let locals = match mapped {
            Some(_) => translation.locals.iter().enumerate().map(local).collect(),
            None => Vec::new(),
        };
        Ok(Translated {
            values: translation.values,
            catches: translation.catches,
            mapping: translation.mapping,
            locals,
            extent: extent.cast_unsigned(),
        })
    }

    fn prologue(&mut self, declared: u32) {
        self.control.push(Control::function(self.ty));
        if declared != 0 {
            let first = far(self.values.frame.first_local());
            self.values
                .assembler
                .cell(Op::ZeroLocals.opcode())
                .u32(8, first)
                .u32(12, declared);
        }
        self.poll();
    }

    fn operators(
        &mut self,
        mut reader: BinaryReader<'_>,
        only_ends_from: u64,
    ) -> Result<(), Failed> {
        while !reader.eof() {
            let offset = reader.original_position();
            // Asked at an `end`, which is one byte long.
            self.only_ends_follow = offset + 1 >= only_ends_from;
            if self.mapping.is_some() {
                let operator = reader.peek_operator(self)?;
                if let Some(mapping) = &mut self.mapping {
                    mapping.begin(&mut self.values, &operator, offset);
                }
            }
            reader.visit_operator(self)??;
            if let Some(mapping) = &mut self.mapping {
                mapping.end(&self.values);
            }
            if let Some(failed) = self.values.failed() {
                return Err(Failed::TooLarge(failed));
            }
        }
        Ok(())
    }

    // --- fuel and interruption ---

    /// Ends a stretch of code: charges what it costs.
    pub fn charge(&mut self) {
        let cost = core::mem::take(&mut self.cost);
        if self.tunables.consume_fuel && cost != 0 {
            self.values
                .assembler
                .cell(Op::Charge.opcode())
                .u32(12, cost);
        }
    }

    /// A place where running code looks whether it should stop.
    pub fn poll(&mut self) {
        let assembler = &mut self.values.assembler;
        if self.tunables.consume_fuel {
            assembler.cell(Op::PollFuel.opcode());
        }
        if self.tunables.interruptible {
            assembler.cell(Op::PollInterrupt.opcode());
        }
        if self.tunables.epoch_interruption {
            assembler.cell(Op::PollEpoch.opcode());
        }
    }

    // --- cells of operands and a result ---

    /// Makes an operand readable as an immediate of `op`, or puts it into a slot.
    fn fit(&mut self, op: Op, operand: &Operand) -> Place {
        match self.values.place(operand) {
            Place::Immediate(bits) if !immediate_fits(op, operand.kind, bits) => {
                Place::Slot(self.values.slot(operand))
            }
            place => place,
        }
    }

    /// An op of two operands.
    pub fn binary(&mut self, op: Op, result: Kind) {
        let b = self.values.pop();
        let a = self.values.pop();
        let kind = a.kind;
        let (mut op, mut places) = (op, [self.fit(op, &a), self.fit(op, &b)]);
        match places.map(Place::mode) {
            [Mode::R, Mode::R] => places[1] = Place::Slot(self.values.slot(&b)),
            [Mode::I, Mode::I] => places[0] = Place::Slot(self.values.slot(&a)),
            _ => {}
        }
        if matches!(
            places.map(Place::mode),
            [Mode::S | Mode::I, Mode::R] | [Mode::I, Mode::S]
        ) && let Some(exchanged) = operators::exchanged(op)
        {
            op = exchanged;
            places.swap(0, 1);
        }
        let [a_mode, b_mode] = places.map(Place::mode);
        let variant = mode_index(&BINARY_MODES, (a_mode, b_mode)).expect("all pairs are there");
        let fields = self.source_fields(places);
        self.values.free_acc(result.class());
        let (slots, immediate) = fields;
        let is_wide = immediate.is_some_and(|bits| !op.wide() && !fits_32(kind, bits));
        let variant = match (a_mode, is_wide) {
            (_, false) => 2 * variant,
            (Mode::S, true) => WIDE_IMMEDIATE,
            (_, true) => WIDE_IMMEDIATE + 2,
        };
        let cell = self.values.assembler.cell(op.variant(variant));
        let offset = cell.offset();
        let immediate_first = a_mode == Mode::I;
        let cell = match (slots, immediate_first) {
            // The one slot of `_is` stands where the first operand's does.
            ([_, Some(b)], true) => cell.field(1, b),
            ([a, b], _) => {
                let cell = if let Some(a) = a {
                    cell.field(1, a)
                } else {
                    cell
                };
                if let Some(b) = b {
                    cell.field(2, b)
                } else {
                    cell
                }
            }
        };
        if let Some(bits) = immediate {
            if op.wide() || is_wide {
                cell.word(2, bits)
            } else {
                cell.u32(12, bits as u32)
            };
        }
        self.values.push_acc(result, offset);
    }

    /// The slot fields and the immediate of two operands.
    fn source_fields(&mut self, places: [Place; 2]) -> ([Option<i16>; 2], Option<u64>) {
        let mut slots = [None; 2];
        let mut immediate = None;
        for (index, place) in places.into_iter().enumerate() {
            match place {
                Place::Slot(slot) => slots[index] = Some(self.values.source(slot, index + 1)),
                Place::Immediate(bits) => immediate = Some(bits),
                Place::Acc => {}
            }
        }
        (slots, immediate)
    }

    /// An op of one operand.
    pub fn unary(&mut self, op: Op, result: Kind) {
        let a = self.values.pop();
        let place = match self.values.place(&a) {
            Place::Immediate(_) => Place::Slot(self.values.slot(&a)),
            place => place,
        };
        let slot = match place {
            Place::Slot(slot) => Some(self.values.source(slot, 1)),
            _ => None,
        };
        self.values.free_acc(result.class());
        let cell = self
            .values
            .assembler
            .cell(op.variant(if slot.is_some() { 0 } else { 2 }));
        let offset = cell.offset();
        if let Some(slot) = slot {
            cell.field(1, slot);
        }
        self.values.push_acc(result, offset);
    }

    /// `i64.extend_i32_u`: a slot or accumulator with a 32-bit value has zeros above it already.
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

    /// Compares with zero; of a comparison that was the last cell, makes its opposite.
    pub fn equals_zero(&mut self, op: Op, kind: Kind) {
        if let Some(cell) = self.last_comparison()
            && let (comparison, variant) = self.values.assembler.opcode_at(cell).parts()
            && let Some(opposite) = operators::opposite(comparison)
        {
            self.values
                .assembler
                .set_opcode(cell, opposite.variant(variant));
            return;
        }
        self.values.push_const(kind, 0);
        self.binary(op, Kind::I32);
    }

    /// The last cell, if it is a comparison whose result is the topmost operand and has
    /// not been put anywhere.
    fn last_comparison(&self) -> Option<Offset> {
        let cell = self.values.top_in_acc()?;
        if self.values.assembler.last() != Some(cell) {
            return None;
        }
        let (op, variant) = self.values.assembler.opcode_at(cell).parts();
        compares(op, variant).then_some(cell)
    }

    /// Pops a condition, and makes what is needed to branch on it or select by it; no cell
    /// depends on it, so that others may come before that.
    pub fn condition(&mut self) -> Condition {
        if self.last_comparison().is_none() {
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
            let (mode, slot) = match place {
                Place::Slot(slot) => (2, self.values.source(slot, 1)),
                _ => (3, 0),
            };
            return Condition {
                op: Op::I32Ne,
                mode,
                slots: [slot, 0],
                immediate: 0,
                holds: true,
            };
        }
        self.values.pop();
        let condition = Condition::taken(self.values.assembler.take_back());
        if !condition.is_of_zero() || cfg!(feature = "small") {
            return condition;
        }
        // The accumulator is compared with zero: what the cell before has put there can be
        // tested itself.
        let holds = condition.op == Op::I32Ne;
        let Some(last) = self.values.assembler.last() else {
            return condition;
        };
        let (op, variant) = self.values.assembler.opcode_at(last).parts();
        if compares(op, variant) {
            let inner = Condition::taken(self.values.assembler.take_back());
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

    /// Of an `and` whose result is in the accumulator alone and was the last cell, makes
    /// the condition `test`.
    fn tested(&mut self, test: Op) -> Option<Condition> {
        let last = self.values.assembler.last()?;
        let (op, variant) = self.values.assembler.opcode_at(last).parts();
        if cfg!(feature = "small") || op != Op::I32And || variant % 2 != 0 {
            return None;
        }
        let taken = self.values.assembler.take_back();
        Some(Condition {
            op: test,
            ..Condition::taken(taken)
        })
    }

    /// Branches where `condition` holds, or does not; the target is to be set.
    pub fn branch_on(&mut self, condition: Condition, holds: bool) -> Offset {
        let Condition {
            op,
            mode,
            slots,
            immediate,
            ..
        } = condition;
        let (op, first) = match (holds == condition.holds, operators::opposite(op)) {
            (true, _) => (op, BRANCH_IF),
            (false, Some(opposite)) => (opposite, BRANCH_IF),
            (false, None) => (op, BRANCH_UNLESS),
        };
        if let Some(branch) = self.count_and_branch(op, condition) {
            return branch;
        }
        let mut cell = self.values.assembler.cell(op.variant(first + mode));
        let offset = cell.offset();
        // As in `layout`: ss, rs, si, ri.
        if mode == 0 || mode == 2 {
            cell = cell.field(1, slots[0]);
        }
        if mode < 2 {
            cell = cell.field(2, slots[1]);
        } else if op.wide() {
            cell = cell.word(2, immediate);
        } else {
            cell = cell.u32(12, immediate as u32);
        }
        cell.target(Offset(0));
        offset
    }

    /// Where the last cell has added an immediate to a slot, and `op` compares the sum:
    /// one cell that does all of it.
    fn count_and_branch(&mut self, op: Op, condition: Condition) -> Option<Offset> {
        let Condition {
            mode,
            slots,
            immediate,
            ..
        } = condition;
        let add = match op.family() {
            Family::Compare if operators::is_64_bit(op) => Op::I64Add,
            Family::Compare => Op::I32Add,
            _ => return None,
        };
        // The sum is in the accumulator and in a slot: variant 5 is `_si.d`.
        let last = self.values.assembler.last()?;
        let sums = self.values.assembler.opcode_at(last) == add.variant(5);
        if cfg!(feature = "small") || !sums || (mode != 1 && mode != 3) {
            return None;
        }
        let taken = self.values.assembler.take_back();
        let variant = if mode == 1 { COUNT } else { COUNT + 1 };
        let cell = self.values.assembler.cell(op.variant(variant));
        let offset = cell.offset();
        let cell = cell
            .field(0, taken.slot(0))
            .field(1, taken.slot(1))
            .u32(16, taken.immediate(false) as u32);
        let cell = if mode == 1 {
            cell.field(2, slots[1])
        } else {
            cell.u32(20, immediate as u32)
        };
        cell.target(Offset(0));
        Some(offset)
    }

    /// Puts one of two slots into a third, by `condition`.
    pub fn select_on(&mut self, condition: Condition, to: i16, first: i16, second: i16) -> Offset {
        let Condition {
            op,
            mode,
            slots,
            immediate,
            holds,
        } = condition;
        let (first, second) = if holds {
            (first, second)
        } else {
            (second, first)
        };
        let mut cell = self.values.assembler.cell(op.variant(SELECT + mode));
        let offset = cell.offset();
        cell = cell.field(0, to).field(1, first).field(2, second);
        if mode == 0 || mode == 2 {
            cell = cell.field(3, slots[0]);
        }
        if mode < 2 {
            cell.field(4, slots[1]);
        } else if op.wide() {
            cell.word(2, immediate);
        } else {
            cell.u32(16, immediate as u32);
        }
        offset
    }

    // --- locals ---

    /// `local.set` of the topmost operand, or `local.tee`.
    pub fn set_local(&mut self, local: u32, keep: bool) {
        let kind = self.locals[local as usize];
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

    /// Whether a popped operand is what a clause has just put into its slot: no cell has
    /// read that since.
    fn is_fresh(&self, delivered: Delivered, operand: &Operand) -> bool {
        let at = (operand.height, operand.location);
        at == (delivered.height, Location::Temp) && self.joined_at == self.values.assembler.here()
    }

    // --- values in slots ---

    /// Puts the topmost `count` operands into their slots, pops them, and gives the slot
    /// of the first.
    pub fn operands_in_slots(&mut self, count: u32) -> i32 {
        let first = self.values.height() - count;
        self.values.settle_from(first);
        self.values.drop_to(first);
        self.values.frame.temp(first)
    }
}

/// A condition: a comparison with its operands, which holds or does not.
#[derive(Clone, Copy, Debug)]
pub struct Condition {
    op: Op,
    /// The index of the operands' modes: ss, rs, si, ri.
    mode: u8,
    slots: [i16; 2],
    immediate: u64,
    /// Whether the comparison is to hold.
    holds: bool,
}

impl Condition {
    /// A comparison, or an op with the same variants, that was taken back.
    fn taken(cell: TakenCell) -> Condition {
        let (op, variant) = cell.opcode.parts();
        Condition {
            op,
            mode: variant / 2,
            slots: [cell.slot(1), cell.slot(2)],
            immediate: cell.immediate(op.wide()),
            holds: true,
        }
    }

    /// Whether it compares the accumulator with zero.
    fn is_of_zero(&self) -> bool {
        matches!(self.op, Op::I32Eq | Op::I32Ne) && self.mode == 3 && self.immediate == 0
    }
}

/// Whether a cell is a comparison whose result is in the accumulator alone.
fn compares(op: Op, variant: u8) -> bool {
    matches!(op.family(), Family::Compare | Family::CompareFloat)
        && variant < BRANCH_IF
        && variant.is_multiple_of(2)
}

/// Whether a constant can be an immediate of an op.
fn immediate_fits(op: Op, kind: Kind, bits: u64) -> bool {
    op.wide() || op.family() == Family::CommutativeWide || fits_32(kind, bits)
}

/// Whether 32 bits are enough for a constant: 64-bit integers are extended from them.
fn fits_32(kind: Kind, bits: u64) -> bool {
    kind != Kind::I64 || bits as i32 as u64 == bits
}
