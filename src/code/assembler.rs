//! Writes cells one after the other, while they still can be changed.
//!
//! Until [`Assembler::finish`], word 0 of a cell holds its opcode, branch targets are
//! word offsets and a callee's entry is a function index; so cells can be taken back,
//! re-targeted and printed. Finishing replaces them by addresses.

use super::clauses::{self, Clause};
use super::fusion;
use super::layout::{Field, Mode};
use super::opcode::{Op, Opcode};
use alloc::vec::Vec;

/// A place in the code of a function, in words from its first cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Offset(pub u32);

/// What must become an address when the code is finished.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Relocation {
    /// A branch target.
    Target,
    /// A callee's code, as it is now.
    Code,
    /// Where a callee's code is published.
    Entry,
    /// What was to become an address has gone.
    Nothing,
}

/// The code of one function, under construction.
#[derive(Debug, Default)]
pub struct Assembler {
    pub(super) words: Vec<u64>,
    pub(super) relocations: Vec<(u32, Relocation)>,
    /// The last cells since a label, oldest first.
    recent: Vec<u32>,
    /// The lowest cell that was taken back since the mark.
    taken_back: u32,
    /// See [`Assembler::mark`].
    mark: u32,
}

/// The most words to make room for at once.
const MOST_RESERVED: usize = 4096;

/// How many cells are remembered as the last ones.
const RECENT: usize = 16;

impl Assembler {
    /// No code, with room for what a body of so many bytes needs as a rule.
    pub fn for_body(bytes: usize) -> Assembler {
        Assembler {
            words: Vec::with_capacity(bytes.min(MOST_RESERVED)),
            relocations: Vec::with_capacity(bytes.min(MOST_RESERVED) / 8),
            recent: Vec::with_capacity(RECENT),
            ..Assembler::default()
        }
    }

    /// Forgets everything but the room for it.
    pub fn clear(&mut self) {
        self.words.clear();
        self.relocations.clear();
        self.recent.clear();
    }

    /// Where the next cell will stand.
    pub fn here(&self) -> Offset {
        Offset(self.words.len() as u32)
    }

    /// The last cell, unless a label stands behind it.
    pub fn last(&self) -> Option<Offset> {
        self.recent.last().copied().map(Offset)
    }

    /// Says that what comes next can be reached in other ways than from the last cell.
    pub fn label(&mut self) -> Offset {
        self.recent.clear();
        self.here()
    }

    /// Begins a cell, all its fields zero.
    pub fn cell(&mut self, opcode: Opcode) -> CellWriter<'_> {
        let at = self.words.len();
        if self.recent.len() == RECENT {
            self.recent.drain(..RECENT / 2);
        }
        self.recent.push(at as u32);
        let len = opcode.words();
        let cell = [head(opcode, len), 0, 0, 0];
        // By an iterator: cells are short, and a call that fills memory is long.
        self.words.extend(cell.into_iter().take(len));
        CellWriter {
            assembler: self,
            at,
        }
    }

    /// Takes back the last cell and returns what it was. What it wrote must not have been
    /// read.
    ///
    /// # Panics
    ///
    /// If there is no last cell.
    pub fn take_back(&mut self) -> TakenCell {
        let at = self.recent.pop().expect("there is a last cell") as usize;
        let mut words = [0; 4];
        words[..self.words.len() - at].copy_from_slice(&self.words[at..]);
        self.words.truncate(at);
        self.taken_back = self.taken_back.min(at as u32);
        while self
            .relocations
            .last()
            .is_some_and(|&(word, _)| word as usize >= at)
        {
            self.relocations.pop();
        }
        TakenCell {
            opcode: opcode_of(words[0]),
            words,
        }
    }

    /// Marks the present end of the code, for [`Assembler::taken_back_to`].
    pub fn mark(&mut self) {
        self.mark = self.here().0;
        self.taken_back = self.mark;
    }

    /// Where the code ended in the meantime, if cells from before the mark were taken back.
    pub fn taken_back_to(&self) -> Option<Offset> {
        (self.taken_back < self.mark).then_some(Offset(self.taken_back))
    }

    /// The opcode of a cell.
    pub fn opcode_at(&self, cell: Offset) -> Opcode {
        opcode_of(self.words[cell.0 as usize])
    }

    /// The number of the handler for the cell at `cell` and those behind it, and how many
    /// cells it is for: see [`fusion`].
    pub(super) fn handler_at(&self, cell: Offset) -> (u16, usize) {
        let mut at = cell.0 as usize;
        fusion::longest(core::iter::from_fn(|| {
            let &head = self.words.get(at)?;
            at += words_of(head);
            Some(opcode_of(head))
        }))
    }

    /// Makes another op of a cell with the same fields.
    pub fn set_opcode(&mut self, cell: Offset, opcode: Opcode) {
        debug_assert_eq!(self.opcode_at(cell).fields(), opcode.fields());
        self.words[cell.0 as usize] = head(opcode, opcode.words());
    }

    /// Makes a cell whose result is in the accumulator put it into a slot as well.
    pub fn put_result(&mut self, cell: Offset, slot: i16) {
        let at = cell.0 as usize;
        let opcode = self.opcode_at(cell).with_slot_result();
        debug_assert!(matches!(opcode.fields().first(), Some(Field::D0)));
        self.words[at] = head(opcode, opcode.words());
        self.words[at + 1] = set_bits(self.words[at + 1], 0, 16, slot as u16 as u64);
    }

    /// Makes a cell that puts its result into a slot put it into another one.
    pub fn set_result(&mut self, cell: Offset, slot: i16) {
        let at = cell.0 as usize;
        debug_assert!(matches!(
            self.opcode_at(cell).fields().first(),
            Some(Field::D0)
        ));
        self.words[at + 1] = set_bits(self.words[at + 1], 0, 16, u64::from(slot as u16));
    }

    /// Whether the last cell copies slots.
    pub fn copies_last(&self) -> bool {
        self.recent.last().is_some_and(|&at| {
            let op = self.opcode_at(Offset(at)).parts().0;
            matches!(
                op,
                Op::Copy | Op::Copy2 | Op::Copy4 | Op::CopyThrough | Op::CopyThrough2
            )
        })
    }

    /// Copies a slot to another one: as one more copy of the last cell, if that can take
    /// it. The copies of a cell are made one after the other. Accumulators stay as they are.
    pub fn copy(&mut self, to: i16, from: i16) {
        let pair = u64::from(to as u16) | u64::from(from as u16) << 16;
        let last = self
            .recent
            .last()
            .map(|&at| (at as usize, self.opcode_at(Offset(at))));
        match last {
            Some((at, opcode)) if opcode == Op::Copy.opcode() => {
                self.words[at] = head(Op::Copy2.opcode(), 2);
                self.words[at + 1] |= pair << 32;
            }
            Some((at, opcode)) if opcode == Op::CopyThrough.opcode() => {
                self.words[at] = head(Op::CopyThrough2.opcode(), 2);
                self.words[at + 1] |= pair << 32;
            }
            Some((at, opcode)) if opcode == Op::Copy2.opcode() => {
                // The third copy is made twice, until there is a fourth.
                self.words[at] = head(Op::Copy4.opcode(), 3);
                self.words.push(pair | pair << 32);
            }
            Some((at, opcode))
                if opcode == Op::Copy4.opcode()
                    && self.words[at + 2] >> 32 == self.words[at + 2] & 0xffff_ffff =>
            {
                self.words[at + 2] = self.words[at + 2] & 0xffff_ffff | pair << 32;
            }
            _ => {
                self.cell(Op::Copy.opcode()).field(0, to).field(1, from);
            }
        }
    }

    /// Replaces a plain branch by the last cell, a return that stands where the branch
    /// leads to and is as long. Where it returns what the copy before the branch has
    /// copied, it takes the copy's place, and returns that itself.
    pub fn thread(&mut self, branch: Offset, copy: Option<Offset>) {
        let Some(&last) = self.recent.last() else {
            return;
        };
        let (at, last) = (branch.0 as usize, last as usize);
        debug_assert_eq!(self.opcode_at(branch), Op::Branch.opcode());
        debug_assert_eq!(self.words.len() - last, 2);
        self.words.copy_within(last..last + 2, at);
        let field = |word: u64, field: usize| word >> (16 * field) & 0xffff;
        if let Some(copy) = copy.map(|copy| copy.0 as usize)
            && self.opcode_at(Offset(last as u32)) == Op::ReturnSlot.opcode()
            && field(self.words[copy + 1], 0) == field(self.words[last + 1], 1)
        {
            let source = field(self.words[copy + 1], 1);
            self.words[copy] = self.words[last];
            self.words[copy + 1] = set_bits(self.words[last + 1], 16, 16, source);
        }
        let word = at as u32 + 1;
        if let Ok(index) = self
            .relocations
            .binary_search_by_key(&word, |&(word, _)| word)
        {
            self.relocations[index].1 = Relocation::Nothing;
        }
    }

    /// The word that a branch cell's target stands in.
    fn target_word(&self, cell: Offset) -> usize {
        let at = cell.0 as usize;
        let opcode = self.opcode_at(cell);
        if opcode.parts().0 == Op::Branch {
            at + 1
        } else {
            at + opcode.words() - 1
        }
    }

    /// Sets the target of a branch cell.
    pub fn set_target(&mut self, cell: Offset, target: Offset) {
        let word = self.target_word(cell);
        self.words[word] = u64::from(target.0);
    }

    /// Sets the target of a clause, from 1 on, or of the return, 0.
    pub fn set_clause_target(&mut self, cell: Offset, index: u32, target: Offset) {
        self.words[cell.0 as usize + clauses::target_word(index as usize)] = u64::from(target.0);
    }

    /// Sets the slot that a clause, from 1 on, puts the reference to what was suspended
    /// into, by its distance from the record in bytes.
    pub fn set_clause_slot(&mut self, cell: Offset, index: u32, distance: u32) {
        let word = clauses::clause_word(index as usize) + clauses::SUSPENDED;
        self.words[cell.0 as usize + word] = extended(distance);
    }

    /// Sets a target of a branch table.
    pub fn set_table_target(&mut self, cell: Offset, index: u32, target: Offset) {
        self.words[cell.0 as usize + 2 + index as usize] = u64::from(target.0);
    }
}

/// A cell that was taken back.
#[derive(Clone, Copy, Debug)]
pub struct TakenCell {
    /// What it was.
    pub opcode: Opcode,
    words: [u64; 4],
}

impl TakenCell {
    /// A 16-bit slot field.
    pub fn slot(&self, field: usize) -> i16 {
        (self.words[1 + field / 4] >> (field % 4 * 16)) as i16
    }

    /// An immediate: the 32-bit one, or the word of its own where `wide`.
    pub fn immediate(&self, wide: bool) -> u64 {
        if wide {
            self.words[2]
        } else {
            self.words[1] >> 32
        }
    }
}

/// Fills in a cell's fields.
#[derive(Debug)]
pub struct CellWriter<'a> {
    assembler: &'a mut Assembler,
    at: usize,
}

impl CellWriter<'_> {
    /// Where the cell stands.
    pub fn offset(&self) -> Offset {
        Offset(self.at as u32)
    }

    /// A 16-bit field, counted from byte 8.
    pub fn field(self, field: usize, value: i16) -> Self {
        self.bits(8 + 2 * field, 16, u64::from(value as u16))
    }

    /// A 16-bit unsigned immediate at a byte of the cell.
    pub fn u16(self, byte: usize, value: u16) -> Self {
        self.bits(byte, 16, u64::from(value))
    }

    /// A 32-bit immediate at a byte of the cell.
    pub fn u32(self, byte: usize, value: u32) -> Self {
        self.bits(byte, 32, u64::from(value))
    }

    /// A 64-bit immediate in a word.
    pub fn word(self, word: usize, value: u64) -> Self {
        self.assembler.words[self.at + word] = value;
        self
    }

    /// A callee in word 1, by its code as it is now: running code will replace it.
    pub fn callee_code(self, function: u32) -> Self {
        self.relocated(1, u64::from(function), Relocation::Code)
    }

    /// A callee in word 1, by the place where its code is published.
    pub fn callee_entry(self, function: u32) -> Self {
        self.relocated(1, u64::from(function), Relocation::Entry)
    }

    /// A branch target in the cell's last word (in word 1 of a plain branch).
    pub fn target(self, target: Offset) -> Self {
        let word = self.assembler.target_word(self.offset()) - self.at;
        self.relocated(word, u64::from(target.0), Relocation::Target)
    }

    fn relocated(self, word: usize, value: u64, relocation: Relocation) -> Self {
        self.assembler
            .relocations
            .push(((self.at + word) as u32, relocation));
        self.word(word, value)
    }

    /// Room for a table of `count` branch targets.
    pub fn targets(self, count: u32) -> Self {
        let opcode = self.assembler.opcode_at(self.offset());
        self.assembler.words[self.at] = head(opcode, opcode.words() + count as usize);
        let first = self.assembler.words.len() as u32;
        self.assembler.words.resize((first + count) as usize, 0);
        self.assembler
            .relocations
            .extend((first..first + count).map(|word| (word, Relocation::Target)));
        self.u32(12, count)
    }

    /// Room for the targets of the clauses in `list` and of the return, and what else a
    /// cell says that resumes the continuation named at the distance `reference` from the
    /// record (see [`clauses`]).
    pub fn clauses(self, values: u32, tag: u32, reference: u32, list: &[Clause]) -> Self {
        let at = self.at;
        let len = clauses::words(list.len());
        let assembler = &mut *self.assembler;
        assembler.words[at] = head(opcode_of(assembler.words[at]), len);
        assembler.words.resize(at + len, 0);
        for index in 0..=list.len() {
            let word = at + clauses::target_word(index);
            assembler
                .relocations
                .push((word as u32, Relocation::Target));
        }
        for (index, clause) in list.iter().enumerate() {
            assembler.words[at + clauses::clause_word(index + 1)] = clause.encode();
        }
        assembler.words[at + len - 1] = clauses::END;
        assembler.words[at + clauses::REFERENCE] = extended(reference);
        self.u32(12, list.len() as u32 + 1)
            .u32(16, values)
            .u32(20, tag)
    }

    fn bits(self, byte: usize, width: usize, value: u64) -> Self {
        let word = &mut self.assembler.words[self.at + byte / 8];
        *word = set_bits(*word, byte % 8 * 8, width, value);
        self
    }
}

/// The modes of an operand that a cell can have, from an operand's place.
pub fn mode_index(modes: &[(Mode, Mode)], wanted: (Mode, Mode)) -> Option<u8> {
    modes
        .iter()
        .position(|&modes| modes == wanted)
        .map(|index| index as u8)
}

/// Word 0 of a cell under assembly: its opcode, and the number of its words.
fn head(opcode: Opcode, words: usize) -> u64 {
    u64::from(opcode.number()) | (words as u64) << 16
}

/// The opcode in word 0 of a cell under assembly.
pub(super) fn opcode_of(head: u64) -> Opcode {
    Opcode::new(head as u16)
}

/// The number of words of the cell under assembly whose word 0 this is.
pub(super) fn words_of(head: u64) -> usize {
    (head >> 16) as usize
}

/// A distance of 32 bits as a word.
fn extended(distance: u32) -> u64 {
    i64::from(distance.cast_signed()).cast_unsigned()
}

fn set_bits(word: u64, shift: usize, width: usize, value: u64) -> u64 {
    let mask = (u64::MAX >> (64 - width)) << shift;
    word & !mask | value << shift
}
