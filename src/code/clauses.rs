//! What a cell that resumes a continuation says of suspensions, and one that suspends it
//! of what it awaits.
//!
//! ```text
//!   word  0        1                        2                    3          4
//!         handler  operands │ clauses + 1   values │ tag thrown  reference  return
//!                  (byte 8)   (byte 12)     (by `resume_throw`)             target
//!
//!   word  5    6       7                 8 …
//!         tag  target  slot of what was  … and so on for each clause, and then a word
//!                      suspended           that is no tag's
//! ```
//!
//! The reference to the continuation is read from whichever slot has it. Where the
//! continuation returns, its results stand where the operands began, and so does the
//! payload of a suspension; the reference to what was suspended goes where the clause
//! says. Both slots are distances from the frame's record, in bytes.

use crate::ids::TypeId;

/// The types of the values that a suspended stack waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Awaits {
    /// The results of functions of a type: `suspend`, of the tag's.
    Results(TypeId),
    /// Their parameters: `switch`, of what it makes a continuation of.
    Params(TypeId),
}

/// In [`Awaits`] as an immediate: they are parameters.
const PARAMS: u32 = 1;

impl Awaits {
    /// As an immediate of a cell.
    pub fn encode(self) -> u32 {
        match self {
            Awaits::Results(ty) => ty.0 << 1,
            Awaits::Params(ty) => ty.0 << 1 | PARAMS,
        }
    }

    /// From an immediate of a cell.
    pub fn decode(bits: u32) -> Awaits {
        let ty = TypeId(bits >> 1);
        if bits & PARAMS == 0 {
            Awaits::Results(ty)
        } else {
            Awaits::Params(ty)
        }
    }
}

/// What a clause is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handles {
    /// `suspend`: with a target.
    Suspend,
    /// `switch`.
    Switch,
}

/// A clause, but for its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clause {
    /// The tag's index in the module.
    pub tag: u32,
    /// What it is for.
    pub handles: Handles,
}

/// In a clause's word: it is for `switch`.
const SWITCH: u64 = 1 << 32;

impl Clause {
    /// As a word of a cell.
    pub fn encode(self) -> u64 {
        let kind = match self.handles {
            Handles::Suspend => 0,
            Handles::Switch => SWITCH,
        };
        u64::from(self.tag) | kind
    }

    /// From a word of a cell.
    #[inline(always)]
    pub fn decode(word: u64) -> Clause {
        Clause {
            tag: word as u32,
            handles: if word & SWITCH == 0 {
                Handles::Suspend
            } else {
                Handles::Switch
            },
        }
    }
}

/// The word of the slot with the reference to the continuation.
pub const REFERENCE: usize = 3;
/// The word of the return's target.
const RETURN_TARGET: usize = 4;
/// The words before the clauses.
pub const FIRST_CLAUSE: usize = 5;
/// The words of a clause.
pub const CLAUSE_WORDS: usize = 3;
/// In a clause, the word of its target.
pub const TARGET: usize = 1;
/// In a clause, the word of the slot for the reference to what was suspended.
pub const SUSPENDED: usize = 2;
/// Behind the last clause.
pub const END: u64 = u64::MAX;

/// The word of a clause, from 1 on.
pub const fn clause_word(index: usize) -> usize {
    FIRST_CLAUSE + CLAUSE_WORDS * (index - 1)
}

/// The word of a target: of the return, 0, and of clauses from 1 on.
pub const fn target_word(index: usize) -> usize {
    if index == 0 {
        RETURN_TARGET
    } else {
        clause_word(index) + TARGET
    }
}

/// The words of a cell of so many clauses.
pub const fn words(clauses: usize) -> usize {
    clause_word(clauses + 1) + 1
}
