//! Output of bytes to a file, a serial line, flash memory or a buffer.

use super::error::Error;

/// An output that takes all bytes or fails.
///
/// This trait exists because `std::io::Write` is not available on every target. With the feature
/// `std`, all implementations of `std::io::Write` implement it; without, `Vec<u8>` does.
pub trait Write {
    /// Writes all of `bytes`.
    ///
    /// # Errors
    ///
    /// If the bytes cannot be written. Some of them may have been.
    fn write_all(&mut self, bytes: &[u8]) -> Result<(), Error>;
}

/// An output that counts bytes and discards them.
#[derive(Debug, Default)]
pub struct Counter {
    /// Number of bytes written.
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
