//! The indexed encoding: code as bytes that are the same on every target and under every set of
//! fused cells. Archives contain it.
//!
//! A cell is a run of 32-bit units. It begins with its opcode, as the 16-bit number that is the same in
//! every build ([`Opcode::portable`]). The fields follow in the order of the direct encoding (see
//! [`layout`](super::layout)), each at the next multiple of its size, those of 64 bits at the next unit.
//! Numbers are little-endian.
//!
//! ```text
//!   byte  0       2       4       6       8
//!         opcode  result  a       b               i32.add_ss.d
//!         opcode  (2)     a       (2)             i32.add_si:   an immediate of 32 bits follows
//! ```
//!
//! | field | encoding |
//! |---|---|
//! | target of a branch | distance from the cell, in units, signed |
//! | callee | function's index in the module |
//! | type | index in the module's types |
//! | list of targets | each as the target of a branch |
//! | clauses | each as its tag with the flag for `switch` in bit 31, its target, its slot |
//!
//! The lengths of lists are in the fields before them, so that a cell's size follows from its bytes.

use super::assembler::{Assembler, Offset, Relocation, head, opcode_of, words_of};
use super::clauses::{self, Awaits, Clause, Handles};
use super::field::{FieldKind, FieldType};
use super::layout;
use super::opcode::Opcode;
use crate::ids::TypeId;
use crate::support::encoding::Reader;
use crate::support::error::Result;
use alloc::vec::Vec;
use core::cell::Cell;

/// The bytes of a unit.
const UNIT: usize = 4;

/// The byte of a cell at which its fields begin.
const FIRST: usize = 2;

/// The bit of a clause's tag for `switch`.
const SWITCH: u32 = 1 << 31;

/// The bytes of a clause.
const CLAUSE: usize = 3 * UNIT;

/// The bytes of a field.
const fn size(kind: FieldKind) -> usize {
    match kind {
        FieldKind::Target | FieldKind::CalleeCode | FieldKind::CalleeEntry => UNIT,
        FieldKind::Targets | FieldKind::Clauses => 0,
        _ => kind.size(),
    }
}

/// Calls `field` with the kind of each field, and the bytes at which it begins in the direct and in the
/// indexed encoding. Returns the size in bytes of an indexed cell, without the elements of a list.
fn for_each_field(opcode: Opcode, mut field: impl FnMut(FieldKind, usize, usize)) -> usize {
    let mut next = FIRST;
    opcode.for_each_field(|kind, direct| {
        let size = size(kind);
        let alignment = if kind.is_list() { UNIT } else { size.min(UNIT) };
        let indexed = next.next_multiple_of(alignment);
        next = indexed + size;
        field(kind, direct, indexed);
    });
    next.next_multiple_of(UNIT)
}

/// The places of cells in both encodings.
#[derive(Clone, Debug, Default)]
pub struct Positions {
    /// The first word and the first unit of each cell, and the ends. Both ascend.
    places: Vec<(u32, u32)>,
}

impl Positions {
    /// Returns the place in units of the cell at an offset, or of the end. The word behind a cell's first
    /// one, at which a stack is left that resumes another, is the unit behind its first one.
    pub fn indexed(&self, Offset(direct): Offset) -> Option<u32> {
        let at = self.places.partition_point(|&(word, _)| word <= direct);
        let (word, unit) = *self.places.get(at.checked_sub(1)?)?;
        let within = direct - word;
        (within <= 1).then_some(unit + within)
    }

    /// Returns the place in units of the first cell at or behind an offset, or of the end.
    pub fn first_from(&self, Offset(direct): Offset) -> u32 {
        let at = self.places.partition_point(|&(word, _)| word < direct);
        let place = self.places.get(at).or(self.places.last());
        place.map_or(0, |&(_, unit)| unit)
    }

    /// Returns the offset that [`Positions::indexed`] has converted.
    pub fn direct(&self, indexed: u32) -> Option<Offset> {
        let at = self.places.partition_point(|&(_, unit)| unit <= indexed);
        let (word, unit) = *self.places.get(at.checked_sub(1)?)?;
        let within = indexed - unit;
        (within <= 1).then_some(Offset(word + within))
    }

    /// Finds the cells in bytes in the indexed encoding.
    ///
    /// # Errors
    ///
    /// If the bytes are not such cells.
    pub fn read(bytes: &[u8]) -> Result<Positions> {
        let mut positions = Positions::default();
        let (mut word, mut at) = (0, 0);
        while at < bytes.len() {
            let cell = IndexedCell::read(&bytes[at..])?;
            positions.push(word, at / UNIT);
            word += cell.words();
            at += cell.bytes.len();
        }
        positions.push(word, at / UNIT);
        Ok(positions)
    }

    fn push(&mut self, word: usize, unit: usize) {
        self.places.push((word as u32, unit as u32));
    }
}

impl Assembler {
    /// Appends the cells in the indexed encoding, and returns where they stand. `ty` returns the index
    /// of a type in the module; `None` if it has none.
    ///
    /// # Panics
    ///
    /// If a branch leads to no cell, or a type is not the module's.
    pub fn write_indexed(
        &self,
        out: &mut Vec<u8>,
        ty: impl Fn(TypeId) -> Option<u32>,
    ) -> Positions {
        let index = |id: TypeId| match id {
            TypeId::NONE => id.0,
            id => ty(id).expect("the types in code are those of its module"),
        };
        let first = out.len();
        let mut positions = Positions::default();
        let mut unit = 0;
        for cell in self.heads() {
            positions.push(cell, unit);
            let bytes = for_each_field(opcode_of(self.words[cell]), |_, _, _| {});
            unit += (bytes + self.list_bytes(cell)) / UNIT;
        }
        positions.push(self.words.len(), unit);
        for cell in self.heads() {
            let words = &self.words[cell..][..words_of(self.words[cell])];
            let opcode = opcode_of(words[0]);
            let start = out.len();
            let here = ((start - first) / UNIT) as u32;
            let distance = |target: u64| {
                let target = positions.indexed(Offset(target as u32));
                target.expect("a branch leads to a cell").wrapping_sub(here)
            };
            out.extend(opcode.portable().to_le_bytes());
            for_each_field(opcode, |kind, direct, indexed| {
                out.resize(start + indexed, 0);
                if kind == FieldKind::Targets {
                    for &target in &words[opcode.words()..] {
                        out.extend(distance(target).to_le_bytes());
                    }
                    return;
                }
                if kind == FieldKind::Clauses {
                    for words in clauses(words) {
                        let clause = Clause::decode(words[0]);
                        let (target, switch) = match clause.handles {
                            Handles::Suspend => (distance(words[clauses::TARGET]), 0),
                            Handles::Switch => (0, SWITCH),
                        };
                        let slot = words[clauses::SUSPENDED] as u32;
                        for number in [clause.tag | switch, target, slot] {
                            out.extend(number.to_le_bytes());
                        }
                    }
                    return;
                }
                let bits = layout::read(words, direct, kind);
                let bits = match kind {
                    FieldKind::Target => distance(bits).into(),
                    FieldKind::Type => index(TypeId::from_bits(bits)).into(),
                    FieldKind::Awaits => {
                        let awaits = Awaits::from_bits(bits);
                        awaits.of(TypeId(index(awaits.ty()))).to_bits()
                    }
                    _ => bits,
                };
                out.extend(&bits.to_le_bytes()[..size(kind)]);
            });
            out.resize(first + (out.len() - first).next_multiple_of(UNIT), 0);
        }
        positions
    }

    /// Returns the first word of each cell.
    fn heads(&self) -> impl Iterator<Item = usize> {
        let mut at = 0;
        core::iter::from_fn(move || {
            let cell = at;
            at += words_of(*self.words.get(cell)?);
            Some(cell)
        })
    }

    /// Returns the number of bytes of a cell's list in the indexed encoding.
    fn list_bytes(&self, cell: usize) -> usize {
        let words = &self.words[cell..][..words_of(self.words[cell])];
        let mut bytes = 0;
        opcode_of(words[0]).for_each_field(|kind, _| match kind {
            FieldKind::Targets => bytes = UNIT * (words.len() - opcode_of(words[0]).words()),
            FieldKind::Clauses => bytes = CLAUSE * clauses(words).count(),
            _ => {}
        });
        bytes
    }

    /// Reads cells in the indexed encoding, whose places are `positions`. `ty` returns the type at an
    /// index in the module; `None` if there is none.
    ///
    /// # Errors
    ///
    /// If the bytes are not such cells. Fields are not checked.
    pub fn read_indexed(
        bytes: &[u8],
        positions: &Positions,
        ty: impl Fn(u32) -> Option<TypeId>,
    ) -> Result<Assembler> {
        let mut assembler = Assembler::default();
        let words = positions.places.last().map_or(0, |&(end, _)| end);
        assembler.words.reserve_exact(words as usize);
        let mut at = 0;
        while at < bytes.len() {
            let cell = IndexedCell::read(&bytes[at..])?;
            cell.write(&mut assembler, positions, (at / UNIT) as u32, &ty)?;
            at += cell.bytes.len();
        }
        Ok(assembler)
    }
}

/// Returns the clauses in the words of a cell that resumes.
fn clauses(words: &[u64]) -> impl Iterator<Item = &[u64]> {
    words[clauses::FIRST_CLAUSE..words.len() - 1].chunks_exact(clauses::CLAUSE_WORDS)
}

/// A cell in the indexed encoding.
struct IndexedCell<'a> {
    opcode: Opcode,
    bytes: &'a [u8],
    /// The value of the field for the length of a list; 0 if there is none.
    length: usize,
    list: Option<FieldKind>,
}

impl<'a> IndexedCell<'a> {
    /// Reads the first cell of `bytes`.
    fn read(bytes: &'a [u8]) -> Result<IndexedCell<'a>> {
        let reader = Reader::new(bytes);
        let number = bytes.first_chunk().copied().map(u16::from_le_bytes);
        let opcode = number.and_then(Opcode::from_portable);
        let opcode = reader.expect(opcode, "an opcode of this build")?;
        let (mut length, mut list) = (0, None);
        let fixed = for_each_field(opcode, |kind, _, at| match kind {
            FieldKind::Length => length = number_at(bytes, at, kind) as usize,
            kind if kind.is_list() => list = Some(kind),
            _ => {}
        });
        let elements = match list {
            Some(FieldKind::Targets) => UNIT.saturating_mul(length),
            // The return is counted as well.
            Some(_) => CLAUSE.saturating_mul(length.saturating_sub(1)),
            None => 0,
        };
        let bytes = reader.expect(bytes.get(..fixed.saturating_add(elements)), "a whole cell")?;
        Ok(IndexedCell {
            opcode,
            bytes,
            length,
            list,
        })
    }

    /// Returns the number of words of the cell in the direct encoding.
    fn words(&self) -> usize {
        match self.list {
            Some(FieldKind::Targets) => self.opcode.words() + self.length,
            Some(_) => clauses::words(self.length.saturating_sub(1)),
            None => self.opcode.words(),
        }
    }

    /// Appends the cell in the direct encoding. It stands at the unit `here`.
    fn write(
        &self,
        assembler: &mut Assembler,
        positions: &Positions,
        here: u32,
        ty: &impl Fn(u32) -> Option<TypeId>,
    ) -> Result<()> {
        // What was expected where a field is wrong.
        let expected = Cell::new(None);
        let target = |distance: u64| {
            let target = positions.direct(here.wrapping_add(distance as u32));
            let Offset(word) = target.unwrap_or_else(|| {
                expected.set(Some("the target of a branch"));
                Offset(0)
            });
            u64::from(word)
        };
        let id = |index: u32| match TypeId(index) {
            TypeId::NONE => TypeId::NONE,
            _ => ty(index).unwrap_or_else(|| {
                expected.set(Some("a type of the module"));
                TypeId::NONE
            }),
        };
        let at = assembler.words.len();
        let Assembler {
            words, relocations, ..
        } = assembler;
        words.resize(at + self.words(), 0);
        let cell = &mut words[at..];
        cell[0] = head(self.opcode, self.words());
        for_each_field(self.opcode, |kind, direct, indexed| {
            let unit = |index: usize| number_at(self.bytes, indexed + UNIT * index, FieldKind::U32);
            if kind == FieldKind::Targets {
                let first = self.opcode.words();
                for index in 0..self.length {
                    cell[first + index] = target(unit(index));
                    relocations.push(((at + first + index) as u32, Relocation::Target));
                }
                return;
            }
            if kind == FieldKind::Clauses {
                for index in 1..self.length {
                    let [tag, distance, slot] = [0, 1, 2].map(|part| unit(3 * (index - 1) + part));
                    let is_switch = tag as u32 & SWITCH != 0;
                    let clause = Clause {
                        tag: tag as u32 & !SWITCH,
                        handles: if is_switch {
                            Handles::Switch
                        } else {
                            Handles::Suspend
                        },
                    };
                    let word = clauses::clause_word(index);
                    cell[word] = clause.encode();
                    cell[word + clauses::TARGET] = if is_switch { 0 } else { target(distance) };
                    cell[word + clauses::SUSPENDED] = i64::from(slot as i32).cast_unsigned();
                    let word = at + clauses::target_word(index);
                    relocations.push((word as u32, Relocation::Target));
                }
                cell[clauses::words(self.length.saturating_sub(1)) - 1] = clauses::END;
                return;
            }
            let bits = number_at(self.bytes, indexed, kind);
            let bits = match kind {
                FieldKind::Target => target(bits),
                FieldKind::Type => id(bits as u32).to_bits(),
                FieldKind::Awaits => {
                    let awaits = Awaits::from_bits(bits);
                    awaits.of(id(awaits.ty().0)).to_bits()
                }
                _ => bits,
            };
            layout::write(cell, direct, kind, bits);
            if let Some(relocation) = Relocation::of(kind) {
                relocations.push(((at + direct / size_of::<u64>()) as u32, relocation));
            }
        });
        match expected.get() {
            None => Ok(()),
            Some(expected) => Err(Reader::new(self.bytes).malformed(expected)),
        }
    }
}

/// Reads a field of a cell; 0 where the cell's bytes have ended.
fn number_at(bytes: &[u8], at: usize, kind: FieldKind) -> u64 {
    let mut number = [0; 8];
    if let Some(field) = bytes.get(at..at + size(kind)) {
        number[..field.len()].copy_from_slice(field);
    }
    u64::from_le_bytes(number)
}
