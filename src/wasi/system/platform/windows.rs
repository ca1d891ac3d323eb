//! What Windows does in its own way.

use crate::wasi::{Clock, Errno, Readiness};
use std::fs::File;
use std::io;
use std::os::windows::fs::FileExt;

/// How finely the clocks count, in nanoseconds.
pub(super) const CLOCK_RESOLUTION: u64 = 100;

/// Processor time, which is not offered here.
pub(super) fn cpu_time(_: Clock) -> Result<u64, Errno> {
    Err(Errno::Notsup)
}

pub(super) fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    file.seek_read(buffer, offset)
}

pub(super) fn write_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<usize> {
    file.seek_write(bytes, offset)
}

/// When what describes a file was last changed, which the system does not tell.
pub(super) fn changed(_: &cap_std::fs::Metadata) -> u64 {
    0
}

/// A read waits by itself.
pub(super) fn wait(_: &File, _: Option<u64>) -> io::Result<Readiness> {
    Ok(Readiness::Ready {
        bytes: 1,
        hangup: false,
    })
}

/// What the kind of an error says is enough.
pub(super) fn errno(_: &io::Error) -> Option<Errno> {
    None
}
