//! Accesses to shared memories that code announces, so that an execution can be suspended before
//! each of them.

use crate::code::AccessKind;
use crate::ids::MemoryIndex;

/// An access to a shared memory, which the next cell performs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    /// The memory.
    pub memory: MemoryIndex,
    /// The address of the first byte, which may be out of bounds.
    pub address: u64,
    /// The number of bytes.
    pub size: u64,
    /// The kind of the access.
    pub kind: AccessKind,
}
