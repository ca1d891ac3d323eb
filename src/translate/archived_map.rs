//! Frame maps as bytes, for archives.
//!
//! A map is written with the operands of the instructions at which a frame can be seen, each as the
//! difference to those of the instruction before. Places are those of the indexed encoding of code.

use super::access::{Access, Size};
use super::costs::Costs;
use super::frame_map::FrameMap;
use super::operand::Kind;
use super::places::{Operands, ResumeClause, Source, Variable};
use super::resume_points::Calling;
use super::sites::Sites;
use crate::code::{Offset, Positions};
use crate::support::encoding::{self, Reader};
use crate::support::error::Result;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

/// The kinds of values, by the number that stands for each.
const KINDS: [Kind; 10] = [
    Kind::I32,
    Kind::I64,
    Kind::F32,
    Kind::F64,
    Kind::V128,
    Kind::FuncRef,
    Kind::ExternRef,
    Kind::ExnRef,
    Kind::ContRef,
    Kind::AnyRef,
];

/// Writes the parts of a map.
struct Writer<'a> {
    out: &'a mut Vec<u8>,
    positions: &'a Positions,
}

impl Writer<'_> {
    fn number(&mut self, number: u32) -> Result<()> {
        encoding::number(self.out, number.into())
    }

    fn place(&mut self, at: Offset) -> Result<()> {
        let place = self.positions.indexed(at);
        self.number(place.expect("maps name cells"))
    }

    /// Writes pairs of a place and a number, which applies to the cells from the place on, both as
    /// differences to the pair before.
    fn pairs(&mut self, pairs: &[(Offset, u32)]) -> Result<()> {
        encoding::size(self.out, pairs.len())?;
        let mut last = (0, 0);
        for &(at, number) in pairs {
            let place = self.positions.first_from(at);
            self.number(place - last.0)?;
            encoding::signed(self.out, i64::from(number) - i64::from(last.1))?;
            last = (place, number);
        }
        Ok(())
    }

    fn variable(&mut self, variable: &Variable) -> Result<()> {
        let kind = KINDS.iter().position(|&kind| kind == variable.kind);
        let kind = kind.expect("every kind has a number") as u8;
        let (source, slots) = match variable.source {
            Source::Slot(slot) => (0, [Some(slot), None]),
            Source::Constant(_) => (1, [None; 2]),
            Source::Accumulator => (2, [None; 2]),
            Source::Sum(a, b) => (3, [Some(a), Some(b)]),
            Source::AccumulatorSum(slot) => (4, [Some(slot), None]),
        };
        encoding::byte(self.out, kind | source << 4)?;
        if let Source::Constant(bits) = variable.source {
            encoding::number(self.out, bits)?;
        }
        let mut slots = slots.iter().flatten();
        slots.try_for_each(|&slot| encoding::signed(self.out, slot.into()))
    }

    fn variables(&mut self, variables: &[Variable]) -> Result<()> {
        encoding::size(self.out, variables.len())?;
        variables.iter().try_for_each(|it| self.variable(it))
    }

    /// Writes an operand stack as the difference to another one.
    fn stack(&mut self, stack: &[Variable], other: &[Variable]) -> Result<()> {
        let pairs = stack.iter().zip(other);
        let same = pairs.take_while(|(a, b)| a == b).count();
        encoding::size(self.out, other.len() - same)?;
        self.variables(&stack[same..])
    }

    fn operands(&mut self, operands: &Operands, before: &[Variable]) -> Result<()> {
        self.stack(&operands.before, before)?;
        let resume = &operands.resume;
        let parts = [
            operands.calling.is_some(),
            !operands.caught.is_empty(),
            !operands.accesses.is_empty(),
            !operands.clauses.is_empty(),
            resume.before.is_some(),
            resume.calling.is_some(),
            !resume.announced.is_empty(),
            resume.filled.is_some(),
        ];
        let parts = (0..)
            .zip(parts)
            .map(|(bit, is_there)| u8::from(is_there) << bit);
        encoding::byte(self.out, parts.sum())?;
        if let Some(calling) = &operands.calling {
            self.stack(calling, &operands.before)?;
        }
        if !operands.caught.is_empty() {
            self.variables(&operands.caught)?;
        }
        if !operands.accesses.is_empty() {
            encoding::size(self.out, operands.accesses.len())?;
            operands
                .accesses
                .iter()
                .try_for_each(|it| self.access(it))?;
        }
        if !operands.clauses.is_empty() {
            encoding::list(self.out, operands.clauses.iter(), |out, clause| {
                encoding::number(out, clause.tag.into())?;
                encoding::option(out, clause.label, |out, label| {
                    encoding::number(out, label.into())
                })
            })?;
        }
        if let Some(cell) = resume.before {
            self.place(cell)?;
            encoding::flag(self.out, resume.returns)?;
        }
        if let Some(calling) = resume.calling {
            self.place(calling.cell)?;
            encoding::signed(self.out, calling.arguments.into())?;
        }
        if !resume.announced.is_empty() {
            encoding::size(self.out, resume.announced.len())?;
            resume
                .announced
                .iter()
                .try_for_each(|&cell| self.place(cell))?;
        }
        match resume.filled {
            Some(slot) => encoding::signed(self.out, slot.into()),
            None => Ok(()),
        }
    }

    fn access(&mut self, access: &Access) -> Result<()> {
        if let Some(short) = short(access) {
            encoding::byte(self.out, short)?;
            return encoding::number(self.out, access.offset);
        }
        let (long, size) = match access.size {
            Size::Bytes(bytes) => (LONG, bytes),
            Size::Operand(operand) => (LONG | OPERAND, operand.into()),
        };
        encoding::byte(self.out, long)?;
        self.number(access.memory)?;
        self.number(access.address)?;
        encoding::number(self.out, access.offset)?;
        encoding::number(self.out, size)
    }
}

/// The first byte of an access of another form than that of [`short`].
const LONG: u8 = 0x80;
/// The bit of that byte for an access whose number of bytes is an operand.
const OPERAND: u8 = 1;

/// Returns the byte for all of an access but its offset, if that is of the usual form: the logarithm of
/// its number of bytes, and the operand that is its address in memory 0.
fn short(access: &Access) -> Option<u8> {
    let Size::Bytes(bytes) = access.size else {
        return None;
    };
    let is_usual = access.memory == 0 && access.address < 4 && bytes.is_power_of_two();
    let log2 = bytes.trailing_zeros();
    (is_usual && log2 < 8).then_some((access.address << 3 | log2) as u8)
}

/// Reads the parts of a map.
struct Parts<'r, 'a> {
    reader: &'r mut Reader<'a>,
    positions: &'r Positions,
}

impl Parts<'_, '_> {
    fn place(&mut self) -> Result<Offset> {
        let place = self.reader.index()?;
        let place = self.positions.direct(place);
        self.reader.expect(place, "the place of a cell")
    }

    fn slot(&mut self) -> Result<i32> {
        let slot = i32::try_from(self.reader.signed()?);
        self.reader.expect(slot.ok(), "a slot")
    }

    fn pairs(&mut self) -> Result<Vec<(Offset, u32)>> {
        let positions = self.positions;
        let mut last = (0u32, 0u32);
        self.reader.list(|reader| {
            last.0 = last.0.wrapping_add(reader.index()?);
            last.1 = last.1.wrapping_add(reader.signed()? as u32);
            let place = positions.direct(last.0);
            Ok((reader.expect(place, "the place of a cell")?, last.1))
        })
    }

    fn variable(&mut self) -> Result<Variable> {
        let byte = self.reader.byte()?;
        let kind = KINDS.get(usize::from(byte & 15)).copied();
        let kind = self.reader.expect(kind, "the kind of a value")?;
        let source = match byte >> 4 {
            0 => Source::Slot(self.slot()?),
            1 => Source::Constant(self.reader.number()?),
            2 => Source::Accumulator,
            3 => Source::Sum(self.slot()?, self.slot()?),
            4 => Source::AccumulatorSum(self.slot()?),
            _ => return Err(self.reader.malformed("the source of a value")),
        };
        Ok(Variable { kind, source })
    }

    fn variables(&mut self, into: &mut Vec<Variable>) -> Result<()> {
        for _ in 0..self.reader.index()? {
            into.push(self.variable()?);
        }
        Ok(())
    }

    /// Reads an operand stack, which differs from the one in `stack`, into that.
    fn stack(&mut self, stack: &mut Vec<Variable>) -> Result<()> {
        let popped = self.reader.index()? as usize;
        let kept = stack.len().checked_sub(popped);
        stack.truncate(self.reader.expect(kept, "operands")?);
        self.variables(stack)
    }

    /// Reads the operands at an instruction. `before` are those of the instruction before it, and
    /// afterwards those of this one.
    fn operands(&mut self, before: &mut Vec<Variable>) -> Result<Operands> {
        self.stack(before)?;
        let parts = self.reader.byte()?;
        let has = |bit: u32| parts >> bit & 1 != 0;
        let mut operands = Operands::default();
        if has(0) {
            let mut calling = before.clone();
            self.stack(&mut calling)?;
            operands.calling = Some(calling);
        }
        if has(1) {
            self.variables(&mut operands.caught)?;
        }
        if has(2) {
            for _ in 0..self.reader.index()? {
                let access = self.access()?;
                operands.accesses.push(access);
            }
        }
        if has(3) {
            operands.clauses = self.reader.list(|reader| {
                Ok(ResumeClause {
                    tag: reader.index()?,
                    label: reader.option(Reader::index)?,
                })
            })?;
        }
        let resume = &mut operands.resume;
        if has(4) {
            resume.before = Some(self.place()?);
            resume.returns = self.reader.flag()?;
        }
        if has(5) {
            resume.calling = Some(Calling {
                cell: self.place()?,
                arguments: self.slot()?,
            });
        }
        if has(6) {
            for _ in 0..self.reader.index()? {
                resume.announced.push(self.place()?);
            }
        }
        if has(7) {
            resume.filled = Some(self.slot()?);
        }
        operands.before.clone_from(before);
        Ok(operands)
    }

    fn access(&mut self) -> Result<Access> {
        let first = self.reader.byte()?;
        if first & LONG == 0 {
            return Ok(Access {
                memory: 0,
                address: u32::from(first >> 3 & 3),
                offset: self.reader.number()?,
                size: Size::Bytes(1 << (first & 7)),
            });
        }
        Ok(Access {
            memory: self.reader.index()?,
            address: self.reader.index()?,
            offset: self.reader.number()?,
            size: match first & OPERAND {
                0 => Size::Bytes(self.reader.number()?),
                _ => Size::Operand(self.reader.index()?),
            },
        })
    }
}

impl FrameMap {
    /// Appends the map to `out`.
    ///
    /// # Panics
    ///
    /// If a place is that of no cell.
    pub(super) fn write(&self, out: &mut Vec<u8>, positions: &Positions) -> Result<()> {
        let mut writer = Writer { out, positions };
        writer.number(self.extent)?;
        encoding::flag(writer.out, self.is_large)?;
        writer.place(self.entry.start)?;
        writer.place(self.entry.end)?;
        encoding::option(writer.out, self.first_instruction, |out, first| {
            encoding::number(out, first.into())
        })?;
        writer.pairs(self.sites.starts())?;
        writer.pairs(self.costs.starts())?;
        writer.variables(&self.locals)?;
        encoding::size(writer.out, self.operands.len())?;
        let (mut last, mut before): (u32, &[Variable]) = (0, &[]);
        for (&wasm, operands) in &self.operands {
            writer.number(wasm - last)?;
            writer.operands(operands, before)?;
            (last, before) = (wasm, &operands.before);
        }
        Ok(())
    }

    /// Reads a map, with the operands of the instructions at these offsets in the module, which ascend.
    ///
    /// # Errors
    ///
    /// If the bytes are not a map.
    pub(super) fn read(
        reader: &mut Reader<'_>,
        positions: &Positions,
        wanted: &[u32],
    ) -> Result<FrameMap> {
        let mut parts = Parts { reader, positions };
        let extent = parts.reader.index()?;
        let is_large = parts.reader.flag()?;
        let entry = parts.place()?..parts.place()?;
        let first_instruction = parts.reader.option(Reader::index)?;
        let sites = Sites::from_starts(parts.pairs()?);
        let costs = Costs::from_starts(parts.pairs()?);
        let mut locals = Vec::new();
        parts.variables(&mut locals)?;
        let (mut wasm, mut before) = (0u32, Vec::new());
        let mut operands = BTreeMap::new();
        for _ in 0..parts.reader.index()? {
            wasm = wasm.wrapping_add(parts.reader.index()?);
            let here = parts.operands(&mut before)?;
            if wanted.binary_search(&wasm).is_ok() {
                operands.insert(wasm, here);
            }
        }
        Ok(FrameMap {
            sites,
            costs,
            entry,
            first_instruction,
            extent,
            is_large,
            locals,
            operands,
        })
    }
}
