//! Implementation of `Write` with `std`.

use super::{Error, Write};

impl<W: std::io::Write + ?Sized> Write for W {
    fn write_all(&mut self, bytes: &[u8]) -> Result<(), Error> {
        std::io::Write::write_all(self, bytes).map_err(Error::new)
    }
}
