//! Exceptions: what was thrown, and by which tag.
//!
//! An exception that nobody has a reference to is freed when it has been caught. The
//! others are the collector's.

use super::limits::LimitError;
use crate::ids::{ExnIndex, TagIndex};
use alloc::vec::Vec;
use core::fmt;
use smallvec::SmallVec;

/// An exception.
#[derive(Debug)]
pub struct Exception {
    /// The tag that it was thrown with.
    pub tag: TagIndex,
    /// Its payload, as it lies in slots.
    pub fields: SmallVec<[u64; 2]>,
    /// Whether there may be references to it.
    escaped: bool,
    /// Whether the host may have its number, which is not given again then.
    seen: bool,
    /// The collection that last found it reachable, or must not free it.
    mark: u32,
}

/// The exceptions of a store.
#[derive(Debug, Default)]
pub struct Exceptions {
    /// By [`ExnIndex`]; numbers are given anew.
    all: Vec<Option<Exception>>,
    free: Vec<u32>,
    /// What they all count for.
    bytes: usize,
    /// The mark of a new one.
    pub new_mark: u32,
}

/// The bytes that an exception without fields counts for: the same on every target, so that
/// a program meets its limit at the same throw.
const EMPTY: usize = 48;

const _: () = assert!(size_of::<Exception>() <= EMPTY);

/// The bytes that an exception counts for.
pub fn size(fields: usize) -> usize {
    EMPTY + fields * size_of::<u64>()
}

impl Exceptions {
    /// Adds an exception, if all together count for `limit` bytes at the most.
    pub fn add(
        &mut self,
        tag: TagIndex,
        payload: impl ExactSizeIterator<Item = u64>,
        limit: usize,
    ) -> Result<ExnIndex, LimitError> {
        let bytes = self.bytes.saturating_add(size(payload.len()));
        if bytes > limit {
            return Err(LimitError::Limit);
        }
        let mut fields = SmallVec::new();
        fields
            .try_reserve_exact(payload.len())
            .map_err(|_| LimitError::Allocation)?;
        fields.extend(payload);
        let exception = Exception {
            tag,
            fields,
            escaped: false,
            seen: false,
            mark: self.new_mark,
        };
        let index = match self.free.pop() {
            Some(index) => {
                self.all[index as usize] = Some(exception);
                index
            }
            None => {
                self.all
                    .try_reserve(1)
                    .map_err(|_| LimitError::Allocation)?;
                self.all.push(Some(exception));
                self.all.len() as u32 - 1
            }
        };
        self.bytes = bytes;
        Ok(ExnIndex(index))
    }

    /// An exception, if there is one of this number.
    pub fn get(&self, index: ExnIndex) -> Option<&Exception> {
        self.all.get(index.0 as usize)?.as_ref()
    }

    /// From now on there may be references to it.
    pub fn escape(&mut self, index: ExnIndex) {
        if let Some(Some(exception)) = self.all.get_mut(index.0 as usize) {
            exception.escaped = true;
        }
    }

    /// The host gets its number.
    pub fn seen(&mut self, index: ExnIndex) {
        if let Some(Some(exception)) = self.all.get_mut(index.0 as usize) {
            exception.escaped = true;
            exception.seen = true;
        }
    }

    /// Frees an exception that has been caught, unless there may be references to it.
    pub fn caught(&mut self, index: ExnIndex) {
        let exception = self.get(index);
        if exception.is_some_and(|exception| !exception.escaped) {
            self.remove(index);
        }
    }

    /// Marks an exception for a collection: whether that had not found it before.
    pub fn mark(&mut self, index: ExnIndex, collection: u32) -> bool {
        let exception = self.all.get_mut(index.0 as usize);
        exception.and_then(Option::as_mut).is_some_and(|exception| {
            core::mem::replace(&mut exception.mark, collection) != collection
        })
    }

    /// How many numbers have been given.
    pub fn numbers(&self) -> usize {
        self.all.len()
    }

    /// Frees the exception of this number, if there may be references to it and a collection
    /// has not found it.
    pub fn sweep(&mut self, index: ExnIndex, collection: u32) {
        let exception = self.get(index);
        if exception.is_some_and(|exception| exception.escaped && exception.mark != collection) {
            self.remove(index);
        }
    }

    fn remove(&mut self, index: ExnIndex) {
        if let Some(exception) = self.all[index.0 as usize].take() {
            self.bytes -= size(exception.fields.len());
            // Without room for one more free number, it is not given again.
            if !exception.seen && self.free.try_reserve(1).is_ok() {
                self.free.push(index.0);
            }
        }
    }

    /// Whether there is hardly room for one more, where all together may count for `limit`
    /// bytes.
    pub fn is_full(&self, limit: usize) -> bool {
        self.bytes.saturating_add(limit / 64) >= limit
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.all.iter().flatten().count()
    }
}

/// The error of a call that ended with an exception that nothing in WebAssembly caught, or
/// of a host function that throws one. The exception itself is kept by the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ThrownException;

impl fmt::Display for ThrownException {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("thrown Wasm exception")
    }
}

impl core::error::Error for ThrownException {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_never_referred_to_is_freed() {
        let mut exceptions = Exceptions::default();
        let limit = 2 * size(3);
        let add = |exceptions: &mut Exceptions, fields: u32| {
            exceptions.add(TagIndex(4), (0..fields).map(u64::from), limit)
        };
        let first = add(&mut exceptions, 3).unwrap();
        let second = add(&mut exceptions, 3).unwrap();
        assert_ne!(first, second);
        assert_eq!(add(&mut exceptions, 0), Err(LimitError::Limit));
        exceptions.escape(second);
        exceptions.caught(second);
        assert_eq!(exceptions.get(second).unwrap().fields[..], [0, 1, 2]);
        exceptions.caught(first);
        assert!(exceptions.get(first).is_none());
        assert_eq!(add(&mut exceptions, 2), Ok(first));
        assert_eq!(exceptions.get(first).unwrap().tag, TagIndex(4));
        assert_eq!(exceptions.count(), 2);
    }
}
