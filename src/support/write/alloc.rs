//! Implementation of `Write` without `std`.

use super::{Error, Write};
use alloc::vec::Vec;

impl Write for Vec<u8> {
    fn write_all(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.try_reserve(bytes.len()).map_err(Error::new)?;
        self.extend_from_slice(bytes);
        Ok(())
    }
}
