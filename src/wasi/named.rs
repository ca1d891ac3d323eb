//! Streams that a saved context refers to by name.

use super::abi::Errno;
use super::host::{InputStream, OutputStream, Readiness};
use alloc::string::String;
use core::any::Any;

/// A stream with a name, so that a context that has it can be saved.
///
/// The saved context contains the name, and nothing of the stream: the embedder gives a stream of
/// this name when it restores the context ([`WasiCtxRestorer`](super::WasiCtxRestorer)).
#[derive(Debug)]
pub struct Named<S> {
    name: String,
    stream: S,
}

impl<S> Named<S> {
    /// Gives `stream` a name. Names that begin with `process:` are those of the process's standard
    /// streams.
    pub fn new(name: impl Into<String>, stream: S) -> Named<S> {
        let name = name.into();
        Named { name, stream }
    }
}

impl<S: InputStream> InputStream for Named<S> {
    fn as_any(&self) -> Option<&dyn Any> {
        None
    }

    fn saved_name(&self) -> Option<&str> {
        Some(&self.name)
    }

    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Errno> {
        self.stream.read(buffer)
    }

    fn ready(&mut self) -> Result<Readiness, Errno> {
        self.stream.ready()
    }

    fn wait(&mut self, nanoseconds: Option<u64>) -> Result<(), Errno> {
        self.stream.wait(nanoseconds)
    }

    fn is_terminal(&self) -> bool {
        self.stream.is_terminal()
    }
}

impl<S: OutputStream> OutputStream for Named<S> {
    fn as_any(&self) -> Option<&dyn Any> {
        None
    }

    fn saved_name(&self) -> Option<&str> {
        Some(&self.name)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<usize, Errno> {
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> Result<(), Errno> {
        self.stream.flush()
    }

    fn is_terminal(&self) -> bool {
        self.stream.is_terminal()
    }
}
