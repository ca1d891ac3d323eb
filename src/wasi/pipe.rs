//! Streams in memory. The embedder keeps one end.

use super::abi::Errno;
use super::host::{InputStream, OutputStream, Readiness};
use crate::support::sync::Mutex;
use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

/// An output that discards everything.
#[derive(Debug)]
pub(super) struct Closed;

impl OutputStream for Closed {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Errno> {
        Ok(bytes.len())
    }
}

/// An input pipe in memory. The embedder provides its contents at once or piece by piece. Clones
/// share the same pipe.
#[derive(Clone)]
pub struct MemoryInputPipe(Arc<Mutex<Source>>);

#[derive(Default)]
struct Source {
    bytes: VecDeque<u8>,
    open: bool,
}

impl MemoryInputPipe {
    /// Creates a pipe that contains all of the input.
    pub fn new(bytes: impl AsRef<[u8]>) -> MemoryInputPipe {
        MemoryInputPipe(Arc::new(Mutex::new(Source {
            bytes: bytes.as_ref().iter().copied().collect(),
            open: false,
        })))
    }

    /// Creates an empty pipe that can be filled until it is [closed](MemoryInputPipe::close).
    ///
    /// If a program reads while the pipe is empty, its execution is suspended if the context is
    /// configured to do so; otherwise the read fails, because no input could arrive while the
    /// thread waits.
    pub fn open() -> MemoryInputPipe {
        MemoryInputPipe(Arc::new(Mutex::new(Source {
            bytes: VecDeque::new(),
            open: true,
        })))
    }

    /// Appends bytes to the input.
    pub fn push(&self, bytes: impl AsRef<[u8]>) {
        self.0.lock().bytes.extend(bytes.as_ref());
    }

    /// Ends the input.
    pub fn close(&self) {
        self.0.lock().open = false;
    }
}

impl InputStream for MemoryInputPipe {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Errno> {
        let mut source = self.0.lock();
        if source.bytes.is_empty() && source.open {
            return Err(Errno::Again);
        }
        let count = buffer.len().min(source.bytes.len());
        for (place, byte) in buffer.iter_mut().zip(source.bytes.drain(..count)) {
            *place = byte;
        }
        Ok(count)
    }

    fn ready(&mut self) -> Result<Readiness, Errno> {
        let source = self.0.lock();
        if source.bytes.is_empty() && source.open {
            return Ok(Readiness::Pending);
        }
        Ok(Readiness::Ready {
            bytes: source.bytes.len() as u64,
            hangup: source.bytes.is_empty(),
        })
    }

    fn wait(&mut self, _: Option<u64>) -> Result<(), Errno> {
        Err(Errno::Deadlk)
    }
}

impl fmt::Debug for MemoryInputPipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MemoryInputPipe")
    }
}

/// An output pipe in memory with a capacity. Clones share the same pipe.
#[derive(Clone)]
pub struct MemoryOutputPipe {
    bytes: Arc<Mutex<Vec<u8>>>,
    capacity: usize,
}

impl MemoryOutputPipe {
    /// Creates an empty pipe with a capacity in bytes. Writes to a full pipe fail with
    /// [`Errno::Nospc`].
    pub fn new(capacity: usize) -> MemoryOutputPipe {
        MemoryOutputPipe {
            bytes: Arc::default(),
            capacity,
        }
    }

    /// Returns a copy of everything written so far.
    pub fn contents(&self) -> Vec<u8> {
        self.bytes.lock().clone()
    }
}

impl OutputStream for MemoryOutputPipe {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Errno> {
        let mut kept = self.bytes.lock();
        let count = bytes.len().min(self.capacity - kept.len());
        if count == 0 && !bytes.is_empty() {
            return Err(Errno::Nospc);
        }
        kept.try_reserve(count).map_err(|_| Errno::Nomem)?;
        kept.extend_from_slice(&bytes[..count]);
        Ok(count)
    }
}

impl fmt::Debug for MemoryOutputPipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MemoryOutputPipe")
    }
}
