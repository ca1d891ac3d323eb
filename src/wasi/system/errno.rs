//! Conversion of the system's errors to those of preview 1.

use super::platform;
use crate::wasi::Errno;
use std::io::{self, ErrorKind};

/// Converts an error of the system.
pub(super) fn errno(error: io::Error) -> Errno {
    if let Some(errno) = platform::errno(&error) {
        return errno;
    }
    match error.kind() {
        ErrorKind::NotFound => Errno::Noent,
        // The system's own permission errors have been converted above. This one is from
        // `cap-std`, for a path that would leave its directory.
        ErrorKind::PermissionDenied => Errno::Perm,
        ErrorKind::AlreadyExists => Errno::Exist,
        ErrorKind::InvalidInput => Errno::Inval,
        ErrorKind::InvalidData => Errno::Ilseq,
        ErrorKind::WouldBlock => Errno::Again,
        ErrorKind::Interrupted => Errno::Intr,
        ErrorKind::BrokenPipe => Errno::Pipe,
        ErrorKind::OutOfMemory => Errno::Nomem,
        ErrorKind::Unsupported => Errno::Notsup,
        ErrorKind::NotADirectory => Errno::Notdir,
        ErrorKind::IsADirectory => Errno::Isdir,
        ErrorKind::DirectoryNotEmpty => Errno::Notempty,
        ErrorKind::ReadOnlyFilesystem => Errno::Rofs,
        ErrorKind::StorageFull => Errno::Nospc,
        ErrorKind::QuotaExceeded => Errno::Dquot,
        ErrorKind::FileTooLarge => Errno::Fbig,
        ErrorKind::ResourceBusy => Errno::Busy,
        ErrorKind::ExecutableFileBusy => Errno::Txtbsy,
        ErrorKind::CrossesDevices => Errno::Xdev,
        ErrorKind::TooManyLinks => Errno::Mlink,
        ErrorKind::NotSeekable => Errno::Spipe,
        _ => Errno::Io,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_escape_is_not_a_lack_of_permission() {
        let escape = io::Error::new(ErrorKind::PermissionDenied, "outside");
        assert_eq!(errno(escape), Errno::Perm);
        assert_eq!(errno(io::Error::other("something")), Errno::Io);
    }

    #[cfg(unix)]
    #[test]
    fn the_systems_numbers_are_kept_apart() {
        let of = |raw: rustix::io::Errno| errno(io::Error::from_raw_os_error(raw.raw_os_error()));
        assert_eq!(of(rustix::io::Errno::ACCESS), Errno::Acces);
        assert_eq!(of(rustix::io::Errno::PERM), Errno::Perm);
        assert_eq!(of(rustix::io::Errno::LOOP), Errno::Loop);
    }
}
