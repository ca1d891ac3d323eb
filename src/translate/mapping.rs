//! What a translation writes down for observers, if they ask for it.
//!
//! For operators that are asked for, that is the operand stack before the operator, which
//! is what a trap or a suspension in it leaves; and for a call what remains below its
//! arguments, while it is under way. Nothing of it takes part in the making of code, so the code is
//! the same.

use super::access::{Access, accesses};
use super::operand::Kind;
use super::sites::Sites;
use super::values::Values;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use smallvec::SmallVec;
use wasmparser::{Handle, Operator};

/// Where an observer finds a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// In the slot at this distance from the frame's record.
    Slot(i32),
    /// Nowhere: it has these bits.
    Constant(u64),
    /// In the accumulator of its class.
    Accumulator,
    /// It is the 32-bit sum of two slots that a fused cell adds.
    Sum(i32, i32),
    /// It is the 32-bit sum of the accumulator and a slot.
    AccumulatorSum(i32),
}

/// A value of a frame: a local or an operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Variable {
    /// What it is.
    pub kind: Kind,
    /// Where it is.
    pub source: Source,
}

/// The operand stack at one operator, the lowest value first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Operands {
    /// Before the operator, its own operands included.
    pub before: Vec<Variable>,
    /// While the operator, which is a call, is under way: without its arguments and whatever
    /// else it takes.
    pub calling: Option<Vec<Variable>>,
    /// The accesses to memories that the operator makes.
    pub accesses: SmallVec<[Access; 2]>,
    /// The clauses of the operator, which resumes a continuation.
    pub clauses: Vec<ResumeClause>,
}

/// A clause of an operator that resumes a continuation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResumeClause {
    /// The tag's index in the module.
    pub tag: u32,
    /// The label that a suspension goes to; none for `switch`.
    pub label: Option<u32>,
}

fn clauses(operator: &Operator<'_>) -> Vec<ResumeClause> {
    let (Operator::Resume { resume_table, .. }
    | Operator::ResumeThrow { resume_table, .. }
    | Operator::ResumeThrowRef { resume_table, .. }) = operator
    else {
        return Vec::new();
    };
    let clause = |handle: &Handle| match *handle {
        Handle::OnLabel { tag, label } => ResumeClause {
            tag,
            label: Some(label),
        },
        Handle::OnSwitch { tag } => ResumeClause { tag, label: None },
    };
    resume_table.handlers.iter().map(clause).collect()
}

/// What is written down.
#[derive(Debug)]
pub struct Mapping<'a> {
    /// Where cells come from.
    pub sites: Sites,
    /// The operators asked for, by their offsets in the module; ascending.
    wanted: &'a [u32],
    /// What was asked for.
    pub operands: BTreeMap<u32, Operands>,
    /// The present operator,
    at: u32,
    /// what is known of it, if it is asked for,
    present: Option<Operands>,
    /// and whether it can be reached in several ways, so that only what holds behind it is
    /// true.
    joins: bool,
}

impl<'a> Mapping<'a> {
    /// Nothing yet.
    pub fn new(wanted: &'a [u32]) -> Mapping<'a> {
        Mapping {
            sites: Sites::default(),
            wanted,
            operands: BTreeMap::new(),
            at: 0,
            present: None,
            joins: false,
        }
    }

    /// An operator begins.
    pub fn begin(&mut self, values: &mut Values, operator: &Operator<'_>, wasm: u64) {
        self.at = wasm as u32;
        self.joins = matches!(operator, Operator::Loop { .. });
        values.assembler.mark();
        self.sites.at(values.assembler.here(), self.at);
        if self.wanted.binary_search(&self.at).is_ok() {
            self.present = Some(Operands {
                before: values.variables(),
                calling: None,
                accesses: accesses(operator),
                clauses: clauses(operator),
            });
        }
    }

    /// The address that the operator takes is not made by a cell of its own any more.
    pub fn address_is(&mut self, source: Source) {
        let operands = self.present.as_mut().map(|present| &mut present.before);
        if let Some(address) = operands.and_then(|operands| operands.last_mut()) {
            address.source = source;
        }
    }

    /// The operator is a call, and its arguments have just been popped.
    pub fn call(&mut self, values: &Values) {
        if let Some(present) = &mut self.present {
            present.calling = Some(values.variables());
        }
    }

    /// It ends.
    pub fn end(&mut self, values: &Values) {
        if let Some(lowest) = values.assembler.taken_back_to() {
            self.sites.at(lowest, self.at);
        }
        if let Some(mut operands) = self.present.take() {
            if self.joins {
                operands.before = values.variables();
            }
            self.operands.insert(self.at, operands);
        }
    }
}
