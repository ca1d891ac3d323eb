//! Functions that are specific to Unix.

use crate::wasi::{Clock, Errno, Readiness};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::time::{ClockId, clock_gettime};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// Resolution of the clocks, in nanoseconds.
pub(super) const CLOCK_RESOLUTION: u64 = 1;

/// Returns a processor-time clock in nanoseconds.
pub(super) fn cpu_time(clock: Clock) -> Result<u64, Errno> {
    let time = clock_gettime(match clock {
        Clock::ThreadCpuTime => ClockId::ThreadCPUTime,
        _ => ClockId::ProcessCPUTime,
    });
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    let rest = u64::try_from(time.tv_nsec).unwrap_or_default();
    Ok(seconds.saturating_mul(1_000_000_000).saturating_add(rest))
}

pub(super) fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    file.read_at(buffer, offset)
}

pub(super) fn write_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<usize> {
    file.write_at(bytes, offset)
}

/// Returns the time of the last change of the attributes, in nanoseconds since 1970.
pub(super) fn changed(metadata: &cap_std::fs::Metadata) -> u64 {
    use cap_std::fs::MetadataExt;

    let seconds = u64::try_from(metadata.ctime()).unwrap_or_default();
    let rest = u64::try_from(metadata.ctime_nsec()).unwrap_or_default();
    seconds.saturating_mul(1_000_000_000).saturating_add(rest)
}

/// Sets whether operations that would block fail instead.
pub(super) fn set_nonblock(file: &File, nonblock: bool) -> io::Result<()> {
    Ok(rustix::io::ioctl_fionbio(file, nonblock)?)
}

/// Waits until the file can be read, or until `nanoseconds` have passed.
pub(super) fn wait(file: &File, nanoseconds: Option<u64>) -> io::Result<Readiness> {
    let timeout = nanoseconds.map(|nanoseconds| Timespec {
        tv_sec: i64::try_from(nanoseconds / 1_000_000_000).unwrap_or(i64::MAX),
        tv_nsec: (nanoseconds % 1_000_000_000) as _,
    });
    let mut fds = [PollFd::new(file, PollFlags::IN)];
    if poll(&mut fds, timeout.as_ref())? == 0 {
        return Ok(Readiness::Pending);
    }
    let events = fds[0].revents();
    Ok(Readiness::Ready {
        bytes: u64::from(events.contains(PollFlags::IN)),
        hangup: events.contains(PollFlags::HUP),
    })
}

/// Converts a system error number, if preview 1 has an equivalent.
pub(super) fn errno(error: &io::Error) -> Option<Errno> {
    use rustix::io::Errno as Raw;

    Some(match Raw::from_io_error(error)? {
        Raw::TOOBIG => Errno::TooBig,
        Raw::ACCESS => Errno::Acces,
        Raw::AGAIN => Errno::Again,
        Raw::BADF => Errno::Badf,
        Raw::BUSY => Errno::Busy,
        Raw::DQUOT => Errno::Dquot,
        Raw::EXIST => Errno::Exist,
        Raw::FBIG => Errno::Fbig,
        Raw::ILSEQ => Errno::Ilseq,
        Raw::INTR => Errno::Intr,
        Raw::INVAL => Errno::Inval,
        Raw::IO => Errno::Io,
        Raw::ISDIR => Errno::Isdir,
        Raw::LOOP => Errno::Loop,
        Raw::MFILE => Errno::Mfile,
        Raw::MLINK => Errno::Mlink,
        Raw::NAMETOOLONG => Errno::Nametoolong,
        Raw::NFILE => Errno::Nfile,
        Raw::NODEV => Errno::Nodev,
        Raw::NOENT => Errno::Noent,
        Raw::NOLCK => Errno::Nolck,
        Raw::NOMEM => Errno::Nomem,
        Raw::NOSPC => Errno::Nospc,
        Raw::NOSYS => Errno::Nosys,
        Raw::NOTDIR => Errno::Notdir,
        Raw::NOTEMPTY => Errno::Notempty,
        Raw::NOTSUP => Errno::Notsup,
        Raw::NOTTY => Errno::Notty,
        Raw::NXIO => Errno::Nxio,
        Raw::OVERFLOW => Errno::Overflow,
        Raw::PERM => Errno::Perm,
        Raw::PIPE => Errno::Pipe,
        Raw::RANGE => Errno::Range,
        Raw::ROFS => Errno::Rofs,
        Raw::SPIPE => Errno::Spipe,
        Raw::STALE => Errno::Stale,
        Raw::TXTBSY => Errno::Txtbsy,
        Raw::XDEV => Errno::Xdev,
        _ => return None,
    })
}
