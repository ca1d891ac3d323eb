//! Errors that end a program and are not traps.

use core::fmt;
use core::time::Duration;

/// The error of an execution whose program called `proc_exit`. Get it by downcasting the
/// execution's error.
///
/// A code of 0 means success, and is still an error here, because the function that the embedder
/// called has not returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct I32Exit(pub i32);

impl I32Exit {
    /// Returns the exit code as Unix reports it: the low 8 bits.
    pub fn process_exit_code(self) -> u8 {
        (self.0 & 0xff) as u8
    }
}

impl fmt::Display for I32Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the program ended with exit code {}", self.0)
    }
}

impl core::error::Error for I32Exit {}

/// The error of an execution whose program waited for longer than [`WasiCtxBuilder::max_wait`]
/// allows. Get it by downcasting the execution's error.
///
/// [`WasiCtxBuilder::max_wait`]: super::WasiCtxBuilder::max_wait
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitedTooLong(pub Duration);

impl fmt::Display for WaitedTooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the program waited for more than {:?} in one call",
            self.0
        )
    }
}

impl core::error::Error for WaitedTooLong {}
