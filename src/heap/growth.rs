//! Growth of memories, tables and stacks, within their limits.

use super::limits::{DEFAULT_STACK_BYTES, LimitError};
use super::memory::Grown;
use super::store::StoreInner;
use crate::ids::{MemoryIndex, StackId, TableIndex};
use crate::support::error::Error;

impl StoreInner {
    /// Grows a memory by `delta` pages. Returns the former number of pages, or `None` if its
    /// type, the limits or the host do not allow it.
    ///
    /// # Errors
    ///
    /// The limiter's error.
    pub fn grow_memory(&mut self, index: MemoryIndex, delta: u64) -> Result<Option<u64>, Error> {
        loop {
            let memory = self.memory(index);
            let bytes = memory.byte_size();
            let current = (bytes as u64) >> memory.ty().page_size_log2;
            if delta == 0 {
                return Ok(Some(current));
            }
            let maximum = memory.ty().maximum.and_then(|pages| memory.byte_len(pages));
            let desired = current
                .checked_add(delta)
                .filter(|&pages| pages <= memory.maximum_pages())
                .and_then(|pages| memory.byte_len(pages));
            let Some(desired) = desired else {
                self.memory_grow_failed(LimitError::Type)?;
                return Ok(None);
            };
            if !self.memory_may_grow(bytes, desired, maximum)? {
                return Ok(None);
            }
            match self.memory_mut(index).grow(bytes, desired) {
                Ok(Grown::Done) => return Ok(Some(current)),
                Ok(Grown::HasChanged) => {}
                Err(error) => {
                    self.memory_grow_failed(error)?;
                    return Ok(None);
                }
            }
        }
    }

    /// Grows a table by `delta` elements `init`, as [`StoreInner::grow_memory`] grows a memory.
    ///
    /// # Errors
    ///
    /// The limiter's error.
    pub fn grow_table(
        &mut self,
        index: TableIndex,
        delta: u64,
        init: u64,
    ) -> Result<Option<u64>, Error> {
        let table = self.table(index);
        let current = table.size();
        if delta == 0 {
            return Ok(Some(current));
        }
        let elements = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
        let maximum = table.ty().maximum.map(elements);
        let desired = current
            .checked_add(delta)
            .filter(|&size| size <= table.maximum());
        let Some(desired) = desired else {
            self.table_grow_failed(LimitError::Type)?;
            return Ok(None);
        };
        if !self.table_may_grow(elements(current), elements(desired), maximum)? {
            return Ok(None);
        }
        match self.table_mut(index).grow_to(desired, init) {
            Ok(()) => Ok(Some(current)),
            Err(error) => {
                self.table_grow_failed(error)?;
                Ok(None)
            }
        }
    }

    /// Grows a stack to at least `slots` slots. Returns false if its limit, the limiter or the
    /// host does not allow it.
    pub fn grow_stack(&mut self, id: StackId, slots: usize) -> bool {
        let more = slots.saturating_sub(self.stacks.stack(id).slots());
        let bytes = (self.stacks.bytes()).saturating_add(more.saturating_mul(size_of::<u64>()));
        bytes <= self.limit(|limiter| limiter.stack_bytes(), DEFAULT_STACK_BYTES)
            && self.stacks.grow(id, slots)
    }
}
