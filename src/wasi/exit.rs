//! The ends of a program that are no traps.

use core::fmt;
use core::time::Duration;

/// The program called `proc_exit`: the error of the execution downcasts to it.
///
/// A code of 0 is an end without fault, and still an error here, because the function that
/// was called has not returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct I32Exit(pub i32);

impl I32Exit {
    /// The code as a process has it: 8 bits, as on Unix.
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

/// The program waited for longer than [`WasiCtxBuilder::max_wait`] lets it: the error of the
/// execution downcasts to it.
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
