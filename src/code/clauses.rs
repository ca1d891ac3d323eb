//! The clauses of a cell that resumes a continuation, and the types of the values that a
//! suspended stack waits for.
//!
//! The row of the op lists the fields before the clauses. Each clause has three words, and a
//! word that is no clause's ends the list:
//!
//! ```text
//!   word  0          1       2
//!         tag, kind  target  slot for the reference to the suspended continuation
//! ```
//!
//! The reference to the continuation that is resumed is in any slot. Where the continuation
//! returns, its results stand where the operands began, and so does the payload of a
//! suspension; the reference to the suspended continuation goes to the clause's slot.

use super::cells::Resume;
use crate::ids::TypeId;

/// The types of the values that a suspended stack waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Awaits {
    /// The results of functions of a type: `suspend`, of the tag's.
    Results(TypeId),
    /// The parameters of functions of a type: `switch`, of the type of the continuation that
    /// it makes.
    Params(TypeId),
}

/// The bit of an encoded [`Awaits`] for parameters.
const PARAMS: u32 = 1;

impl Awaits {
    /// Returns the same parameters or results of another type.
    pub fn of(self, ty: TypeId) -> Awaits {
        match self {
            Awaits::Results(_) => Awaits::Results(ty),
            Awaits::Params(_) => Awaits::Params(ty),
        }
    }

    /// Returns the type.
    pub fn ty(self) -> TypeId {
        match self {
            Awaits::Results(ty) | Awaits::Params(ty) => ty,
        }
    }

    /// Returns the encoding as an immediate of a cell.
    pub fn encode(self) -> u32 {
        match self {
            Awaits::Results(ty) => ty.0 << 1,
            Awaits::Params(ty) => ty.0 << 1 | PARAMS,
        }
    }

    /// Returns the value that an immediate of a cell encodes.
    pub fn decode(bits: u32) -> Awaits {
        let ty = TypeId(bits >> 1);
        if bits & PARAMS == 0 {
            Awaits::Results(ty)
        } else {
            Awaits::Params(ty)
        }
    }
}

/// The kind of suspension that a clause handles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handles {
    /// `suspend`: with a target.
    Suspend,
    /// `switch`.
    Switch,
}

/// A clause without its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clause {
    /// The tag's index in the module.
    pub tag: u32,
    /// The kind of suspension that it handles.
    pub handles: Handles,
}

/// The bit of a clause's first word for `switch`.
const SWITCH: u64 = 1 << 32;

impl Clause {
    /// Returns the first word.
    pub fn encode(self) -> u64 {
        let kind = match self.handles {
            Handles::Suspend => 0,
            Handles::Switch => SWITCH,
        };
        u64::from(self.tag) | kind
    }

    /// Returns the clause whose first word this is.
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

/// The first word of the clauses.
pub const FIRST_CLAUSE: usize = Resume::clauses.word();
/// The number of words of a clause.
pub const CLAUSE_WORDS: usize = 3;
/// The word of a clause that holds its target.
pub const TARGET: usize = 1;
/// The word of a clause that holds the slot for the reference to the suspended
/// continuation, as a distance in bytes.
pub const SUSPENDED: usize = 2;
/// The word behind the last clause.
pub const END: u64 = u64::MAX;

/// Returns the first word of a clause, from 1 on, in its cell.
pub const fn clause_word(index: usize) -> usize {
    FIRST_CLAUSE + CLAUSE_WORDS * (index - 1)
}

/// Returns the word of a target: of the return, 0, or of a clause, from 1 on.
pub const fn target_word(index: usize) -> usize {
    if index == 0 {
        Resume::end.word()
    } else {
        clause_word(index) + TARGET
    }
}

/// Returns the number of words of a cell with a number of clauses.
pub const fn words(clauses: usize) -> usize {
    clause_word(clauses + 1) + 1
}
