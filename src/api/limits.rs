//! Limits on the resources of a store.

use crate::bail;
use crate::heap::{
    DEFAULT_CONTINUATIONS, DEFAULT_EXCEPTION_BYTES, DEFAULT_INSTANCES, DEFAULT_MEMORIES,
    DEFAULT_MEMORY_BYTES, DEFAULT_OBJECT_BYTES, DEFAULT_STACK_BYTES, DEFAULT_TABLE_ELEMENTS,
    DEFAULT_TABLES, Limiter,
};
use crate::support::error::{Error, Result};

/// Limits on the resources that a store may allocate.
///
/// A store uses the limiter given to [`Store::limiter`](crate::Store::limiter).
///
/// Sizes do not wrap: the size of a new memory or table that does not fit in `usize` is passed as
/// `usize::MAX`. The limiter is not called for growth beyond the type's maximum or beyond the
/// address range, which always fails.
///
/// Corresponds to
/// [`wasmtime::ResourceLimiter`](https://docs.rs/wasmtime/latest/wasmtime/trait.ResourceLimiter.html).
pub trait ResourceLimiter: Send {
    /// Returns whether a memory may grow from `current` to `desired` bytes.
    ///
    /// `maximum` is the maximum of the memory's type, in bytes. This is also called when a memory
    /// is created, with a `current` of 0.
    ///
    /// # Errors
    ///
    /// An error ends the execution of the guest that requested the growth, as a trap does.
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> Result<bool>;

    /// Called when a memory failed to grow for a reason other than [`memory_growing`].
    ///
    /// The default implementation logs the error.
    ///
    /// [`memory_growing`]: ResourceLimiter::memory_growing
    ///
    /// # Errors
    ///
    /// An error ends the execution of the guest that requested the growth, as a trap does.
    fn memory_grow_failed(&mut self, error: Error) -> Result<()> {
        log::debug!("a memory did not grow: {error:#}");
        Ok(())
    }

    /// Returns whether a table may grow from `current` to `desired` elements.
    ///
    /// `maximum` is the maximum of the table's type. This is also called when a table is created,
    /// with a `current` of 0.
    ///
    /// # Errors
    ///
    /// An error ends the execution of the guest that requested the growth, as a trap does.
    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> Result<bool>;

    /// Called when a table failed to grow for a reason other than [`table_growing`].
    ///
    /// The default implementation logs the error.
    ///
    /// [`table_growing`]: ResourceLimiter::table_growing
    ///
    /// # Errors
    ///
    /// An error ends the execution of the guest that requested the growth, as a trap does.
    fn table_grow_failed(&mut self, error: Error) -> Result<()> {
        log::debug!("a table did not grow: {error:#}");
        Ok(())
    }

    /// Returns the maximum number of instances in the store.
    fn instances(&self) -> usize {
        DEFAULT_INSTANCES
    }

    /// Returns the maximum number of tables in the store.
    fn tables(&self) -> usize {
        DEFAULT_TABLES
    }

    /// Returns the maximum number of memories in the store.
    fn memories(&self) -> usize {
        DEFAULT_MEMORIES
    }

    /// Returns the maximum number of continuations that guests can still reach.
    ///
    /// Creating one more ends the execution with an error.
    fn continuations(&self) -> usize {
        DEFAULT_CONTINUATIONS
    }

    /// Returns the maximum size of all stacks of the store in bytes, including those of calls from
    /// the host.
    ///
    /// If a continuation or a call needs more, the execution ends with an error or with
    /// [`Trap::StackOverflow`](crate::Trap::StackOverflow).
    fn stack_bytes(&self) -> usize {
        DEFAULT_STACK_BYTES
    }

    /// Returns the maximum size in bytes of the exceptions that may still be referred to: 48 for
    /// each exception, and 8 for each value of its payload.
    ///
    /// Throwing one more ends with [`Trap::AllocationTooLarge`](crate::Trap::AllocationTooLarge).
    fn exception_bytes(&self) -> usize {
        DEFAULT_EXCEPTION_BYTES
    }

    /// Returns the maximum number of bytes that the heap of the store's structures and arrays takes
    /// from the host's allocator.
    ///
    /// If an allocation needs more and a collection does not help, it ends with
    /// [`Trap::AllocationTooLarge`](crate::Trap::AllocationTooLarge), or, if the host allocates, with
    /// the error [`GcHeapOutOfMemory`](crate::GcHeapOutOfMemory). A store has at most one host value
    /// for each 64 of these bytes.
    fn gc_heap_bytes(&self) -> usize {
        DEFAULT_OBJECT_BYTES
    }
}

/// A [`ResourceLimiter`] in the form that the code below the API calls.
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

    fn object_bytes(&self) -> usize {
        self.0.gc_heap_bytes()
    }
}

/// A limiter with fixed limits, built with [`StoreLimitsBuilder`].
///
/// By default a store may have 10,000 instances, 10,000 tables, 10,000 memories and four million
/// continuations, whose stacks take up to 2 GiB. A memory may have 4 GiB and a table 20 million
/// elements.
///
/// Corresponds to
/// [`wasmtime::StoreLimits`](https://docs.rs/wasmtime/latest/wasmtime/struct.StoreLimits.html).
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
    gc_heap_bytes: usize,
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
            gc_heap_bytes: DEFAULT_OBJECT_BYTES,
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

    fn gc_heap_bytes(&self) -> usize {
        self.gc_heap_bytes
    }
}

/// A builder of [`StoreLimits`].
///
/// Corresponds to
/// [`wasmtime::StoreLimitsBuilder`](https://docs.rs/wasmtime/latest/wasmtime/struct.StoreLimitsBuilder.html).
#[derive(Clone, Debug, Default)]
pub struct StoreLimitsBuilder(StoreLimits);

impl StoreLimitsBuilder {
    /// Creates a builder with the default limits.
    pub fn new() -> StoreLimitsBuilder {
        StoreLimitsBuilder::default()
    }

    /// Sets the maximum size of each memory, in bytes.
    pub fn memory_size(mut self, limit: usize) -> StoreLimitsBuilder {
        self.0.memory_size = limit;
        self
    }

    /// Sets the maximum number of elements of each table.
    pub fn table_elements(mut self, limit: usize) -> StoreLimitsBuilder {
        self.0.table_elements = limit;
        self
    }

    /// Sets the maximum number of instances in the store.
    pub fn instances(mut self, limit: usize) -> StoreLimitsBuilder {
        self.0.instances = limit;
        self
    }

    /// Sets the maximum number of tables in the store.
    pub fn tables(mut self, tables: usize) -> StoreLimitsBuilder {
        self.0.tables = tables;
        self
    }

    /// Sets the maximum number of memories in the store.
    pub fn memories(mut self, memories: usize) -> StoreLimitsBuilder {
        self.0.memories = memories;
        self
    }

    /// Sets the maximum number of continuations in the store.
    pub fn continuations(mut self, limit: usize) -> StoreLimitsBuilder {
        self.0.continuations = limit;
        self
    }

    /// Sets the maximum size of the store's stacks, in bytes.
    pub fn stack_bytes(mut self, limit: usize) -> StoreLimitsBuilder {
        self.0.stack_bytes = limit;
        self
    }

    /// Sets the maximum size of the store's exceptions, in bytes.
    pub fn exception_bytes(mut self, limit: usize) -> StoreLimitsBuilder {
        self.0.exception_bytes = limit;
        self
    }

    /// Sets the maximum size of the heap of the store's structures and arrays, in bytes.
    pub fn gc_heap_bytes(mut self, limit: usize) -> StoreLimitsBuilder {
        self.0.gc_heap_bytes = limit;
        self
    }

    /// Sets whether a failure to grow a memory or a table traps instead of returning −1 to the
    /// guest.
    pub fn trap_on_grow_failure(mut self, trap: bool) -> StoreLimitsBuilder {
        self.0.trap_on_grow_failure = trap;
        self
    }

    /// Builds the limits.
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
