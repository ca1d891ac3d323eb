//! Reading cells that resume continuations.

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

/// The target of a clause for a suspension.
#[derive(Clone, Copy, Debug)]
pub struct Found {
    /// The address of the target.
    pub target: *const u64,
    /// The slot for the reference to the suspended continuation, in bytes from the record.
    pub suspended: isize,
}

impl Clauses {
    /// The clauses of a cell.
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

    /// Returns the target of clause `index`, from 1 on, or of the return, 0.
    #[inline(always)]
    pub fn target(self, index: u32) -> *const u64 {
        // SAFETY: as `new` was promised.
        unsafe { *self.0.add(target_word(index as usize)).cast::<*const u64>() }
    }

    /// Returns clause `index`, from 1 on.
    #[inline(always)]
    pub fn clause(self, index: u32) -> Clause {
        debug_assert!(index != 0 && index < self.count());
        // SAFETY: as `new` was promised.
        Clause::decode(unsafe { *self.0.add(clause_word(index as usize)) })
    }

    /// Returns the target of clause `index`, from 1 on, which is for suspensions.
    pub fn found(self, index: u32) -> Found {
        debug_assert!(index != 0 && index < self.count());
        // SAFETY: as `new` was promised.
        unsafe { found_at(self.0.add(clause_word(index as usize))) }
    }

    /// Returns the target of the first clause for suspensions with a tag, by the tag's index.
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

    /// Returns the target of the first clause for suspensions with a tag that may have several
    /// indices among `tags`.
    ///
    /// # Safety
    ///
    /// The cell and the instruction that names `tag` are of the code of the instance with the
    /// tags `tags`.
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

/// Returns the first word of a clause for suspensions with a tag.
#[inline(always)]
fn clause_for(tag: u32) -> u64 {
    let handles = Handles::Suspend;
    Clause { tag, handles }.encode()
}

/// Returns the target of the clause at an address.
///
/// # Safety
///
/// A clause for suspensions is there.
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
