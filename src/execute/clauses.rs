//! Reading a cell that resumes a continuation.

use super::regs::read_field;
use crate::code::cells::Resume;
use crate::code::clauses::{
    CLAUSE_WORDS, END, FIRST_CLAUSE, SUSPENDED, TARGET, clause_word, target_word,
};
use crate::code::{At, Clause, FieldType, Handles};
use crate::ids::TagIndex;

/// A finished cell that resumes.
#[derive(Clone, Copy, Debug)]
pub struct Clauses(*const u64);

/// A clause for a suspension.
#[derive(Clone, Copy, Debug)]
pub struct Found {
    /// Where it leads to.
    pub target: *const u64,
    /// Where the reference to what was suspended is wanted, in bytes from the frame.
    pub suspended: isize,
}

impl Clauses {
    /// Those of a cell.
    ///
    /// # Safety
    ///
    /// `cell` is the address of such a cell of finished code.
    #[inline(always)]
    pub unsafe fn new(cell: *const u64) -> Clauses {
        Clauses(cell)
    }

    /// Reads a field of the cell. All cells that resume have the fields of [`Resume`].
    #[inline(always)]
    fn get<T: FieldType>(self, at: At<Resume, T>) -> T {
        // SAFETY: as `new` was promised.
        unsafe { read_field(self.0, at) }
    }

    /// Returns the distance of the operands from the frame's record, in bytes.
    #[inline(always)]
    pub fn operands(self) -> isize {
        self.get(Resume::operands).0 as isize
    }

    /// Returns the number of clauses, plus one for the return.
    #[inline(always)]
    pub fn count(self) -> u32 {
        self.get(Resume::count).0
    }

    /// Returns the number of values that are passed to the continuation.
    #[inline(always)]
    pub fn values(self) -> usize {
        self.get(Resume::values) as usize
    }

    /// Returns the distance of the slot with the reference to the continuation from the
    /// frame's record, in bytes.
    #[inline(always)]
    pub fn reference(self) -> isize {
        self.get(Resume::reference).0 as isize
    }

    /// Returns the index in the module of the tag that is thrown.
    #[inline(always)]
    pub fn tag(self) -> u32 {
        self.get(Resume::tag).0
    }

    /// The target of clause `index`, from 1 on; 0 is for the return.
    #[inline(always)]
    pub fn target(self, index: u32) -> *const u64 {
        // SAFETY: as `new` was promised.
        unsafe { *self.0.add(target_word(index as usize)).cast::<*const u64>() }
    }

    /// Clause `index`, from 1 on.
    #[inline(always)]
    pub fn clause(self, index: u32) -> Clause {
        debug_assert!(index != 0 && index < self.count());
        // SAFETY: as `new` was promised.
        Clause::decode(unsafe { *self.0.add(clause_word(index as usize)) })
    }

    /// What a clause, from 1 on, does with a suspension.
    pub fn found(self, index: u32) -> Found {
        debug_assert!(index != 0 && index < self.count());
        // SAFETY: as `new` was promised.
        unsafe { found_at(self.0.add(clause_word(index as usize))) }
    }

    /// The first clause for suspensions with a tag, by the tag's index.
    #[inline(always)]
    pub fn find(self, tag: u32) -> Option<Found> {
        // SAFETY: as `new` was promised; a word that is no clause ends them.
        unsafe {
            let word = clause_for(tag);
            let mut clause = self.0.add(FIRST_CLAUSE);
            while *clause != word {
                if *clause == END {
                    return None;
                }
                clause = clause.add(CLAUSE_WORDS);
            }
            Some(found_at(clause))
        }
    }

    /// The first clause for suspensions with a tag, which may have several indices among
    /// `tags`.
    ///
    /// # Safety
    ///
    /// The cell, and the operator that names `tag`, are of the code of the instance whose
    /// tags those are.
    #[inline(always)]
    pub unsafe fn find_shared(self, tag: u32, tags: *const TagIndex) -> Option<Found> {
        // SAFETY: as `new` and this were promised; H1: the instance has all the tags.
        unsafe {
            let mut clause = self.0.add(FIRST_CLAUSE);
            while *clause != END {
                let Clause {
                    tag: other,
                    handles,
                } = Clause::decode(*clause);
                let same = *tags.add(other as usize) == *tags.add(tag as usize);
                if same && handles == Handles::Suspend {
                    return Some(found_at(clause));
                }
                clause = clause.add(CLAUSE_WORDS);
            }
        }
        None
    }
}

/// The word of a clause for suspensions with a tag.
#[inline(always)]
fn clause_for(tag: u32) -> u64 {
    let handles = Handles::Suspend;
    Clause { tag, handles }.encode()
}

/// What the clause at an address does with a suspension.
///
/// # Safety
///
/// There is one.
#[inline(always)]
unsafe fn found_at(clause: *const u64) -> Found {
    // SAFETY: as promised.
    unsafe {
        Found {
            target: *clause.add(TARGET).cast::<*const u64>(),
            suspended: *clause.add(SUSPENDED).cast::<i64>() as isize,
        }
    }
}
