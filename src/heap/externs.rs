//! Host values that guests can refer to.

use super::objects::EXTERN_NUMBERS;
use crate::ids::ExternIndex;
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use core::any::Any;
use core::mem;
use smallvec::SmallVec;

/// A host value.
struct HostValue {
    value: Box<dyn Any + Send + Sync>,
    /// Number of the last collection that has found it reachable or must not free it.
    mark: u32,
}

/// Copies a host value, or returns `None` if that is not possible.
pub type CopyHostValue<'a> =
    dyn FnMut(&(dyn Any + Send + Sync)) -> Option<Box<dyn Any + Send + Sync>> + 'a;

/// The host values of a store.
#[derive(Default)]
pub struct Externs {
    /// Host values by number. Numbers are never reused, as the host may still have one.
    all: BTreeMap<u32, HostValue>,
    next: u32,
    /// Mark of a new host value.
    pub new_mark: u32,
}

/// Number of host values that a sweep visits at once.
const CHUNK: usize = 32;

impl Externs {
    /// Adds a value, or returns it if there are already `limit`.
    pub fn add(
        &mut self,
        value: Box<dyn Any + Send + Sync>,
        limit: usize,
    ) -> Result<ExternIndex, Box<dyn Any + Send + Sync>> {
        if self.all.len() >= limit || self.next == EXTERN_NUMBERS {
            return Err(value);
        }
        let index = ExternIndex(self.next);
        self.next += 1;
        let mark = self.new_mark;
        self.all.insert(index.0, HostValue { value, mark });
        Ok(index)
    }

    /// Returns whether there is a value of this number. While a collection frees what it has not
    /// marked, it must be marked by that.
    pub fn is_live(&self, index: ExternIndex, marked_by: Option<u32>) -> bool {
        let value = self.all.get(&index.0);
        value.is_some_and(|it| marked_by.is_none_or(|mark| it.mark == mark))
    }

    /// Copies the values for the fork of their store, with `copy`. If that returns `None`, the number
    /// of the value is the error.
    pub(super) fn fork(&self, copy: &mut CopyHostValue<'_>) -> Result<Externs, u32> {
        let mut all = BTreeMap::new();
        for (&number, HostValue { value, mark }) in &self.all {
            let (value, mark) = (copy(&**value).ok_or(number)?, *mark);
            all.insert(number, HostValue { value, mark });
        }
        Ok(Externs { all, ..*self })
    }

    /// Returns the number of the next value.
    pub fn next(&self) -> u32 {
        self.next
    }

    /// Returns all values by ascending number.
    pub fn all(&self) -> impl Iterator<Item = (ExternIndex, &(dyn Any + Send + Sync))> {
        let all = self.all.iter();
        all.map(|(&number, it)| (ExternIndex(number), &*it.value))
    }

    /// Sets the number of the next value. Returns false if there cannot be such a number.
    pub fn restore_next(&mut self, next: u32) -> bool {
        self.next = next;
        next <= EXTERN_NUMBERS
    }

    /// Adds a value with a number, which no other value has and which was given before. Returns false
    /// if that is not so.
    pub fn restore(
        &mut self,
        ExternIndex(number): ExternIndex,
        value: Box<dyn Any + Send + Sync>,
    ) -> bool {
        let mark = self.new_mark;
        number < self.next && self.all.insert(number, HostValue { value, mark }).is_none()
    }

    /// Returns a value, or `None` if it was freed.
    pub fn get(&self, index: ExternIndex) -> Option<&(dyn Any + Send + Sync)> {
        self.all.get(&index.0).map(|it| &*it.value)
    }

    /// Returns a value for changes, or `None` if it was freed.
    pub fn get_mut(&mut self, index: ExternIndex) -> Option<&mut (dyn Any + Send + Sync)> {
        self.all.get_mut(&index.0).map(|it| &mut *it.value)
    }

    /// Marks a value for a collection. Returns whether it was not marked before.
    pub fn mark(&mut self, index: ExternIndex, collection: u32) -> bool {
        let found = self.all.get_mut(&index.0);
        found.is_some_and(|it| mem::replace(&mut it.mark, collection) != collection)
    }

    /// Visits some values, from the number `first` on, and frees those that `collection` has not
    /// marked. Returns the number of visited values and the next number, if there are more.
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

    /// Returns the number of values.
    #[cfg(test)]
    pub fn count(&self) -> usize {
        self.all.len()
    }
}
