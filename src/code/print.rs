//! Listings of cells under assembly.

use super::assembler::{Assembler, Offset, opcode_of, words_of};
use super::clauses::{self, Clause, Handles};
use super::field::FieldKind;
use super::layout;
use super::opcode::Op;
use super::shape::Spec;
use core::fmt;

/// A cell as a line of a listing.
#[derive(Clone, Copy, Debug)]
pub struct CellText<'a> {
    words: &'a [u64],
    /// The place of the cell.
    pub offset: Offset,
    /// The number of cells that its handler executes, this one included.
    pub fused: usize,
}

impl Assembler {
    /// Returns all cells, in order.
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
        let mut result = Ok(());
        let mut separator = " ";
        let has_vector = matches!(opcode.spec(), Spec::Constant { .. } | Spec::Shuffle { .. });
        let mut low_half = None;
        opcode.for_each_field(|kind, byte| {
            if has_vector && kind == FieldKind::U64 {
                // The halves of a vector are the last two fields, and are shown as one number.
                let half = u128::from(layout::read(self.words, byte, kind));
                match low_half {
                    None => low_half = Some(half),
                    Some(low) if result.is_ok() => {
                        result = write!(f, "{separator}{:#034x}", low | half << 64);
                    }
                    Some(_) => {}
                }
            } else if result.is_ok() && !kind.is_hidden() {
                result = self.field(f, separator, kind, byte);
                separator = ", ";
            }
        });
        result?;
        if self.fused > 1 {
            write!(f, " ; and the next {}", self.fused - 1)?;
        }
        Ok(())
    }
}

impl CellText<'_> {
    /// Returns the op.
    pub fn op(&self) -> Op {
        opcode_of(self.words[0]).op()
    }

    fn field(
        &self,
        f: &mut fmt::Formatter<'_>,
        separator: &str,
        kind: FieldKind,
        byte: usize,
    ) -> fmt::Result {
        if kind == FieldKind::Clauses {
            return self.clauses(f);
        }
        f.write_str(separator)?;
        if kind == FieldKind::Targets {
            f.write_str("->")?;
            let targets = &self.words[opcode_of(self.words[0]).words()..];
            return targets.iter().try_for_each(|target| write!(f, " {target}"));
        }
        let bits = layout::read(self.words, byte, kind);
        match kind {
            FieldKind::NearSlot => slot(f, i64::from(bits as i16)),
            FieldKind::FarSlot => slot(f, i64::from(bits as i32)),
            FieldKind::Lane => {
                let bytes = i64::from(bits as i16);
                slot(f, bytes.div_euclid(8) * 8)?;
                write!(f, ".{}", bytes.rem_euclid(8))
            }
            FieldKind::U16 | FieldKind::U32 => write!(f, "{}", bits.saturating_sub(self.added())),
            FieldKind::Type | FieldKind::Awaits => write!(f, "{bits}"),
            FieldKind::U64 => write!(f, "{bits:#x}"),
            FieldKind::Target => write!(f, "-> {bits}"),
            FieldKind::CalleeCode | FieldKind::CalleeEntry => write!(f, "func {bits}"),
            FieldKind::Unused
            | FieldKind::Hidden
            | FieldKind::Length
            | FieldKind::Targets
            | FieldKind::Clauses => Ok(()),
        }
    }

    /// Returns what was added to the offset of the instruction.
    fn added(&self) -> u64 {
        let opcode = opcode_of(self.words[0]);
        match opcode.spec() {
            Spec::LoadFrom { .. }
            | Spec::StoreTo { .. }
            | Spec::LoadShared { .. }
            | Spec::StoreShared { .. } => opcode.op().accessed_bytes(),
            _ => 0,
        }
    }

    fn clauses(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
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

/// Writes a slot as its number, counted from the record: parameters are below it.
fn slot(f: &mut fmt::Formatter<'_>, bytes: i64) -> fmt::Result {
    write!(f, "s[{}]", bytes / 8)
}
