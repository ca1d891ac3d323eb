//! Records of a translation for observers, made on request.
//!
//! For each requested instruction they contain the operand stack before the instruction, which is
//! what a trap or a suspension in it leaves, and for a call the operands that stay below its
//! arguments during the call. Recording does not change the code.

use super::accesses::accesses;
use super::costs::Costs;
use super::places::{Operands, ResumeClause, Source, Variable};
use super::resume_points::{Calling, ResumePoints};
use super::sites::Sites;
use super::values::Values;
use crate::code::Offset;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::ops::Range;
use wasmparser::{Handle, Operator};

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

/// The records of a translation.
#[derive(Debug)]
pub struct Mapping<'a> {
    /// The instruction of each cell.
    pub sites: Sites,
    /// The offsets in the module of the requested instructions, ascending.
    wanted: &'a [u32],
    /// The operand stacks of the requested instructions, by offset.
    pub operands: BTreeMap<u32, Operands>,
    /// The fuel that is not charged at each cell: see [`Costs`].
    pub costs: Costs,
    /// The cells that poll at the function's entry, which no instruction precedes.
    pub entry: Range<Offset>,
    /// The offset of the function's first instruction.
    pub first_instruction: Option<u32>,
    /// The offset of the current instruction.
    at: u32,
    /// The first cell of the current instruction.
    first: Offset,
    /// True if the current instruction has charged the code before it.
    charges: bool,
    /// The operand stack of the current instruction, if it is requested.
    present: Option<Operands>,
    /// Whether the current instruction can be reached in several ways. Then its operand stack is
    /// recorded behind it.
    joins: bool,
}

impl<'a> Mapping<'a> {
    /// Creates empty records for the requested instructions.
    pub fn new(wanted: &'a [u32]) -> Mapping<'a> {
        Mapping {
            sites: Sites::default(),
            wanted,
            operands: BTreeMap::new(),
            costs: Costs::default(),
            entry: Offset(0)..Offset(0),
            first_instruction: None,
            at: 0,
            first: Offset(0),
            charges: false,
            present: None,
            joins: false,
        }
    }

    /// Begins an instruction.
    pub fn begin(&mut self, values: &mut Values, operator: &Operator<'_>, wasm: u64) {
        self.at = wasm as u32;
        self.first_instruction.get_or_insert(self.at);
        self.joins = matches!(operator, Operator::Loop { .. });
        self.first = values.assembler.here();
        self.charges = false;
        values.assembler.mark();
        self.sites.at(values.assembler.here(), self.at);
        if self.wanted.binary_search(&self.at).is_ok() {
            self.present = Some(Operands {
                before: values.variables(),
                calling: None,
                caught: values.hidden(),
                accesses: accesses(operator),
                clauses: clauses(operator),
                resume: ResumePoints::default(),
            });
        }
    }

    /// Replaces the source of the instruction's address, which no cell of its own computes any
    /// more.
    pub fn address_is(&mut self, source: Source) {
        let operands = self.present.as_mut().map(|present| &mut present.before);
        if let Some(address) = operands.and_then(|operands| operands.last_mut()) {
            address.source = source;
        }
    }

    /// Records the operands during a call, whose arguments have just been popped.
    pub fn call(&mut self, values: &Values) {
        if let Some(present) = &mut self.present {
            present.calling = Some(values.variables());
        }
    }

    /// Records the operands again after cells of the instruction have put them into slots, since
    /// accumulators are overwritten or lost in a suspension. `above` is an operand that was popped.
    pub fn settled(&mut self, values: &Values, above: Option<Variable>) {
        if let Some(present) = &mut self.present {
            present.before = values.variables();
            present.before.extend(above);
        }
    }

    /// Records the operands again, as [`Mapping::settled`], and the references that are no operands.
    pub fn hidden(&mut self, values: &Values) {
        self.settled(values, None);
        if let Some(present) = &mut self.present {
            present.caught = values.hidden();
        }
    }

    /// Records that a frame that is suspended before the instruction continues here.
    pub fn continues(&mut self, values: &Values) {
        if let Some(present) = &mut self.present {
            present.resume.before = Some(values.assembler.here());
        }
    }

    /// Records that the code at which such a frame continues returns from the function.
    pub fn returns(&mut self) {
        if let Some(present) = &mut self.present {
            present.resume.returns = true;
        }
    }

    /// Records the return address of the instruction's call, whose arguments have been popped.
    pub fn called(&mut self, values: &Values, cell: Offset) {
        if let Some(present) = &mut self.present {
            let arguments = values.frame.temp(values.height());
            present.resume.calling = Some(Calling { cell, arguments });
        }
    }

    /// Records that an access of the instruction has been announced.
    pub fn announced(&mut self, values: &Values) {
        if let Some(present) = &mut self.present {
            present.resume.announced.push(values.assembler.here());
        }
    }

    /// Records that the probe follows that stops before the instruction.
    pub fn stopped(&mut self, values: &Values) {
        if let Some(present) = &mut self.present {
            present.resume.stopped = Some(values.assembler.here());
        }
    }

    /// Records that the probe follows that compares an access with the bytes that are watched.
    pub fn watched(&mut self, values: &Values) {
        if let Some(present) = &mut self.present {
            present.resume.watched.push(values.assembler.here());
        }
    }

    /// Records the slot with the number of filled elements of the array under creation.
    pub fn fills(&mut self, slot: i32) {
        if let Some(present) = &mut self.present {
            present.resume.filled = Some(slot);
        }
    }

    /// Records that the code up to here has been charged, but for `cost`.
    pub fn charged(&mut self, values: &Values, cost: u32) {
        self.charges = true;
        self.costs.at(values.assembler.here(), cost);
    }

    /// Ends the instruction. The code up to it, with it, costs `cost` that is not charged yet.
    pub fn end(&mut self, values: &Values, cost: u32) {
        let lowest = values.assembler.taken_back_to();
        if let Some(lowest) = lowest {
            self.sites.at(lowest, self.at);
        }
        if !self.charges {
            self.costs.at(lowest.unwrap_or(self.first), cost);
        }
        if let Some(mut operands) = self.present.take() {
            if self.joins {
                operands.before = values.variables();
            }
            self.operands.insert(self.at, operands);
        }
    }
}
