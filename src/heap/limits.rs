//! Asking before growing.

use crate::support::error::Error;
use thiserror::Error as ThisError;

/// Why a memory, a table or a stack does not grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ThisError)]
pub enum LimitError {
    /// The host has no room for it.
    #[error("the host cannot allocate that much")]
    Allocation,
    /// Its type does not allow it.
    #[error("the type's maximum was reached")]
    Type,
    /// The configured limit, or the embedder's limiter, says no.
    #[error("a resource limit was reached")]
    Limit,
}

/// The face of the embedder's `ResourceLimiter` below the API: what it is asked, with
/// the store's data already picked out.
pub trait Limiter {
    /// Whether a memory may grow; sizes in bytes. An error is raised as a trap.
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> Result<bool, Error>;

    /// Told that a memory did not grow after all. An error is raised as a trap.
    fn memory_grow_failed(&mut self, error: Error) -> Result<(), Error>;

    /// Whether a table may grow; sizes in elements. An error is raised as a trap.
    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> Result<bool, Error>;

    /// Told that a table did not grow after all. An error is raised as a trap.
    fn table_grow_failed(&mut self, error: Error) -> Result<(), Error>;

    /// How many instances the store may hold.
    fn instances(&self) -> usize;
    /// How many tables the store may hold.
    fn tables(&self) -> usize;
    /// How many memories the store may hold.
    fn memories(&self) -> usize;
    /// How many continuations the store may hold.
    fn continuations(&self) -> usize;
    /// How many bytes the store's stacks may take.
    fn stack_bytes(&self) -> usize;
    /// How many bytes the store's exceptions may take.
    fn exception_bytes(&self) -> usize;
}
