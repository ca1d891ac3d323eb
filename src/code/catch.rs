//! The blocks of a function that catch exceptions: `try_table`, and the legacy `try`.
//!
//! # Why a table
//!
//! Entering and leaving such a block takes no cell. The position of a function is known from
//! return addresses, and the table gives the blocks that contain the position. Only a throw reads
//! it.

use super::assembler::Offset;
use super::indexed::Positions;
use crate::support::encoding::{self, Reader};
use crate::support::error::Result;
use alloc::vec::Vec;

/// The number that means no block.
const NONE: u32 = u32::MAX;

/// The blocks of a function that catch exceptions, by the cells within them.
#[derive(Clone, Debug, Default)]
pub struct CatchTable {
    /// The first word and the innermost block of each run of code whose blocks differ from those
    /// of the run before it, in ascending order.
    stretches: Vec<(u32, u32)>,
    blocks: Vec<TryBlock>,
    clauses: Vec<Catch>,
}

/// The number of a block in its function's table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockNumber(u32);

impl BlockNumber {
    /// The number that means no block.
    pub const NONE: BlockNumber = BlockNumber(NONE);
}

/// The form of a block in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockForm {
    /// A `try_table`.
    TryTable,
    /// The protected part of a legacy `try`.
    Try,
    /// The protected part of a legacy `try` that ends with `delegate`. The next outer block is the
    /// one to which it delegates.
    Delegate,
}

/// A block that catches exceptions.
#[derive(Clone, Copy, Debug)]
struct TryBlock {
    form: BlockForm,
    /// The block whose clauses are tried after those of this one.
    outer: u32,
    /// The number of the first clause.
    first: u32,
    /// The number behind the last clause.
    end: u32,
}

/// A clause of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Catch {
    /// The tag's index in the module; none if the clause catches all exceptions.
    pub tag: Option<u32>,
    /// The reference to the exception that the target receives.
    pub reference: Passed,
    /// The target of the clause.
    pub target: Offset,
    /// The slot of the first value that the target receives, counted from the record.
    pub slot: i32,
}

/// The reference to the exception that a clause passes to its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passed {
    /// No reference.
    Nothing,
    /// The last value, behind the payload.
    Behind,
    /// The hidden slot of a legacy catch part, before the payload.
    Before {
        /// True if a `rethrow` reads the slot, which is null otherwise.
        rethrown: bool,
    },
}

impl CatchTable {
    /// Begins a block within the open blocks.
    pub fn open(&mut self, here: Offset, form: BlockForm) {
        let at = self.clauses.len() as u32;
        let BlockNumber(outer) = self.innermost();
        self.blocks.push(TryBlock {
            form,
            outer,
            first: at,
            end: at,
        });
        self.stretch(here, self.blocks.len() as u32 - 1);
    }

    /// Adds a clause to the block that was begun last, and returns its number.
    pub fn push(&mut self, clause: Catch) -> u32 {
        self.clauses.push(clause);
        let end = self.clauses.len() as u32;
        if let Some(block) = self.blocks.last_mut() {
            block.end = end;
        }
        end - 1
    }

    /// Ends the innermost block.
    pub fn close(&mut self, here: Offset) {
        let BlockNumber(innermost) = self.innermost();
        let outer = self.blocks[innermost as usize].outer;
        self.stretch(here, outer);
    }

    /// Ends the innermost block. Exceptions that are thrown in it go on to the clauses of `target`,
    /// which is further out.
    pub fn delegate(&mut self, here: Offset, target: BlockNumber) {
        let BlockNumber(innermost) = self.innermost();
        self.close(here);
        let block = &mut self.blocks[innermost as usize];
        block.form = BlockForm::Delegate;
        block.outer = target.0;
    }

    /// Sets the clauses of a block that has none. Blocks within it can have been begun and ended
    /// since it was begun.
    pub fn set_clauses(&mut self, BlockNumber(block): BlockNumber, clauses: &[Catch]) {
        let first = self.clauses.len() as u32;
        self.clauses.extend_from_slice(clauses);
        let block = &mut self.blocks[block as usize];
        block.first = first;
        block.end = self.clauses.len() as u32;
    }

    /// Sets the target of a clause.
    pub fn set_target(&mut self, clause: u32, target: Offset) {
        self.clauses[clause as usize].target = target;
    }

    /// Returns the number of the innermost open block.
    pub fn innermost(&self) -> BlockNumber {
        BlockNumber(self.stretches.last().map_or(NONE, |&(_, block)| block))
    }

    fn stretch(&mut self, here: Offset, block: u32) {
        if self.stretches.last().is_some_and(|&(at, _)| at == here.0) {
            self.stretches.pop();
        }
        self.stretches.push((here.0, block));
    }

    /// Returns the clauses that apply to the cell with the word at `offset`, in the order in which
    /// they are tried.
    pub fn clauses_at(&self, offset: u32) -> impl Iterator<Item = &Catch> {
        let after = self.stretches.partition_point(|&(at, _)| at <= offset);
        let innermost = match after.checked_sub(1) {
            Some(at) => self.stretches[at].1,
            None => NONE,
        };
        let block = |number: u32| self.blocks.get(number as usize);
        core::iter::successors(block(innermost), move |inner| block(inner.outer))
            .flat_map(|block| &self.clauses[block.first as usize..block.end as usize])
    }

    /// Returns each run of code within a block: its first cell, the beginning of the next run, and
    /// the number of the innermost block.
    pub fn stretches(&self) -> impl Iterator<Item = (Offset, Option<Offset>, u32)> {
        let ends = self
            .stretches
            .iter()
            .skip(1)
            .map(|&(end, _)| Some(Offset(end)));
        self.stretches
            .iter()
            .zip(ends.chain([None]))
            .filter(|((_, block), _)| *block != NONE)
            .map(|(&(start, block), end)| (Offset(start), end, block))
    }

    /// Returns the form, the next outer block and the clauses of each block, by number.
    pub fn blocks(&self) -> impl Iterator<Item = (BlockForm, Option<u32>, &[Catch])> {
        self.blocks.iter().map(|block| {
            let outer = (block.outer != NONE).then_some(block.outer);
            (
                block.form,
                outer,
                &self.clauses[block.first as usize..block.end as usize],
            )
        })
    }
}

/// Archives: the table as bytes, with places in the indexed encoding.
impl CatchTable {
    /// Appends the table to `out`.
    ///
    /// # Panics
    ///
    /// If the target of a clause is no cell.
    pub fn write(&self, out: &mut Vec<u8>, positions: &Positions) -> Result<()> {
        encoding::list(out, self.stretches.iter(), |out, &(at, block)| {
            // A later copy may have made the cell before this place longer. Nothing is thrown by it.
            encoding::number(out, positions.first_from(Offset(at)).into())?;
            encoding::number(out, block.wrapping_add(1).into())
        })?;
        encoding::list(out, self.blocks.iter(), |out, block| {
            encoding::byte(out, block.form as u8)?;
            for number in [block.outer.wrapping_add(1), block.first, block.end] {
                encoding::number(out, number.into())?;
            }
            Ok(())
        })?;
        encoding::list(out, self.clauses.iter(), |out, clause| {
            encoding::option(out, clause.tag, |out, tag| {
                encoding::number(out, tag.into())
            })?;
            encoding::byte(out, clause.reference.encode())?;
            let target = positions.indexed(clause.target);
            encoding::number(out, target.expect("a clause leads to a cell").into())?;
            encoding::signed(out, clause.slot.into())
        })
    }

    /// Reads a table.
    ///
    /// # Errors
    ///
    /// If the bytes are not one.
    pub fn read(reader: &mut Reader<'_>, positions: &Positions) -> Result<CatchTable> {
        let place = |reader: &mut Reader<'_>| {
            let place = reader.index()?;
            reader.expect(positions.direct(place), "the place of a cell")
        };
        let stretches = reader.list(|reader| {
            let Offset(at) = place(reader)?;
            Ok((at, reader.index()?.wrapping_sub(1)))
        })?;
        let blocks = reader.list(|reader| {
            let form = match reader.byte()? {
                0 => BlockForm::TryTable,
                1 => BlockForm::Try,
                2 => BlockForm::Delegate,
                _ => return Err(reader.malformed("the form of a block")),
            };
            Ok(TryBlock {
                form,
                outer: reader.index()?.wrapping_sub(1),
                first: reader.index()?,
                end: reader.index()?,
            })
        })?;
        let clauses = reader.list(|reader| {
            let tag = reader.option(Reader::index)?;
            let reference = Passed::decode(reader.byte()?);
            Ok(Catch {
                tag,
                reference: reader.expect(reference, "what a clause passes")?,
                target: place(reader)?,
                slot: reader.signed()? as i32,
            })
        })?;
        let table = CatchTable {
            stretches,
            blocks,
            clauses,
        };
        let is_sound = table.is_sound().then_some(table);
        reader.expect(is_sound, "numbers of blocks and clauses")
    }

    /// Returns whether all numbers are those of blocks and clauses, and no block is within itself.
    fn is_sound(&self) -> bool {
        let is_block = |number: u32, end: usize| number == NONE || (number as usize) < end;
        let clauses = self.clauses.len() as u32;
        let stretches = self.stretches.iter();
        let mut blocks = self.blocks.iter().enumerate();
        stretches
            .map(|&(_, block)| block)
            .all(|block| is_block(block, self.blocks.len()))
            && blocks.all(|(number, block)| {
                is_block(block.outer, number) && block.first <= block.end && block.end <= clauses
            })
    }
}

impl Passed {
    fn encode(self) -> u8 {
        match self {
            Passed::Nothing => 0,
            Passed::Behind => 1,
            Passed::Before { rethrown: false } => 2,
            Passed::Before { rethrown: true } => 3,
        }
    }

    fn decode(byte: u8) -> Option<Passed> {
        Some(match byte {
            0 => Passed::Nothing,
            1 => Passed::Behind,
            2 => Passed::Before { rethrown: false },
            3 => Passed::Before { rethrown: true },
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clause(tag: u32) -> Catch {
        Catch {
            tag: Some(tag),
            reference: Passed::Nothing,
            target: Offset(0),
            slot: 0,
        }
    }

    #[test]
    fn inner_blocks_come_first() {
        let mut table = CatchTable::default();
        assert!(table.blocks.is_empty());
        table.open(Offset(2), BlockForm::TryTable);
        table.push(clause(1));
        table.push(clause(2));
        table.open(Offset(6), BlockForm::TryTable);
        let inner = table.push(clause(3));
        table.close(Offset(9));
        // Another begins where that one has ended.
        table.open(Offset(9), BlockForm::TryTable);
        table.push(clause(4));
        table.close(Offset(12));
        table.close(Offset(12));
        table.set_target(inner, Offset(20));
        let tags = |at: u32| {
            let tags = table.clauses_at(at).map(|clause| clause.tag.unwrap());
            tags.collect::<Vec<_>>()
        };
        let none: [u32; 0] = [];
        assert_eq!(tags(0), none);
        assert_eq!(tags(2), [1, 2]);
        assert_eq!(tags(5), [1, 2]);
        assert_eq!(tags(6), [3, 1, 2]);
        assert_eq!(tags(8), [3, 1, 2]);
        assert_eq!(tags(9), [4, 1, 2]);
        assert_eq!(tags(11), [4, 1, 2]);
        assert_eq!(tags(12), none);
        assert_eq!(table.clauses_at(7).next().unwrap().target, Offset(20));
        let stretches: Vec<_> = table.stretches().collect();
        assert_eq!(
            stretches,
            [
                (Offset(2), Some(Offset(6)), 0),
                (Offset(6), Some(Offset(9)), 1),
                (Offset(9), Some(Offset(12)), 2),
            ]
        );
        let blocks: Vec<_> = table
            .blocks()
            .map(|(_, outer, own)| (outer, own.len()))
            .collect();
        assert_eq!(blocks, [(None, 2), (Some(0), 1), (Some(0), 1)]);
    }

    #[test]
    fn delegation_skips_blocks() {
        let tags = |table: &CatchTable, at: u32| {
            let tags = table.clauses_at(at).map(|clause| clause.tag.unwrap());
            tags.collect::<Vec<_>>()
        };
        let mut table = CatchTable::default();
        table.open(Offset(0), BlockForm::Try);
        let outermost = table.innermost();
        table.open(Offset(2), BlockForm::TryTable);
        table.push(clause(2));
        table.open(Offset(4), BlockForm::Try);
        let delegating = table.innermost();
        // A block in the delegating one catches first.
        table.open(Offset(6), BlockForm::TryTable);
        table.push(clause(4));
        table.close(Offset(8));
        table.delegate(Offset(10), outermost);
        assert_eq!(table.innermost(), BlockNumber(1));
        table.close(Offset(12));
        table.close(Offset(14));
        // The clauses of a `try` come behind its block, with others among them.
        table.open(Offset(16), BlockForm::Try);
        table.delegate(Offset(18), BlockNumber::NONE);
        table.set_clauses(outermost, &[clause(0), clause(1)]);
        assert_eq!(tags(&table, 0), [0, 1]);
        assert_eq!(tags(&table, 2), [2, 0, 1]);
        assert_eq!(tags(&table, 4), [0, 1]);
        assert_eq!(tags(&table, 6), [4, 0, 1]);
        assert_eq!(tags(&table, 8), [0, 1]);
        assert_eq!(tags(&table, 10), [2, 0, 1]);
        assert_eq!(tags(&table, 12), [0, 1]);
        let none: [u32; 0] = [];
        assert_eq!(tags(&table, 14), none);
        assert_eq!(tags(&table, 16), none);
        let forms: Vec<_> = table
            .blocks()
            .map(|(form, outer, _)| (form, outer))
            .collect();
        assert_eq!(forms[delegating.0 as usize], (BlockForm::Delegate, Some(0)));
        assert_eq!(forms[4], (BlockForm::Delegate, None));
    }
}
