//! The output of a program of WASI in a replay.

use super::I32Exit;
use super::abi::{Errno, MODULE, TracedCall, decode_retry, static_name};
use crate::api::{ReplayedCall, Val};
use crate::support::error::{Error, Result};
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

/// A standard stream to which programs write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputKind {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// Follows the calls of a program in a replay to find what it writes to the standard streams, and
/// how it exits. See [`Replayer::on_call`](crate::Replayer::on_call).
///
/// A recording does not contain the output. It follows from the arguments of `fd_write`, and from the
/// descriptors that the program has renumbered and closed.
///
/// ```
/// use backstitch::Replayer;
/// use backstitch::wasi::{OutputKind, ReplayedOutput};
///
/// fn print_output(replayer: &mut Replayer) {
///     let mut output = ReplayedOutput::new();
///     replayer.on_call(move |call| {
///         output.follow(call, |stream, bytes| match stream {
///             OutputKind::Stdout => print!("{}", String::from_utf8_lossy(bytes)),
///             OutputKind::Stderr => eprint!("{}", String::from_utf8_lossy(bytes)),
///         })
///     });
/// }
/// ```
#[derive(Debug)]
pub struct ReplayedOutput {
    /// The streams by descriptor.
    streams: BTreeMap<u32, OutputKind>,
}

impl Default for ReplayedOutput {
    fn default() -> ReplayedOutput {
        ReplayedOutput::new()
    }
}

impl ReplayedOutput {
    /// Follows a program from its start.
    pub fn new() -> ReplayedOutput {
        ReplayedOutput {
            streams: BTreeMap::from([(1, OutputKind::Stdout), (2, OutputKind::Stderr)]),
        }
    }

    /// Passes the bytes to `print` that a call has written to a standard stream.
    ///
    /// # Errors
    ///
    /// Returns [`I32Exit`] for a call of `proc_exit`.
    pub fn follow(
        &mut self,
        call: &ReplayedCall<'_>,
        mut print: impl FnMut(OutputKind, &[u8]),
    ) -> Result<()> {
        if call.module != MODULE {
            return Ok(());
        }
        let word = |index: usize| match call.arguments.get(index) {
            Some(Val::I32(word)) => *word as u32,
            _ => 0,
        };
        if call.name == "proc_exit" {
            return Err(Error::new(I32Exit(word(0) as i32)));
        }
        if !matches!(call.results, Some([Val::I32(0)])) {
            return Ok(());
        }
        match call.name {
            "fd_write" => {
                let Some(&stream) = self.streams.get(&word(0)) else {
                    return Ok(());
                };
                let mut left = read_u32(call.memory, word(3)).unwrap_or(0) as usize;
                for index in 0..word(2) {
                    let Some(bytes) = piece(call.memory, word(1), index) else {
                        break;
                    };
                    let bytes = &bytes[..bytes.len().min(left)];
                    if !bytes.is_empty() {
                        print(stream, bytes);
                    }
                    left -= bytes.len();
                    if left == 0 {
                        break;
                    }
                }
            }
            "fd_close" => {
                self.streams.remove(&word(0));
            }
            "fd_renumber" if word(0) != word(1) => {
                let stream = self.streams.remove(&word(0));
                self.streams.remove(&word(1));
                self.streams.extend(stream.map(|stream| (word(1), stream)));
            }
            _ => {}
        }
        Ok(())
    }
}

/// Returns a replayed call as the hook of
/// [`WasiCtxBuilder::trace`](super::WasiCtxBuilder::trace) gets it, if it is one of WASI. `bits` is
/// room for the arguments.
pub fn traced<'a>(call: &ReplayedCall<'_>, bits: &'a mut Vec<u64>) -> Option<TracedCall<'a>> {
    if call.module != MODULE {
        return None;
    }
    bits.clear();
    bits.extend(call.arguments.iter().map(|argument| match argument {
        Val::I32(value) => u64::from(*value as u32),
        Val::I64(value) => *value as u64,
        _ => 0,
    }));
    let answer = match call.results {
        Some([Val::I32(0)]) => Some(Ok(())),
        Some([Val::I32(number)]) => {
            let index = usize::try_from(*number).ok()?.checked_sub(1)?;
            Some(Err(*Errno::ALL.get(index)?))
        }
        _ => None,
    };
    Some(TracedCall {
        name: static_name(call.name)?,
        arguments: bits,
        answer,
        fuel_spent: call.fuel_spent,
    })
}

/// Returns a call that was retried as the hook of
/// [`WasiCtxBuilder::trace`](super::WasiCtxBuilder::trace) gets it, from a note of
/// [`Replayer::on_note`](crate::Replayer::on_note). `bits` is room for the arguments.
pub fn traced_retry<'a>(
    note: &[u8],
    fuel_spent: Option<u64>,
    bits: &'a mut Vec<u64>,
) -> Option<TracedCall<'a>> {
    let (name, answer) = decode_retry(note, bits)?;
    Some(TracedCall {
        name,
        arguments: bits,
        answer: match answer {
            0 => None,
            1 => Some(Ok(())),
            number => Some(Err(*Errno::ALL.get(usize::from(number) - 2)?)),
        },
        fuel_spent,
    })
}

fn read_u32(memory: &[u8], address: u32) -> Option<u32> {
    let bytes = memory.get(address as usize..)?.first_chunk()?;
    Some(u32::from_le_bytes(*bytes))
}

/// Returns the bytes of a piece of a write.
fn piece(memory: &[u8], array: u32, index: u32) -> Option<&[u8]> {
    let at = array.checked_add(index.checked_mul(8)?)?;
    let start = read_u32(memory, at)? as usize;
    let len = read_u32(memory, at.checked_add(4)?)? as usize;
    memory.get(start..start.checked_add(len)?)
}
