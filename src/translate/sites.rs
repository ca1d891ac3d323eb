//! Where cells come from.

use crate::code::Offset;
use alloc::vec::Vec;

/// The operators of a function, by the cells that carry them out.
#[derive(Clone, Debug, Default)]
pub struct Sites {
    /// The first cell of each operator that has cells, and the operator's offset in the
    /// module. Both ascend.
    starts: Vec<(Offset, u32)>,
}

impl Sites {
    /// The cells from `cell` on are those of the operator at `wasm`. Some of them may have
    /// been another's, which has been fused with this one.
    pub fn at(&mut self, cell: Offset, wasm: u32) {
        // Operators without cells, and those whose cells were taken back, leave nothing.
        while self.starts.last().is_some_and(|&(last, _)| last >= cell) {
            self.starts.pop();
        }
        self.starts.push((cell, wasm));
    }

    /// The offset in the module of the operator that the cell at `offset` belongs to. The
    /// cells before those of any operator, where a function's entry is polled, belong to
    /// the first.
    pub fn wasm_offset(&self, offset: Offset) -> Option<u32> {
        let after = self.starts.partition_point(|&(start, _)| start <= offset);
        Some(self.starts.get(after.saturating_sub(1))?.1)
    }

    /// The bytes of memory that it takes.
    pub fn bytes(&self) -> usize {
        self.starts.capacity() * size_of::<(Offset, u32)>()
    }
}
