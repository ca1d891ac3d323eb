//! Limits: the embedder's limiter, and the limits of a store without one.

use super::recording::{FixedLimits, HostEvent};
use super::store::StoreInner;
use crate::format_err;
use crate::support::error::Error;
use alloc::vec::Vec;
use thiserror::Error as ThisError;

/// Reason for which a memory, a table or a set of objects does not grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ThisError)]
pub enum LimitError {
    /// The host cannot allocate the memory.
    #[error("the host cannot allocate that much")]
    Allocation,
    /// The type does not allow it.
    #[error("the type's maximum was reached")]
    Type,
    /// The limiter, or the limit of a store without one, does not allow it.
    #[error("a resource limit was reached")]
    Limit,
}

/// Copies a list.
///
/// # Errors
///
/// An error if the host cannot allocate the copy.
pub(super) fn copied<T: Copy>(list: &[T]) -> Result<Vec<T>, LimitError> {
    let mut copy = Vec::new();
    copy.try_reserve_exact(list.len())
        .map_err(|_| LimitError::Allocation)?;
    copy.extend_from_slice(list);
    Ok(copy)
}

/// The embedder's `ResourceLimiter`, below the API: its methods, without the store's data.
pub trait Limiter {
    /// Returns whether a memory may grow, from and to these sizes in bytes.
    ///
    /// # Errors
    ///
    /// An error ends the execution.
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> Result<bool, Error>;

    /// Informs the limiter that a memory has not grown after all.
    ///
    /// # Errors
    ///
    /// An error ends the execution.
    fn memory_grow_failed(&mut self, error: Error) -> Result<(), Error>;

    /// Returns whether a table may grow, from and to these numbers of elements.
    ///
    /// # Errors
    ///
    /// An error ends the execution.
    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> Result<bool, Error>;

    /// Informs the limiter that a table has not grown after all.
    ///
    /// # Errors
    ///
    /// An error ends the execution.
    fn table_grow_failed(&mut self, error: Error) -> Result<(), Error>;

    /// Returns the maximum number of instances.
    fn instances(&self) -> usize;
    /// Returns the maximum number of tables.
    fn tables(&self) -> usize;
    /// Returns the maximum number of memories.
    fn memories(&self) -> usize;
    /// Returns the maximum number of continuations.
    fn continuations(&self) -> usize;
    /// Returns the maximum number of bytes of all stacks together.
    fn stack_bytes(&self) -> usize;
    /// Returns the maximum number of bytes of all exceptions together.
    fn exception_bytes(&self) -> usize;
    /// Returns the maximum number of bytes that the heap of structures and arrays takes.
    fn object_bytes(&self) -> usize;
}

/// Number of bytes of the limit of structures and arrays for each host value that is allowed.
pub const EXTERN_BYTES: usize = 64;
/// Maximum size of a memory in bytes without a limiter: all that 32-bit addresses reach.
pub const DEFAULT_MEMORY_BYTES: u64 = 1 << 32;
/// Maximum number of elements of a table without a limiter.
pub const DEFAULT_TABLE_ELEMENTS: usize = 20_000_000;
/// Maximum number of continuations in a store without a limiter.
pub const DEFAULT_CONTINUATIONS: usize = 1 << 22;
/// Maximum number of bytes of a store's stacks without a limiter. 32-bit targets can count
/// as many, so the limit is the same on every target.
pub const DEFAULT_STACK_BYTES: usize = 1 << 31;
/// Maximum number of bytes of a store's exceptions without a limiter.
pub const DEFAULT_EXCEPTION_BYTES: usize = 1 << 28;
/// Maximum number of bytes that the heap of structures and arrays takes without a limiter.
pub const DEFAULT_OBJECT_BYTES: usize = 1 << 30;
/// Maximum number of instances in a store without a limiter.
pub const DEFAULT_INSTANCES: usize = 10_000;
/// Maximum number of tables in a store without a limiter.
pub const DEFAULT_TABLES: usize = 10_000;
/// Maximum number of memories in a store without a limiter.
pub const DEFAULT_MEMORIES: usize = 10_000;

impl StoreInner {
    /// Returns a limit: the limiter's, or `default` without a limiter.
    pub(super) fn limit(
        &mut self,
        of: impl FnOnce(&dyn Limiter) -> usize,
        default: usize,
    ) -> usize {
        match &mut self.limiter {
            Some(hook) => of(&*hook(&mut *self.data)),
            None => default,
        }
    }

    /// Checks the limits for an instance with this many memories and tables of its own, before
    /// anything is created for it.
    ///
    /// # Errors
    ///
    /// An error if a limit is exceeded.
    pub(super) fn check_counts(&mut self, memories: usize, tables: usize) -> Result<(), Error> {
        let instances = self.instances.len() + 1;
        if instances > self.limit(|limiter| limiter.instances(), DEFAULT_INSTANCES) {
            return Err(too_many("instance", instances));
        }
        let memories = self.memories.len() + memories;
        if memories > self.limit(|limiter| limiter.memories(), DEFAULT_MEMORIES) {
            return Err(too_many("memory", memories));
        }
        let tables = self.tables.len() + tables;
        if tables > self.limit(|limiter| limiter.tables(), DEFAULT_TABLES) {
            return Err(too_many("table", tables));
        }
        Ok(())
    }

    /// Returns whether a memory may grow, from and to these sizes in bytes.
    pub(super) fn memory_may_grow(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> Result<bool, Error> {
        let may_grow = match &mut self.limiter {
            Some(hook) => hook(&mut *self.data).memory_growing(current, desired, maximum),
            None => Ok(desired as u64 <= DEFAULT_MEMORY_BYTES),
        };
        self.note_growth(may_grow)
    }

    /// Returns whether a table may grow, from and to these numbers of elements.
    pub(super) fn table_may_grow(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> Result<bool, Error> {
        let may_grow = match &mut self.limiter {
            Some(hook) => hook(&mut *self.data).table_growing(current, desired, maximum),
            None => Ok(desired <= DEFAULT_TABLE_ELEMENTS),
        };
        self.note_growth(may_grow)
    }

    /// Records the limiter's decision.
    fn note_growth(&mut self, may_grow: Result<bool, Error>) -> Result<bool, Error> {
        self.note(HostEvent::AsksToGrow);
        match &may_grow {
            Ok(true) => {}
            Ok(false) => self.note(HostEvent::DeniesGrowth),
            Err(error) => self.note(HostEvent::FailsGrowth(error)),
        }
        may_grow
    }

    /// Records that the host cannot allocate what the limiter allowed.
    pub(super) fn note_failed_allocation(&mut self, error: &LimitError) {
        if matches!(error, LimitError::Allocation) {
            self.note(HostEvent::DeniesGrowth);
        }
    }

    /// Returns the limits that do not depend on what grows.
    pub fn fixed_limits(&mut self) -> FixedLimits {
        FixedLimits {
            instances: self.limit(|limiter| limiter.instances(), DEFAULT_INSTANCES),
            tables: self.limit(|limiter| limiter.tables(), DEFAULT_TABLES),
            memories: self.limit(|limiter| limiter.memories(), DEFAULT_MEMORIES),
            continuations: self.limit(|limiter| limiter.continuations(), DEFAULT_CONTINUATIONS),
            stack_bytes: self.limit(|limiter| limiter.stack_bytes(), DEFAULT_STACK_BYTES),
            exception_bytes: self
                .limit(|limiter| limiter.exception_bytes(), DEFAULT_EXCEPTION_BYTES),
            object_bytes: self.limit(|limiter| limiter.object_bytes(), DEFAULT_OBJECT_BYTES),
        }
    }

    /// Informs the limiter that a memory has not grown.
    pub(super) fn memory_grow_failed(&mut self, error: LimitError) -> Result<(), Error> {
        self.note_failed_allocation(&error);
        match &mut self.limiter {
            Some(hook) => hook(&mut *self.data).memory_grow_failed(error.into()),
            None => Ok(()),
        }
    }

    /// Informs the limiter that a table has not grown.
    pub(super) fn table_grow_failed(&mut self, error: LimitError) -> Result<(), Error> {
        self.note_failed_allocation(&error);
        match &mut self.limiter {
            Some(hook) => hook(&mut *self.data).table_grow_failed(error.into()),
            None => Ok(()),
        }
    }
}

/// Returns the error of a count that exceeds its limit.
#[cold]
pub(super) fn too_many(what: &str, count: usize) -> Error {
    format_err!("resource limit exceeded: {what} count too high at {count}")
}
