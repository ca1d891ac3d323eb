//! The places of values in a frame, as frame maps give them.

use super::access::Access;
use super::operand::Kind;
use super::resume_points::ResumePoints;
use alloc::vec::Vec;
use smallvec::SmallVec;

/// The place where an observer finds a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// In the slot at this distance from the frame's record.
    Slot(i32),
    /// None: the value has these bits.
    Constant(u64),
    /// In the accumulator of its class.
    Accumulator,
    /// The 32-bit sum of two slots, which a cell with an indexed address adds.
    Sum(i32, i32),
    /// The 32-bit sum of the accumulator and a slot.
    AccumulatorSum(i32),
}

/// A value of a frame: a local or an operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Variable {
    /// The kind of the value.
    pub kind: Kind,
    /// The place of the value.
    pub source: Source,
}

impl Variable {
    /// Returns a value in the slot at a distance from the frame's record.
    pub fn in_slot(kind: Kind, slot: i32) -> Variable {
        Variable {
            kind,
            source: Source::Slot(slot),
        }
    }
}

/// The operand stack at one instruction, the lowest value first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Operands {
    /// The stack before the instruction, its own operands included.
    pub before: Vec<Variable>,
    /// The stack during the instruction, if that is a call: without its operands.
    pub calling: Option<Vec<Variable>>,
    /// References that are no operands: the exceptions of the legacy catch parts around the
    /// instruction, and the array that the instruction creates.
    pub caught: Vec<Variable>,
    /// The memory accesses of the instruction.
    pub accesses: SmallVec<[Access; 2]>,
    /// The clauses of the instruction, if it resumes a continuation.
    pub clauses: Vec<ResumeClause>,
    /// The cells at which a suspended frame continues.
    pub resume: ResumePoints,
}

/// A clause of an instruction that resumes a continuation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResumeClause {
    /// The tag's index in the module.
    pub tag: u32,
    /// The label that a suspension goes to; none for `switch`.
    pub label: Option<u32>,
}
