//! Input that arrives at predetermined times.

use super::VirtualTime;
use crate::wasi::Errno;
use crate::wasi::host::{InputStream, Readiness};
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::any::Any;

/// A standard input that consists of pieces, each of which arrives at a given time.
#[derive(Debug)]
pub struct ScriptedInput {
    pub(super) time: VirtualTime,
    pub(super) pieces: VecDeque<(u64, VecDeque<u8>)>,
}

impl ScriptedInput {
    /// Creates an input from pieces and the times, in nanoseconds since the start, at which they
    /// arrive. The input ends after the last piece. A piece that follows one with a later time
    /// arrives together with it.
    pub fn new(
        time: VirtualTime,
        pieces: impl IntoIterator<Item = (u64, impl AsRef<[u8]>)>,
    ) -> ScriptedInput {
        let mut latest = 0;
        let pieces: Vec<_> = pieces
            .into_iter()
            .map(|(at, bytes)| {
                latest = latest.max(at);
                (latest, bytes.as_ref().iter().copied().collect())
            })
            .collect();
        ScriptedInput {
            time,
            pieces: pieces.into(),
        }
    }

    /// Returns the nanoseconds until something can be read: 0 if that is now, or if the input
    /// has ended.
    fn missing(&mut self) -> u64 {
        while self
            .pieces
            .front()
            .is_some_and(|(_, bytes)| bytes.is_empty())
        {
            self.pieces.pop_front();
        }
        let due = self.pieces.front().map_or(0, |(at, _)| *at);
        due.saturating_sub(self.time.elapsed())
    }
}

impl InputStream for ScriptedInput {
    fn as_any(&self) -> Option<&dyn Any> {
        Some(self)
    }

    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Errno> {
        if self.missing() > 0 {
            return Err(Errno::Again);
        }
        let Some((_, bytes)) = self.pieces.front_mut() else {
            return Ok(0);
        };
        let count = buffer.len().min(bytes.len());
        for (place, byte) in buffer.iter_mut().zip(bytes.drain(..count)) {
            *place = byte;
        }
        Ok(count)
    }

    fn ready(&mut self) -> Result<Readiness, Errno> {
        if self.missing() > 0 {
            return Ok(Readiness::Pending);
        }
        Ok(Readiness::Ready {
            bytes: self
                .pieces
                .front()
                .map_or(0, |(_, bytes)| bytes.len() as u64),
            hangup: self.pieces.is_empty(),
        })
    }

    fn wait(&mut self, nanoseconds: Option<u64>) -> Result<(), Errno> {
        let missing = self.missing();
        self.time
            .advance(missing.min(nanoseconds.unwrap_or(u64::MAX)));
        Ok(())
    }
}
