//! Counts of the cells that run and of their order, from which the savings of fusions follow.
//!
//! Counts are per thread. Cells are counted in stretches, in which each cell is followed by the
//! next one in code, because only such cells can be fused.

use super::handlers::CELL_NAMES;
use crate::code::{Family, Opcode};
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::RefCell;

/// Maximum number of cells of a stretch.
const LONGEST: usize = 64;

struct Counts {
    /// Opcodes of cells, by the names of their types. If several opcodes share a type, the last one
    /// represents all.
    names: BTreeMap<&'static str, u16>,
    /// Opcodes of cells, by the addresses of names, of which a name can have several. Fused cells
    /// have no opcode.
    opcodes: BTreeMap<usize, Option<u16>>,
    /// Number of times that each stretch has run.
    stretches: BTreeMap<Vec<u16>, u64>,
    /// Stretch that runs.
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

/// Counts a dispatch of a cell, or of fused cells.
pub fn count_dispatch() {
    COUNTS.with_borrow_mut(|counts| counts.dispatches += 1);
}

/// Counts a cell that has run. `goes_on` is true if the next cell in code follows. Of fused cells,
/// each part is counted, and the whole is not.
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

/// Counts of the cells that have run on this thread, with the feature `profile` and
/// [`Dispatch::Loop`](crate::Dispatch::Loop).
#[derive(Clone, Debug, Default)]
pub struct DispatchCounts {
    /// Number of handlers that have run.
    pub dispatches: u64,
    /// Stretches of consecutive cells, each up to a branch that was taken, as opcodes, sorted, and
    /// the number of times that each has run.
    pub stretches: Vec<(Vec<u16>, u64)>,
}

impl DispatchCounts {
    /// Returns the counts of this thread since the last call, and resets them.
    pub fn take() -> DispatchCounts {
        COUNTS.with_borrow_mut(|counts| {
            counts.end_stretch();
            DispatchCounts {
                dispatches: core::mem::take(&mut counts.dispatches),
                stretches: core::mem::take(&mut counts.stretches).into_iter().collect(),
            }
        })
    }

    /// Returns the number of cells that have run. With fused cells, this exceeds the number of
    /// handlers.
    pub fn cells(&self) -> u64 {
        let cells = |(stretch, count): &(Vec<u16>, u64)| stretch.len() as u64 * count;
        self.stretches.iter().map(cells).sum()
    }

    /// Returns the name of an opcode.
    ///
    /// # Panics
    ///
    /// If there is no such opcode.
    pub fn name(number: u16) -> String {
        let (op, variant) = Opcode::new(number).name();
        format!("{op}{variant}")
    }

    /// Returns the path of an opcode in the table of fusions: the op and its variant.
    ///
    /// # Panics
    ///
    /// If there is no such opcode.
    pub fn path(number: u16) -> String {
        let opcode = Opcode::new(number);
        format!("{:?}::{}", opcode.op(), opcode.variant().name)
    }

    /// Returns a name for all opcodes that do something similar with operands in the same places.
    ///
    /// # Panics
    ///
    /// If there is no such opcode.
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
