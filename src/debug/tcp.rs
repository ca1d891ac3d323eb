//! Connections by TCP.

use super::Connection;
use std::io::{Error, ErrorKind, Read, Write};
use std::net::TcpStream;

impl Connection for TcpStream {
    type Error = Error;

    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        loop {
            match Read::read(self, buffer) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // The client is gone, which is not worth an error.
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return Ok(0),
                result => return result,
            }
        }
    }

    fn poll(&mut self, buffer: &mut [u8]) -> Result<Option<usize>, Error> {
        self.set_nonblocking(true)?;
        let read = match Read::read(self, buffer) {
            Ok(len) => Ok(Some(len)),
            Err(error) => match error.kind() {
                ErrorKind::WouldBlock | ErrorKind::Interrupted => Ok(None),
                ErrorKind::ConnectionReset => Ok(Some(0)),
                _ => Err(error),
            },
        };
        self.set_nonblocking(false)?;
        read
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.write_all(bytes)
    }
}
