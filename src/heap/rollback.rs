//! Undoing an instantiation that has failed.

use super::store::StoreInner;

/// Numbers of the memories, tables, globals and tags that a store had at some moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    memories: usize,
    tables: usize,
    globals: usize,
    tags: usize,
}

impl StoreInner {
    /// Returns the present state, for [`StoreInner::roll_back`].
    pub(super) fn mark(&self) -> Mark {
        Mark {
            memories: self.memories.len(),
            tables: self.tables.len(),
            globals: self.globals.len(),
            tags: self.tags.len(),
        }
    }

    /// Drops the memories, tables, globals and tags created since `mark`. No instance, no
    /// handle and no reference to them may exist.
    pub(super) fn roll_back(&mut self, mark: Mark) {
        self.memories.truncate(mark.memories);
        self.tables.truncate(mark.tables);
        self.globals.truncate(mark.globals);
        self.tags.truncate(mark.tags);
    }
}
