//! The host's values that guests may refer to.

use crate::ids::ExternIndex;
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use core::any::Any;
use core::mem;
use smallvec::SmallVec;

/// A value of the host's.
struct HostValue {
    value: Box<dyn Any + Send + Sync>,
    /// The collection that last found it reachable, or must not free it.
    mark: u32,
}

/// The host's values of a store.
#[derive(Default)]
pub struct Externs {
    /// Numbers are never given anew: the host may still have one.
    all: BTreeMap<u32, HostValue>,
    next: u32,
    /// The mark of a new one.
    pub new_mark: u32,
}

/// So many are looked at at once.
const CHUNK: usize = 32;

impl Externs {
    /// Adds a value, if there are less than `limit`.
    pub fn add(&mut self, value: Box<dyn Any + Send + Sync>, limit: usize) -> Option<ExternIndex> {
        if self.all.len() >= limit || self.next == u32::MAX {
            return None;
        }
        let index = ExternIndex(self.next);
        self.next += 1;
        let mark = self.new_mark;
        self.all.insert(index.0, HostValue { value, mark });
        Some(index)
    }

    /// A value, if it was not freed.
    pub fn get(&self, index: ExternIndex) -> Option<&(dyn Any + Send + Sync)> {
        self.all.get(&index.0).map(|it| &*it.value)
    }

    /// A value, to change.
    pub fn get_mut(&mut self, index: ExternIndex) -> Option<&mut (dyn Any + Send + Sync)> {
        self.all.get_mut(&index.0).map(|it| &mut *it.value)
    }

    /// Marks a value for a collection: whether that had not found it before.
    pub fn mark(&mut self, index: ExternIndex, collection: u32) -> bool {
        let found = self.all.get_mut(&index.0);
        found.is_some_and(|it| mem::replace(&mut it.mark, collection) != collection)
    }

    /// Frees those of some values, from a number on, that a collection has not found. How many
    /// that were, and the number to go on with, if there are more.
    pub fn sweep(&mut self, first: u32, collection: u32) -> Option<(usize, u32)> {
        let mut dead: SmallVec<[u32; CHUNK]> = SmallVec::new();
        let mut seen = 0;
        let mut last = None;
        for (&number, value) in self.all.range(first..).take(CHUNK) {
            seen += 1;
            last = Some(number);
            if value.mark != collection {
                dead.push(number);
            }
        }
        for number in dead {
            self.all.remove(&number);
        }
        Some((seen, last?.checked_add(1)?))
    }

    /// How many there are.
    #[cfg(test)]
    pub fn count(&self) -> usize {
        self.all.len()
    }
}
