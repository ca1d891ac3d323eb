//! What a cell that resumes a continuation says of suspensions.
//!
//! ```text
//!   word  0        1                        2                    3        4     5
//!         handler  operands │ clauses + 1   values │ tag thrown  return   tag   target …
//!                  (byte 8)   (byte 12)     (by `resume_throw`)  target   of each clause
//! ```
//!
//! Where the continuation returns, its results stand where the operands began, and so do
//! the payload of a suspension and the reference to what was suspended.

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

/// The words before the clauses.
pub const FIRST_CLAUSE: usize = 4;

/// The word of a target: of the return, and of clauses from 1 on.
pub const fn target_word(index: usize) -> usize {
    3 + 2 * index
}

/// The word of a clause, from 1 on.
pub const fn clause_word(index: usize) -> usize {
    FIRST_CLAUSE + 2 * (index - 1)
}

/// The words of a cell of so many clauses.
pub const fn words(clauses: usize) -> usize {
    FIRST_CLAUSE + 2 * clauses
}
