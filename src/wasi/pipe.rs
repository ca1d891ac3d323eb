//! Streams in memory. The embedder keeps one end.

use super::abi::Errno;
use super::host::{InputStream, OutputStream, Readiness};
use crate::support::encoding::{self, Reader};
use crate::support::error::Result;
use crate::support::sync::Mutex;
use crate::support::write::Write;
use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::Any;
use core::fmt;

/// An output that discards everything.
#[derive(Debug)]
pub(super) struct Closed;

impl OutputStream for Closed {
    fn as_any(&self) -> Option<&dyn Any> {
        Some(self)
    }

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

/// Saving: `input := open: flag, bytes`.
impl MemoryInputPipe {
    /// Returns whether both are the same pipe.
    pub(super) fn is_same(&self, other: &MemoryInputPipe) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    pub(super) fn save(&self, out: &mut dyn Write) -> Result<()> {
        let source = self.0.lock();
        encoding::flag(out, source.open)?;
        encoding::size(out, source.bytes.len())?;
        let (first, second) = source.bytes.as_slices();
        out.write_all(first)?;
        out.write_all(second)
    }

    pub(super) fn restore(reader: &mut Reader<'_>) -> Result<MemoryInputPipe> {
        Ok(MemoryInputPipe(Arc::new(Mutex::new(Source {
            open: reader.flag()?,
            bytes: reader.owned_bytes()?.into(),
        }))))
    }
}

impl InputStream for MemoryInputPipe {
    fn as_any(&self) -> Option<&dyn Any> {
        Some(self)
    }

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
    /// Capacity in bytes, which may be more than this target can address.
    capacity: u64,
}

impl MemoryOutputPipe {
    /// Creates an empty pipe with a capacity in bytes. Writes to a full pipe fail with
    /// [`Errno::Nospc`].
    pub fn new(capacity: usize) -> MemoryOutputPipe {
        MemoryOutputPipe {
            bytes: Arc::default(),
            capacity: capacity as u64,
        }
    }

    /// Returns a copy of everything written so far.
    pub fn contents(&self) -> Vec<u8> {
        self.bytes.lock().clone()
    }
}

/// Saving: `output := capacity: number, bytes`.
impl MemoryOutputPipe {
    /// Returns whether both are the same pipe.
    pub(super) fn is_same(&self, other: &MemoryOutputPipe) -> bool {
        Arc::ptr_eq(&self.bytes, &other.bytes)
    }

    /// Returns the capacity in bytes.
    pub(super) fn capacity(&self) -> u64 {
        self.capacity
    }

    pub(super) fn save(&self, out: &mut dyn Write) -> Result<()> {
        encoding::number(out, self.capacity)?;
        encoding::bytes(out, &self.bytes.lock())
    }

    pub(super) fn restore(reader: &mut Reader<'_>) -> Result<MemoryOutputPipe> {
        let capacity = reader.number()?;
        let bytes = reader.owned_bytes()?;
        let fits = (bytes.len() as u64 <= capacity).then_some(());
        reader.expect(fits, "as many bytes as a pipe has room for")?;
        Ok(MemoryOutputPipe {
            bytes: Arc::new(Mutex::new(bytes)),
            capacity,
        })
    }
}

impl OutputStream for MemoryOutputPipe {
    fn as_any(&self) -> Option<&dyn Any> {
        Some(self)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<usize, Errno> {
        let mut kept = self.bytes.lock();
        let room = self.capacity.saturating_sub(kept.len() as u64);
        let count = bytes.len().min(usize::try_from(room).unwrap_or(usize::MAX));
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
