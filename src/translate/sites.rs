//! Sites: the instruction of each cell.

use crate::code::Offset;
use alloc::vec::Vec;

/// The instructions of a function, by their cells.
#[derive(Clone, Debug, Default)]
pub struct Sites {
    /// The first cell of each instruction that has cells, and the instruction's offset in the
    /// module. Both ascend.
    starts: Vec<(Offset, u32)>,
}

impl Sites {
    /// Assigns the cells from `cell` on to the instruction at `wasm`. Some of them may have belonged
    /// to an instruction before it, whose cells were taken back.
    pub fn at(&mut self, cell: Offset, wasm: u32) {
        // Instructions without cells, and those whose cells were taken back, have no entry.
        while self.starts.last().is_some_and(|&(last, _)| last >= cell) {
            self.starts.pop();
        }
        self.starts.push((cell, wasm));
    }

    /// Returns the offset in the module of the instruction that the cell at `offset` belongs to.
    /// Cells before the first instruction's belong to that one.
    pub fn wasm_offset(&self, offset: Offset) -> Option<u32> {
        let after = self.starts.partition_point(|&(start, _)| start <= offset);
        Some(self.starts.get(after.saturating_sub(1))?.1)
    }

    /// Returns the first cell of each instruction, and the instruction, in order.
    pub fn starts(&self) -> &[(Offset, u32)] {
        &self.starts
    }

    /// Creates the records that [`Sites::starts`] returned.
    pub fn from_starts(starts: Vec<(Offset, u32)>) -> Sites {
        Sites { starts }
    }

    /// Returns the size in bytes.
    pub fn bytes(&self) -> usize {
        self.starts.capacity() * size_of::<(Offset, u32)>()
    }
}
