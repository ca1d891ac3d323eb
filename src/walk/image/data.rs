//! The data section of an image.

use super::{Image, runs, segments_each};
use crate::ensure;
use crate::heap::Memory;
use crate::support::error::Result;
use alloc::borrow::Cow;
use alloc::vec;
use alloc::vec::Vec;
use wasm_encoder::{ConstExpr, DataSection};

/// Number of zeros that separate segments. A segment takes about 10 bytes besides its contents, and as
/// much time when it is instantiated as a few hundred bytes.
const GAP: usize = 128;

/// Largest number of bytes that a segment takes besides its bytes: flags, index of the memory,
/// address and length.
const HEAD: u64 = 1 + 5 + 12 + 5;

/// Largest size of a section's contents in bytes: the size is a 32-bit number.
const MAX_CONTENTS: u64 = u32::MAX as u64 - 16;

impl Image<'_> {
    /// Writes the data section.
    ///
    /// # Errors
    ///
    /// If the contents of the memories are too large for one.
    pub(super) fn data(&self) -> Result<DataSection> {
        let mut section = DataSection::new();
        let kept = self.usage.data;
        for segment in 0..kept {
            section.passive(self.owner.data(segment).iter().copied());
        }
        let memories = &self.owner.parts().memories;
        let limit = segments_each(kept as usize, memories.len())?;
        let kept = (0..kept).map(|segment| HEAD + self.owner.data(segment).len() as u64);
        let mut size: u64 = kept.sum();
        for (index, &memory) in memories.iter().enumerate() {
            let memory = self.store.memory(memory);
            let bytes = contents(memory);
            let runs = runs::merge(runs::not_zero(&bytes), GAP, limit);
            size += runs.iter().map(|run| HEAD + run.len() as u64).sum::<u64>();
            ensure!(
                size <= MAX_CONTENTS,
                "the contents of memory {index} do not fit in an image: a module has at most 4 GiB \
                 of data"
            );
            for run in runs {
                let offset = match memory.ty().memory64 {
                    true => ConstExpr::i64_const(run.start as i64),
                    false => ConstExpr::i32_const(run.start as u32 as i32),
                };
                section.active(index as u32, &offset, bytes[run].iter().copied());
            }
        }
        Ok(section)
    }
}

/// Returns the bytes of a memory: a copy if other stores may change them.
fn contents(memory: &Memory) -> Cow<'_, [u8]> {
    match memory.bytes() {
        Some(bytes) => Cow::Borrowed(bytes),
        None => {
            let mut bytes: Vec<u8> = vec![0; memory.byte_size()];
            memory.read(0, &mut bytes);
            Cow::Owned(bytes)
        }
    }
}
