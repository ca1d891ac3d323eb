//! Streams of bytes between a client and a server.

/// A stream of bytes to and from a client.
pub trait Connection {
    /// The reason why the stream fails.
    type Error;

    /// Reads some bytes, and waits until there are any. Returns their number: 0 if the client has
    /// closed the stream.
    ///
    /// # Errors
    ///
    /// If the stream fails.
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Self::Error>;

    /// Reads some bytes, or returns `None` at once if there are none yet.
    ///
    /// # Errors
    ///
    /// If the stream fails.
    fn poll(&mut self, buffer: &mut [u8]) -> Result<Option<usize>, Self::Error>;

    /// Writes all bytes.
    ///
    /// # Errors
    ///
    /// If the stream fails.
    fn write(&mut self, bytes: &[u8]) -> Result<(), Self::Error>;
}
