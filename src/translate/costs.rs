//! Costs: the fuel that code has used at each cell and is not charged for yet.
//!
//! A straight run of code is charged where it ends. If an instruction in it traps, the driver charges
//! the instructions up to that one, by these records.

use crate::code::Offset;
use alloc::vec::Vec;

/// The uncharged cost at each cell of a function.
#[derive(Clone, Debug, Default)]
pub struct Costs {
    /// The first cell of each stretch with one cost, and the cost. The cells ascend.
    starts: Vec<(Offset, u32)>,
}

impl Costs {
    /// Sets the cost at the cells from `cell` on. Some of them may have had another one, before they
    /// were taken back.
    pub fn at(&mut self, cell: Offset, cost: u32) {
        while self.starts.last().is_some_and(|&(last, _)| last >= cell) {
            self.starts.pop();
        }
        if self.starts.last().is_none_or(|&(_, last)| last != cost) {
            self.starts.push((cell, cost));
        }
    }

    /// Returns the cost of the run up to the instruction that the cell at `offset` belongs to,
    /// including it.
    pub fn uncharged(&self, offset: Offset) -> u32 {
        let after = self.starts.partition_point(|&(start, _)| start <= offset);
        match after.checked_sub(1) {
            Some(at) => self.starts[at].1,
            None => 0,
        }
    }

    /// Returns the first cell of each stretch, and its cost, in order.
    pub fn starts(&self) -> &[(Offset, u32)] {
        &self.starts
    }

    /// Creates the records that [`Costs::starts`] returned.
    pub fn from_starts(starts: Vec<(Offset, u32)>) -> Costs {
        Costs { starts }
    }

    /// Returns the size in bytes.
    pub fn bytes(&self) -> usize {
        self.starts.capacity() * size_of::<(Offset, u32)>()
    }
}
