//! Selection of the memories and globals that a dump contains.

use super::writer::Options;
use crate::heap::{Global, Memory, StoreInner};
use crate::module::ValType;
use alloc::vec::Vec;

/// The memories and globals of a store that are written.
#[derive(Clone, Debug)]
pub struct Shown {
    /// The index of each memory of the store in the memory section; `None` if it is left out.
    memories: Vec<Option<u32>>,
    /// The number of memories in the memory section.
    count: u32,
    /// The number of globals that are written, counted from the first one.
    pub globals: usize,
}

impl Shown {
    /// Selects all globals, and all memories but shared ones that others could change at the same
    /// time. Old readers support only the first memory, with 32-bit addresses and pages of 64 KiB,
    /// and globals of numeric types.
    pub fn new(store: &StoreInner, options: &Options<'_>) -> Shown {
        let plain = |(index, memory): (usize, &Memory)| {
            let ty = memory.ty();
            index == 0 && !ty.memory64 && !ty.shared && ty.page_size_log2 == 16
        };
        let mut count = 0;
        let memories = store.memories().iter().enumerate().map(|(index, memory)| {
            let shown = match options.compatible {
                true => plain((index, memory)),
                false => is_still(memory, options),
            };
            shown.then(|| {
                count += 1;
                count - 1
            })
        });
        let memories = memories.collect();
        let is_number = |global: &Global| match global.ty().value {
            ValType::I32 | ValType::I64 | ValType::F32 | ValType::F64 => true,
            ValType::V128 | ValType::Ref(_) => false,
        };
        let globals = store.globals();
        Shown {
            memories,
            count,
            globals: match options.compatible && !globals.iter().all(is_number) {
                true => 0,
                false => globals.len(),
            },
        }
    }

    /// Returns the index in the memory section of a memory of the store; `None` if it is left out.
    pub fn memory(&self, index: u32) -> Option<u32> {
        *self.memories.get(index as usize)?
    }

    /// Returns the position of a memory of the store in the extension, which has the memories that
    /// are left out behind the others.
    pub fn position(&self, index: u32) -> u32 {
        let Some(before) = self.memories.get(..index as usize) else {
            return u32::MAX;
        };
        let left_out = before.iter().filter(|shown| shown.is_none()).count();
        (self.memory(index)).unwrap_or(self.count + left_out as u32)
    }

    /// Returns the memories that are written, with their indices in the store.
    pub fn memories<'a>(&self, store: &'a StoreInner) -> impl Iterator<Item = (usize, &'a Memory)> {
        let memories = store.memories().iter().enumerate();
        memories.filter(|&(index, _)| self.memories[index].is_some())
    }

    /// Returns the memories that are left out, with their indices in the store.
    pub fn left_out<'a>(&self, store: &'a StoreInner) -> impl Iterator<Item = (usize, &'a Memory)> {
        let memories = store.memories().iter().enumerate();
        memories.filter(|&(index, _)| self.memories[index].is_none())
    }
}

/// Returns whether nothing changes a memory while it is written: the code of other stores may, if
/// they have it.
fn is_still(memory: &Memory, options: &Options<'_>) -> bool {
    memory.is_exclusive() && (options.shared_memories || !memory.ty().shared)
}
