//! How much guests may allocate.

use crate::bail;
use crate::heap::{
    DEFAULT_CONTINUATIONS, DEFAULT_EXCEPTION_BYTES, DEFAULT_INSTANCES, DEFAULT_MEMORIES,
    DEFAULT_MEMORY_BYTES, DEFAULT_STACK_BYTES, DEFAULT_TABLE_ELEMENTS, DEFAULT_TABLES, Limiter,
};
use crate::support::error::{Error, Result};

/// Decides what a store's guests may allocate: see
/// [`Store::limiter`](crate::Store::limiter).
pub trait ResourceLimiter: Send {
    /// Whether a memory may grow from `current` to `desired` bytes; `maximum` is what its
    /// type allows. It is asked for new memories too, with a `current` of 0.
    ///
    /// # Errors
    ///
    /// An error is raised where the guest asked, as a trap is.
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> Result<bool>;

    /// Told why a memory did not grow, though not where [`memory_growing`] refused it.
    ///
    /// [`memory_growing`]: ResourceLimiter::memory_growing
    ///
    /// # Errors
    ///
    /// An error is raised where the guest asked, as a trap is.
    fn memory_grow_failed(&mut self, error: Error) -> Result<()> {
        log::debug!("a memory did not grow: {error:#}");
        Ok(())
    }

    /// Whether a table may grow from `current` to `desired` elements; `maximum` is what
    /// its type allows. It is asked for new tables too, with a `current` of 0.
    ///
    /// # Errors
    ///
    /// An error is raised where the guest asked, as a trap is.
    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> Result<bool>;

    /// Told why a table did not grow, though not where [`table_growing`] refused it.
    ///
    /// [`table_growing`]: ResourceLimiter::table_growing
    ///
    /// # Errors
    ///
    /// An error is raised where the guest asked, as a trap is.
    fn table_grow_failed(&mut self, error: Error) -> Result<()> {
        log::debug!("a table did not grow: {error:#}");
        Ok(())
    }

    /// How many instances the store may hold.
    fn instances(&self) -> usize {
        DEFAULT_INSTANCES
    }

    /// How many tables the store may hold.
    fn tables(&self) -> usize {
        DEFAULT_TABLES
    }

    /// How many memories the store may hold.
    fn memories(&self) -> usize {
        DEFAULT_MEMORIES
    }

    /// How many continuations the store may hold that guests can still reach. Making one
    /// more ends the execution with an error.
    fn continuations(&self) -> usize {
        DEFAULT_CONTINUATIONS
    }

    /// How many bytes the stacks of the store may take, those of calls from the host
    /// included. Where a continuation or a call needs more, the execution ends with an error
    /// or with [`Trap::StackOverflow`](crate::Trap::StackOverflow).
    fn stack_bytes(&self) -> usize {
        DEFAULT_STACK_BYTES
    }

    /// How many bytes the exceptions of the store may take that something may still refer
    /// to: 48 for each, and 8 for each value of its payload. Throwing one more ends
    /// with [`Trap::AllocationTooLarge`](crate::Trap::AllocationTooLarge).
    fn exception_bytes(&self) -> usize {
        DEFAULT_EXCEPTION_BYTES
    }
}

/// A limiter, as it is asked below the API.
pub(super) struct Adapter<'a>(pub(super) &'a mut dyn ResourceLimiter);

impl Limiter for Adapter<'_> {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> Result<bool> {
        self.0.memory_growing(current, desired, maximum)
    }

    fn memory_grow_failed(&mut self, error: Error) -> Result<()> {
        self.0.memory_grow_failed(error)
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> Result<bool> {
        self.0.table_growing(current, desired, maximum)
    }

    fn table_grow_failed(&mut self, error: Error) -> Result<()> {
        self.0.table_grow_failed(error)
    }

    fn instances(&self) -> usize {
        self.0.instances()
    }

    fn tables(&self) -> usize {
        self.0.tables()
    }

    fn memories(&self) -> usize {
        self.0.memories()
    }

    fn continuations(&self) -> usize {
        self.0.continuations()
    }

    fn stack_bytes(&self) -> usize {
        self.0.stack_bytes()
    }

    fn exception_bytes(&self) -> usize {
        self.0.exception_bytes()
    }
}

/// A limiter of fixed numbers: built by [`StoreLimitsBuilder`].
///
/// By default a store holds 10,000 instances, tables and memories each, a memory 4 GiB,
/// a table 20 million elements; and four million continuations, whose stacks take 2 GiB at
/// the most.
#[derive(Clone, Debug)]
pub struct StoreLimits {
    memory_size: usize,
    table_elements: usize,
    instances: usize,
    tables: usize,
    memories: usize,
    continuations: usize,
    stack_bytes: usize,
    exception_bytes: usize,
    trap_on_grow_failure: bool,
}

impl Default for StoreLimits {
    fn default() -> StoreLimits {
        StoreLimits {
            memory_size: usize::try_from(DEFAULT_MEMORY_BYTES).unwrap_or(usize::MAX),
            table_elements: DEFAULT_TABLE_ELEMENTS,
            instances: DEFAULT_INSTANCES,
            tables: DEFAULT_TABLES,
            memories: DEFAULT_MEMORIES,
            continuations: DEFAULT_CONTINUATIONS,
            stack_bytes: DEFAULT_STACK_BYTES,
            exception_bytes: DEFAULT_EXCEPTION_BYTES,
            trap_on_grow_failure: false,
        }
    }
}

impl StoreLimits {
    fn decide(&self, what: &str, desired: usize, limit: usize, unit: &str) -> Result<bool> {
        let allow = desired <= limit;
        if !allow && self.trap_on_grow_failure {
            bail!("forcing trap when growing {what} to {desired} {unit}: the limit is {limit}");
        }
        Ok(allow)
    }

    fn failed(&self, what: &str, error: Error) -> Result<()> {
        if self.trap_on_grow_failure {
            let context = alloc::format!("forcing a {what} growth failure to be a trap");
            return Err(error.context(context));
        }
        log::debug!("a {what} did not grow: {error:#}");
        Ok(())
    }
}

impl ResourceLimiter for StoreLimits {
    fn memory_growing(
        &mut self,
        _current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> Result<bool> {
        let limit = self.memory_size.min(maximum.unwrap_or(usize::MAX));
        self.decide("memory", desired, limit, "bytes")
    }

    fn memory_grow_failed(&mut self, error: Error) -> Result<()> {
        self.failed("memory", error)
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> Result<bool> {
        let limit = self.table_elements.min(maximum.unwrap_or(usize::MAX));
        self.decide("table", desired, limit, "elements")
    }

    fn table_grow_failed(&mut self, error: Error) -> Result<()> {
        self.failed("table", error)
    }

    fn instances(&self) -> usize {
        self.instances
    }

    fn tables(&self) -> usize {
        self.tables
    }

    fn memories(&self) -> usize {
        self.memories
    }

    fn continuations(&self) -> usize {
        self.continuations
    }

    fn stack_bytes(&self) -> usize {
        self.stack_bytes
    }

    fn exception_bytes(&self) -> usize {
        self.exception_bytes
    }
}

/// Builds [`StoreLimits`].
#[derive(Clone, Debug, Default)]
pub struct StoreLimitsBuilder(StoreLimits);

impl StoreLimitsBuilder {
    /// The defaults.
    pub fn new() -> StoreLimitsBuilder {
        StoreLimitsBuilder::default()
    }

    /// The bytes that each memory may have.
    pub fn memory_size(mut self, limit: usize) -> StoreLimitsBuilder {
        self.0.memory_size = limit;
        self
    }

    /// The elements that each table may have.
    pub fn table_elements(mut self, limit: usize) -> StoreLimitsBuilder {
        self.0.table_elements = limit;
        self
    }

    /// The instances that the store may hold.
    pub fn instances(mut self, limit: usize) -> StoreLimitsBuilder {
        self.0.instances = limit;
        self
    }

    /// The tables that the store may hold.
    pub fn tables(mut self, tables: usize) -> StoreLimitsBuilder {
        self.0.tables = tables;
        self
    }

    /// The memories that the store may hold.
    pub fn memories(mut self, memories: usize) -> StoreLimitsBuilder {
        self.0.memories = memories;
        self
    }

    /// The continuations that the store may hold.
    pub fn continuations(mut self, limit: usize) -> StoreLimitsBuilder {
        self.0.continuations = limit;
        self
    }

    /// The bytes that the store's stacks may take.
    pub fn stack_bytes(mut self, limit: usize) -> StoreLimitsBuilder {
        self.0.stack_bytes = limit;
        self
    }

    /// The bytes that the store's exceptions may take.
    pub fn exception_bytes(mut self, limit: usize) -> StoreLimitsBuilder {
        self.0.exception_bytes = limit;
        self
    }

    /// Whether a memory or a table that cannot grow traps, instead of telling the guest.
    pub fn trap_on_grow_failure(mut self, trap: bool) -> StoreLimitsBuilder {
        self.0.trap_on_grow_failure = trap;
        self
    }

    /// The limits.
    pub fn build(self) -> StoreLimits {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn limits_refuse_or_trap() {
        let mut limits = StoreLimitsBuilder::new()
            .memory_size(10)
            .table_elements(5)
            .build();
        assert!(limits.memory_growing(0, 10, None).unwrap());
        assert!(!limits.memory_growing(0, 11, None).unwrap());
        assert!(!limits.memory_growing(0, 10, Some(9)).unwrap());
        assert!(!limits.table_growing(0, 6, None).unwrap());
        assert!(limits.memory_grow_failed(Error::msg("why")).is_ok());

        limits.trap_on_grow_failure = true;
        let error = limits.memory_growing(0, 11, None).unwrap_err();
        assert!(error.to_string().contains("to 11 bytes: the limit is 10"));
        let error = limits.table_grow_failed(Error::msg("why")).unwrap_err();
        assert_eq!(
            alloc::format!("{error:#}"),
            "forcing a table growth failure to be a trap: why"
        );
    }

    #[test]
    fn defaults_are_finite() {
        let mut limits = StoreLimits::default();
        assert!(!limits.table_growing(0, 1_000_000_000, None).unwrap());
        assert_eq!(limits.instances(), 10_000);
        assert!(usize::BITS < 64 || !limits.memory_growing(0, usize::MAX, None).unwrap());
    }
}
