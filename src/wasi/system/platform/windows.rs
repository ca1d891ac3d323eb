//! Functions that are specific to Windows.

use crate::wasi::{Clock, Errno, Readiness};
use std::fs::File;
use std::io;
use std::os::windows::fs::FileExt;

/// Resolution of the clocks, in nanoseconds.
pub(super) const CLOCK_RESOLUTION: u64 = 100;

/// Returns an error: processor time is not available on Windows.
pub(super) fn cpu_time(_: Clock) -> Result<u64, Errno> {
    Err(Errno::Notsup)
}

pub(super) fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    file.seek_read(buffer, offset)
}

pub(super) fn write_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<usize> {
    file.seek_write(bytes, offset)
}

/// Returns 0: Windows does not report when attributes changed.
pub(super) fn changed(_: &cap_std::fs::Metadata) -> u64 {
    0
}

/// Does nothing: Windows has no such mode for files.
pub(super) fn set_nonblock(_: &File, _: bool) -> io::Result<()> {
    Ok(())
}

/// Returns "ready": there is no portable wait, so the read itself blocks.
pub(super) fn wait(_: &File, _: Option<u64>) -> io::Result<Readiness> {
    Ok(Readiness::Ready {
        bytes: 1,
        hangup: false,
    })
}

/// Returns `None`: the error's kind is sufficient.
pub(super) fn errno(_: &io::Error) -> Option<Errno> {
    None
}
