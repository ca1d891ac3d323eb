//! Failures of executions.

use crate::code::Trap;
use crate::ids::ExnIndex;
use crate::support::error::Error;

/// The reason for which an execution ended without results.
#[derive(Debug)]
pub enum Failure {
    /// WebAssembly code has trapped.
    Trap(Trap),
    /// A host function or a hook has returned an error.
    Host(Error),
    /// An exception was not caught.
    Exception(ExnIndex),
}
