//! Prints cells under assembly.

use super::assembler::{Assembler, Offset, opcode_of, words_of};
use super::clauses::{self, Clause, Handles};
use super::layout::Field;
use core::fmt;

/// One cell, for people.
#[derive(Clone, Copy, Debug)]
pub struct CellText<'a> {
    words: &'a [u64],
    /// Where it stands.
    pub offset: Offset,
    /// How many cells its handler carries out, this one among them.
    pub fused: usize,
}

impl Assembler {
    /// All cells, in order.
    pub fn cells(&self) -> impl Iterator<Item = CellText<'_>> {
        let mut at = 0;
        core::iter::from_fn(move || {
            let rest = self.words.get(at..).filter(|rest| !rest.is_empty())?;
            let words = &rest[..words_of(rest[0])];
            let offset = Offset(at as u32);
            at += words.len();
            let (_, fused) = self.handler_at(offset);
            Some(CellText {
                words,
                offset,
                fused,
            })
        })
    }
}

impl fmt::Display for CellText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let opcode = opcode_of(self.words[0]);
        let (name, suffix) = opcode.name();
        write!(f, "{name}{suffix}")?;
        for (index, &field) in opcode.fields().iter().enumerate() {
            f.write_str(if index == 0 { " " } else { ", " })?;
            self.field(f, field)?;
        }
        if self.fused > 1 {
            write!(f, " ; and the next {}", self.fused - 1)?;
        }
        Ok(())
    }
}

impl CellText<'_> {
    fn field(&self, f: &mut fmt::Formatter<'_>, field: Field) -> fmt::Result {
        use Field::*;
        let near = |index: usize| i64::from(self.bits(8 + 2 * index, 16) as i16);
        let far = |byte: usize| i64::from(self.bits(byte, 32) as i32);
        match field {
            D0 | S0 => slot(f, near(0)),
            S1 => slot(f, near(1)),
            D2 | S2 => slot(f, near(2)),
            S3 => slot(f, near(3)),
            D4 | S4 => slot(f, near(4)),
            S5 => slot(f, near(5)),
            D6 => slot(f, near(6)),
            S7 => slot(f, near(7)),
            H14 => write!(f, "{}", self.bits(14, 16)),
            H20 => write!(f, "{}", self.bits(20, 16)),
            H22 => write!(f, "{}", self.bits(22, 16)),
            U12 => write!(f, "{}", self.bits(12, 32)),
            U16 => write!(f, "{}", self.bits(16, 32)),
            U20 => write!(f, "{}", self.bits(20, 32)),
            U24 => write!(f, "{}", self.bits(24, 32)),
            W2 => write!(f, "{:#x}", self.words[2]),
            FarD8 | FarS8 => slot(f, far(8)),
            FarS12 => slot(f, far(12)),
            FarS16 => slot(f, far(16)),
            FarS20 => slot(f, far(20)),
            Entry1 => write!(f, "func {}", self.words[1]),
            T1 => write!(f, "-> {}", self.words[1]),
            T2 => write!(f, "-> {}", self.words[2]),
            T3 => write!(f, "-> {}", self.words[3]),
            Targets => {
                f.write_str("->")?;
                self.words[2..]
                    .iter()
                    .try_for_each(|target| write!(f, " {target}"))
            }
            Clauses => {
                write!(f, "{}, ", self.words[2] as u32)?;
                slot(f, self.words[clauses::REFERENCE].cast_signed())?;
                write!(f, ", -> {}", self.words[clauses::target_word(0)])?;
                let list = &self.words[clauses::FIRST_CLAUSE..];
                for words in list.chunks_exact(clauses::CLAUSE_WORDS) {
                    let clause = Clause::decode(words[0]);
                    match clause.handles {
                        Handles::Suspend => {
                            write!(f, ", on {} -> {} with ", clause.tag, words[clauses::TARGET])?;
                            slot(f, words[clauses::SUSPENDED].cast_signed())?;
                        }
                        Handles::Switch => write!(f, ", on {} switch", clause.tag)?,
                    }
                }
                Ok(())
            }
        }
    }

    fn bits(&self, byte: usize, width: usize) -> u64 {
        self.words[byte / 8] >> (byte % 8 * 8) & (u64::MAX >> (64 - width))
    }
}

/// A slot, counted from the record: parameters are below it.
fn slot(f: &mut fmt::Formatter<'_>, bytes: i64) -> fmt::Result {
    write!(f, "s[{}]", bytes / 8)
}
