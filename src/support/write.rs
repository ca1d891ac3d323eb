//! Where bytes go: a file, a serial line, flash, a buffer.

use super::error::Error;

/// Takes bytes, all of them or an error.
///
/// A trait of our own because `std::io::Write` is not there on every target. With the
/// feature `std` everything that implements that one implements this one; without it,
/// `Vec<u8>` does.
pub trait Write {
    /// Takes all of `bytes`.
    ///
    /// # Errors
    ///
    /// Whatever keeps it from taking them. Some may have been taken.
    fn write_all(&mut self, bytes: &[u8]) -> Result<(), Error>;
}

/// Counts bytes and drops them.
#[derive(Debug, Default)]
pub struct Counter {
    /// How many there were.
    pub bytes: u64,
}

impl Write for Counter {
    fn write_all(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.bytes += bytes.len() as u64;
        Ok(())
    }
}

#[cfg_attr(feature = "std", path = "write/std.rs")]
#[cfg_attr(not(feature = "std"), path = "write/alloc.rs")]
mod implementations;
