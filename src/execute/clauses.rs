//! Reading a cell that resumes a continuation.

use crate::code::Clause;
use crate::code::clauses::{FIRST_CLAUSE, clause_word, target_word, words};
use crate::heap::TagIndex;

/// A finished cell that resumes.
#[derive(Clone, Copy, Debug)]
pub struct Clauses(*const u64);

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

    #[inline(always)]
    fn half(self, word: usize, second: bool) -> u32 {
        let high = second == cfg!(target_endian = "little");
        // SAFETY: as `new` was promised.
        unsafe { *self.0.add(word).cast::<u32>().add(usize::from(high)) }
    }

    /// The distance of the operands from the frame's record, in bytes.
    #[inline(always)]
    pub fn operands(self) -> isize {
        self.half(1, false).cast_signed() as isize
    }

    /// The number of clauses, plus one for the return.
    #[inline(always)]
    pub fn count(self) -> u32 {
        self.half(1, true)
    }

    /// The number of values that the continuation is given.
    #[inline(always)]
    pub fn values(self) -> usize {
        self.half(2, false) as usize
    }

    /// The index of the tag that is thrown.
    #[inline(always)]
    pub fn tag(self) -> u32 {
        self.half(2, true)
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

    /// The target of the first clause for a tag, among those of an instance whose tags are
    /// `tags`.
    ///
    /// # Safety
    ///
    /// The cell, and the operator that names `wanted`, are of the instance's code.
    #[inline(always)]
    pub unsafe fn find(self, wanted: Clause, tags: *const TagIndex) -> Option<*const u64> {
        let word = wanted.encode();
        // SAFETY: as `new` and this were promised; H1: the instance has all the tags.
        unsafe {
            let mut clause = self.0.add(FIRST_CLAUSE);
            let end = self.0.add(words(self.count() as usize - 1));
            while clause != end {
                // A tag that is imported twice has two indices.
                let other = Clause::decode(*clause);
                let is_alias = || *tags.add(other.tag as usize) == *tags.add(wanted.tag as usize);
                if *clause == word || other.handles == wanted.handles && is_alias() {
                    return Some(*clause.add(1).cast::<*const u64>());
                }
                clause = clause.add(2);
            }
        }
        None
    }
}
