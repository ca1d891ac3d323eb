//! How often which cells run, and in which order: what a fusion can save.
//!
//! Counts are the thread's. Cells are counted by stretches, in which each goes on with the
//! one that stands behind it, because only such cells can become one.

use super::handlers::CELL_NAMES;
use crate::code::{Family, Opcode};
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::RefCell;

/// The longest stretch that is counted as one.
const LONGEST: usize = 64;

struct Counts {
    /// The opcodes of cells, by the names of their types. Where several opcodes share a
    /// cell, the last one stands for all.
    names: BTreeMap<&'static str, u16>,
    /// The same, by the addresses of names: a name can have several. Fused cells have
    /// none.
    opcodes: BTreeMap<usize, Option<u16>>,
    /// How often each stretch has run.
    stretches: BTreeMap<Vec<u16>, u64>,
    /// The stretch that runs.
    present: Vec<u16>,
    dispatches: u64,
}

impl Counts {
    fn end_stretch(&mut self) {
        if let Some(count) = self.stretches.get_mut(&self.present) {
            *count += 1;
        } else {
            self.stretches.insert(self.present.clone(), 1);
        }
        self.present.clear();
    }
}

std::thread_local! {
    static COUNTS: RefCell<Counts> = RefCell::new(Counts {
        names: (0..)
            .zip(CELL_NAMES)
            .map(|(opcode, name)| (name(), opcode))
            .collect(),
        opcodes: BTreeMap::new(),
        stretches: BTreeMap::new(),
        present: Vec::new(),
        dispatches: 0,
    });
}

/// Counts a dispatch: of a cell, or of several that are fused.
pub fn count_dispatch() {
    COUNTS.with_borrow_mut(|counts| counts.dispatches += 1);
}

/// Counts a cell that has run; `goes_on` says that the one behind it follows. Fused cells
/// are not counted, but the cells that they are made of.
pub fn count(name: &'static str, goes_on: bool) {
    COUNTS.with_borrow_mut(|counts| {
        let opcode = *counts
            .opcodes
            .entry(name.as_ptr().addr())
            .or_insert_with(|| counts.names.get(name).copied());
        let Some(opcode) = opcode else {
            return;
        };
        counts.present.push(opcode);
        if !goes_on || counts.present.len() == LONGEST {
            counts.end_stretch();
        }
    });
}

/// How often cells have run on this thread: the feature `profile`, with
/// [`Dispatch::Loop`](crate::Dispatch::Loop).
#[derive(Clone, Debug, Default)]
pub struct DispatchCounts {
    /// How many handlers have run.
    pub dispatches: u64,
    /// The stretches of cells that have run one behind the other, up to a branch that was
    /// taken, by number, and how often they have. In order.
    pub stretches: Vec<(Vec<u16>, u64)>,
}

impl DispatchCounts {
    /// What has been counted on this thread since the last time.
    pub fn take() -> DispatchCounts {
        COUNTS.with_borrow_mut(|counts| {
            counts.end_stretch();
            DispatchCounts {
                dispatches: core::mem::take(&mut counts.dispatches),
                stretches: core::mem::take(&mut counts.stretches).into_iter().collect(),
            }
        })
    }

    /// How many cells have run: more than handlers, where some are fused.
    pub fn cells(&self) -> u64 {
        let cells = |(stretch, count): &(Vec<u16>, u64)| stretch.len() as u64 * count;
        self.stretches.iter().map(cells).sum()
    }

    /// The name of the cells of a number.
    ///
    /// # Panics
    ///
    /// If there are none.
    pub fn name(number: u16) -> String {
        let (op, variant) = Opcode::new(number).name();
        format!("{op}{variant}")
    }

    /// The same, as the table of fusions has it: the op, and its variant.
    ///
    /// # Panics
    ///
    /// If there are none.
    pub fn path(number: u16) -> String {
        let opcode = Opcode::new(number);
        format!("{:?}::{}", opcode.op(), opcode.variant().name)
    }

    /// What the cells of a number have in common with others that do something similar to
    /// operands in the same places.
    ///
    /// # Panics
    ///
    /// If there are none.
    pub fn form(number: u16) -> String {
        let opcode = Opcode::new(number);
        let (op, variant) = opcode.name();
        let ty = op.split('.').next().unwrap_or_default();
        match opcode.op().family() {
            Family::Control | Family::Service => String::from(op),
            Family::Commutative | Family::CommutativeWide | Family::Binary => {
                format!("{ty} arithmetic{variant}")
            }
            family => format!("{family:?} {} {variant}", ty.starts_with('f')),
        }
    }
}

impl DispatchCounts {
    /// The numbers of all cells.
    pub fn numbers() -> impl Iterator<Item = u16> {
        0..Opcode::COUNT as u16
    }
}
