//! Exceptions: a tag and a payload that were thrown.
//!
//! An exception to which there are no references is freed when it is caught. The collector
//! frees the others.

use super::limits::LimitError;
use crate::ids::{ExnIndex, TagIndex};
use crate::support::segments::Segments;
use core::fmt;
use smallvec::SmallVec;

/// An exception.
#[derive(Debug)]
pub struct Exception {
    /// Tag with which it was thrown.
    pub tag: TagIndex,
    /// Slots of its payload.
    pub fields: SmallVec<[u64; 2]>,
    /// True if there may be references to it.
    escaped: bool,
    /// True if the host may have its number, which is not reused then.
    seen: bool,
    /// Number of the last collection that has found it reachable or must not free it.
    mark: u32,
}

impl Exception {
    fn fork(&self) -> Result<Exception, LimitError> {
        let mut fields = SmallVec::new();
        fields
            .try_reserve_exact(self.fields.len())
            .map_err(|_| LimitError::Allocation)?;
        fields.extend_from_slice(&self.fields);
        Ok(Exception { fields, ..*self })
    }

    /// Returns the number of bytes that it counts for.
    pub fn size(&self) -> usize {
        size(self.fields.len())
    }
}

/// The exceptions of a store.
#[derive(Debug, Default)]
pub struct Exceptions {
    /// Exceptions by [`ExnIndex`].
    all: Segments<Option<Exception>>,
    /// Numbers that can be reused.
    free: Segments<u32>,
    /// Number of bytes that all exceptions count for.
    bytes: usize,
    /// Mark of a new exception.
    pub new_mark: u32,
}

/// Number of bytes that an exception without fields counts for. It is the same on every target,
/// so that a program reaches its limit at the same throw.
const EMPTY: usize = 48;

const _: () = assert!(size_of::<Exception>() <= EMPTY);

/// Returns the number of bytes that an exception counts for.
pub fn size(fields: usize) -> usize {
    EMPTY + fields * size_of::<u64>()
}

impl Exceptions {
    /// Adds an exception.
    ///
    /// # Errors
    ///
    /// An error if all exceptions would count for more than `limit` bytes, or there is no
    /// memory for it.
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
        let free = self.free.pop();
        let index = free.unwrap_or(self.all.len() as u32);
        if let Some(place) = self.all.get_mut(index as usize) {
            *place = Some(exception);
        } else if !self.all.push(Some(exception)) {
            return Err(LimitError::Allocation);
        }
        self.bytes = bytes;
        Ok(ExnIndex(index))
    }

    /// Copies the exceptions for the fork of their store.
    ///
    /// # Errors
    ///
    /// An error if the host cannot allocate the copy.
    pub(super) fn fork(&self) -> Result<Exceptions, LimitError> {
        let all = self.all.try_copy(|exception| match exception {
            Some(exception) => exception.fork().ok().map(Some),
            None => Some(None),
        });
        let free = self.free.try_copy(|&index| Some(index));
        Ok(Exceptions {
            all: all.ok_or(LimitError::Allocation)?,
            free: free.ok_or(LimitError::Allocation)?,
            bytes: self.bytes,
            new_mark: self.new_mark,
        })
    }

    /// Returns the number of bytes that all exceptions count for.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Returns an exception, or `None` if it was freed.
    pub fn get(&self, index: ExnIndex) -> Option<&Exception> {
        self.all.get(index.0 as usize)?.as_ref()
    }

    /// Records that there may be references to an exception.
    pub fn escape(&mut self, index: ExnIndex) {
        if let Some(Some(exception)) = self.all.get_mut(index.0 as usize) {
            exception.escaped = true;
        }
    }

    /// Returns whether there is an exception of this number. While a collection frees what it has
    /// not marked, it must be marked by that.
    pub fn is_live(&self, index: ExnIndex, marked_by: Option<u32>) -> bool {
        let exception = self.get(index);
        exception.is_some_and(|it| marked_by.is_none_or(|mark| it.mark == mark))
    }

    /// Records that the host may have the number of an exception.
    pub fn seen(&mut self, index: ExnIndex) {
        if let Some(Some(exception)) = self.all.get_mut(index.0 as usize) {
            exception.escaped = true;
            exception.seen = true;
        }
    }

    /// Frees an exception that was caught, unless there may be references to it.
    pub fn caught(&mut self, index: ExnIndex) {
        let exception = self.get(index);
        if exception.is_some_and(|exception| !exception.escaped) {
            self.remove(index);
        }
    }

    /// Marks an exception for a collection. Returns whether it was not marked before.
    pub fn mark(&mut self, index: ExnIndex, collection: u32) -> bool {
        let exception = self.all.get_mut(index.0 as usize);
        exception.and_then(Option::as_mut).is_some_and(|exception| {
            core::mem::replace(&mut exception.mark, collection) != collection
        })
    }

    /// Returns the number of numbers in use or free.
    pub fn numbers(&self) -> usize {
        self.all.len()
    }

    /// Frees the exception of this number, if there may be references to it and `collection` has
    /// not marked it.
    pub fn sweep(&mut self, index: ExnIndex, collection: u32) {
        let exception = self.get(index);
        if exception.is_some_and(|exception| exception.escaped && exception.mark != collection) {
            self.remove(index);
        }
    }

    fn remove(&mut self, index: ExnIndex) {
        let exception = self.all.get_mut(index.0 as usize);
        if let Some(exception) = exception.and_then(Option::take) {
            self.bytes -= size(exception.fields.len());
            if !exception.seen {
                // Without memory for another free number, the number is not reused.
                let _ = self.free.push(index.0);
            }
        }
    }

    /// Replaces the slots of an exception's payload by as many others.
    pub fn set_fields(&mut self, index: ExnIndex, fields: &[u64]) {
        if let Some(Some(exception)) = self.all.get_mut(index.0 as usize) {
            exception.fields.copy_from_slice(fields);
        }
    }

    /// Returns whether hardly any bytes of `limit` are left.
    pub fn is_full(&self, limit: usize) -> bool {
        self.bytes.saturating_add(limit / 64) >= limit
    }

    /// Returns the number of exceptions.
    #[cfg(test)]
    pub fn count(&self) -> usize {
        let lives = |index: &u32| self.get(ExnIndex(*index)).is_some();
        (0..self.numbers() as u32).filter(lives).count()
    }
}

/// Error of a call whose exception was not caught in WebAssembly, or of a host function that
/// throws an exception. The store keeps the exception itself.
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
    fn exceptions_without_references_are_freed() {
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
