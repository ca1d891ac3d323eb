//! The values of preview 1: flags, kinds of files, records, and how the records lie in
//! memory.

use super::errno::Errno;

macro_rules! flags {
    (
        $(#[$doc:meta])*
        $type:ident: $bits:ty { $($(#[$flag_doc:meta])* $flag:ident = $bit:literal,)* }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
        pub struct $type($bits);

        impl $type {
            $($(#[$flag_doc])* pub const $flag: $type = $type(1 << $bit);)*

            /// None of them.
            pub const NONE: $type = $type(0);

            /// All of them.
            pub const ALL: $type = $type(0 $(| 1 << $bit)*);

            /// The flags of these bits; none where a bit has no meaning.
            pub const fn from_bits(bits: $bits) -> Option<$type> {
                if bits & !$type::ALL.0 == 0 { Some($type(bits)) } else { None }
            }

            /// Their bits.
            pub const fn bits(self) -> $bits {
                self.0
            }

            /// Whether all of `other` are among them.
            pub const fn contains(self, other: $type) -> bool {
                self.0 & other.0 == other.0
            }

            /// Whether one of `other` is among them.
            pub const fn intersects(self, other: $type) -> bool {
                self.0 & other.0 != 0
            }

            /// Those of either.
            pub const fn union(self, other: $type) -> $type {
                $type(self.0 | other.0)
            }

            /// Those of both.
            pub const fn intersection(self, other: $type) -> $type {
                $type(self.0 & other.0)
            }

            /// Those that are not in `other`.
            pub const fn difference(self, other: $type) -> $type {
                $type(self.0 & !other.0)
            }
        }

        impl core::ops::BitOr for $type {
            type Output = $type;

            fn bitor(self, other: $type) -> $type {
                self.union(other)
            }
        }

        impl core::ops::BitAnd for $type {
            type Output = $type;

            fn bitand(self, other: $type) -> $type {
                self.intersection(other)
            }
        }
    };
}

#[cfg(feature = "wasi")]
pub(crate) use flags;

flags! {
    /// What may be done with a descriptor.
    Rights: u64 {
        /// `fd_datasync`.
        FD_DATASYNC = 0,
        /// `fd_read`, `fd_pread`.
        FD_READ = 1,
        /// `fd_seek`, `fd_pread`, `fd_pwrite`; implies `FD_TELL`.
        FD_SEEK = 2,
        /// `fd_fdstat_set_flags`.
        FD_FDSTAT_SET_FLAGS = 3,
        /// `fd_sync`.
        FD_SYNC = 4,
        /// `fd_tell`, and `fd_seek` by nothing.
        FD_TELL = 5,
        /// `fd_write`, `fd_pwrite`.
        FD_WRITE = 6,
        /// `fd_advise`.
        FD_ADVISE = 7,
        /// `fd_allocate`.
        FD_ALLOCATE = 8,
        /// `path_create_directory`.
        PATH_CREATE_DIRECTORY = 9,
        /// `path_open` that creates a file.
        PATH_CREATE_FILE = 10,
        /// `path_link` from here.
        PATH_LINK_SOURCE = 11,
        /// `path_link` to here.
        PATH_LINK_TARGET = 12,
        /// `path_open`.
        PATH_OPEN = 13,
        /// `fd_readdir`.
        FD_READDIR = 14,
        /// `path_readlink`.
        PATH_READLINK = 15,
        /// `path_rename` from here.
        PATH_RENAME_SOURCE = 16,
        /// `path_rename` to here.
        PATH_RENAME_TARGET = 17,
        /// `path_filestat_get`.
        PATH_FILESTAT_GET = 18,
        /// `path_open` that truncates a file.
        PATH_FILESTAT_SET_SIZE = 19,
        /// `path_filestat_set_times`.
        PATH_FILESTAT_SET_TIMES = 20,
        /// `fd_filestat_get`.
        FD_FILESTAT_GET = 21,
        /// `fd_filestat_set_size`.
        FD_FILESTAT_SET_SIZE = 22,
        /// `fd_filestat_set_times`.
        FD_FILESTAT_SET_TIMES = 23,
        /// `path_symlink`.
        PATH_SYMLINK = 24,
        /// `path_remove_directory`.
        PATH_REMOVE_DIRECTORY = 25,
        /// `path_unlink_file`.
        PATH_UNLINK_FILE = 26,
        /// `poll_oneoff` for this descriptor.
        POLL_FD_READWRITE = 27,
        /// `sock_shutdown`.
        SOCK_SHUTDOWN = 28,
        /// `sock_accept`.
        SOCK_ACCEPT = 29,
    }
}

impl Rights {
    /// Those that come with any file or directory that is opened: what they allow is not
    /// more than reading it, or than its parent allows by path.
    pub(crate) const ALWAYS: Rights = Rights::FD_SEEK
        .union(Rights::FD_TELL)
        .union(Rights::FD_FDSTAT_SET_FLAGS)
        .union(Rights::FD_SYNC)
        .union(Rights::FD_DATASYNC)
        .union(Rights::FD_ADVISE)
        .union(Rights::FD_FILESTAT_GET)
        .union(Rights::FD_FILESTAT_SET_TIMES)
        .union(Rights::POLL_FD_READWRITE);

    /// Those that come with writing, which could do the same.
    pub(crate) const WITH_WRITE: Rights = Rights::FD_ALLOCATE.union(Rights::FD_FILESTAT_SET_SIZE);

    /// All that mean something for a file.
    pub const FILE: Rights = Rights::ALWAYS
        .union(Rights::WITH_WRITE)
        .union(Rights::FD_READ)
        .union(Rights::FD_WRITE);

    /// All that mean something for a directory.
    pub const DIRECTORY: Rights = Rights::PATH_CREATE_DIRECTORY
        .union(Rights::PATH_CREATE_FILE)
        .union(Rights::PATH_LINK_SOURCE)
        .union(Rights::PATH_LINK_TARGET)
        .union(Rights::PATH_OPEN)
        .union(Rights::FD_READDIR)
        .union(Rights::PATH_READLINK)
        .union(Rights::PATH_RENAME_SOURCE)
        .union(Rights::PATH_RENAME_TARGET)
        .union(Rights::PATH_FILESTAT_GET)
        .union(Rights::PATH_FILESTAT_SET_SIZE)
        .union(Rights::PATH_FILESTAT_SET_TIMES)
        .union(Rights::PATH_SYMLINK)
        .union(Rights::PATH_REMOVE_DIRECTORY)
        .union(Rights::PATH_UNLINK_FILE)
        .union(Rights::FD_FDSTAT_SET_FLAGS)
        .union(Rights::FD_SYNC)
        .union(Rights::FD_DATASYNC)
        .union(Rights::FD_FILESTAT_GET)
        .union(Rights::FD_FILESTAT_SET_TIMES);

    /// Those of a standard input.
    pub(crate) const INPUT: Rights = Rights::FD_READ
        .union(Rights::FD_FDSTAT_SET_FLAGS)
        .union(Rights::FD_FILESTAT_GET)
        .union(Rights::POLL_FD_READWRITE);

    /// Those of a standard output.
    pub(crate) const OUTPUT: Rights = Rights::FD_WRITE
        .union(Rights::FD_FDSTAT_SET_FLAGS)
        .union(Rights::FD_FILESTAT_GET)
        .union(Rights::FD_SYNC)
        .union(Rights::FD_DATASYNC)
        .union(Rights::POLL_FD_READWRITE);
}

flags! {
    /// How reads and writes of a descriptor behave.
    FdFlags: u16 {
        /// Writes go to the end of the file.
        APPEND = 0,
        /// A write is done when the data is on the disk.
        DSYNC = 1,
        /// A read or write that would wait fails instead.
        NONBLOCK = 2,
        /// As `DSYNC` or `SYNC`, for reads too.
        RSYNC = 3,
        /// A write is done when the data and what describes the file are on the disk.
        SYNC = 4,
    }
}

impl FdFlags {
    /// Those that cannot be changed once a file is open.
    pub(crate) const SYNCHRONISED: FdFlags =
        FdFlags::DSYNC.union(FdFlags::RSYNC).union(FdFlags::SYNC);
}

flags! {
    /// How a file is opened.
    OpenFlags: u16 {
        /// It is created where there is none.
        CREATE = 0,
        /// It must be a directory.
        DIRECTORY = 1,
        /// With `CREATE`: there must be none.
        EXCLUSIVE = 2,
        /// It is emptied.
        TRUNCATE = 3,
    }
}

flags! {
    /// How a path is resolved.
    LookupFlags: u32 {
        /// A symbolic link in the last place is followed.
        SYMLINK_FOLLOW = 0,
    }
}

flags! {
    /// Which times of a file are set, and to what.
    TimeFlags: u16 {
        /// The access time, to the one given.
        ACCESS = 0,
        /// The access time, to the present.
        ACCESS_NOW = 1,
        /// The modification time, to the one given.
        MODIFICATION = 2,
        /// The modification time, to the present.
        MODIFICATION_NOW = 3,
    }
}

/// A kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum FileType {
    /// None of the others, or not known.
    Unknown = 0,
    /// A block device.
    BlockDevice = 1,
    /// A character device.
    CharacterDevice = 2,
    /// A directory.
    Directory = 3,
    /// A file of bytes.
    RegularFile = 4,
    /// A datagram socket.
    SocketDgram = 5,
    /// A stream socket.
    SocketStream = 6,
    /// A symbolic link.
    SymbolicLink = 7,
}

/// A clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Clock {
    /// Time since 1970-01-01T00:00:00Z, as the host believes it to be.
    Realtime,
    /// Time since an arbitrary moment, which never goes back.
    Monotonic,
    /// Processor time of the program.
    ProcessCpuTime,
    /// Processor time of its thread.
    ThreadCpuTime,
}

impl Clock {
    pub(crate) fn from_number(number: u32) -> Result<Clock, Errno> {
        match number {
            0 => Ok(Clock::Realtime),
            1 => Ok(Clock::Monotonic),
            2 => Ok(Clock::ProcessCpuTime),
            3 => Ok(Clock::ThreadCpuTime),
            _ => Err(Errno::Inval),
        }
    }
}

/// What `fd_filestat_get` tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileStat {
    /// The device that the file is on.
    pub device: u64,
    /// Its number there.
    pub inode: u64,
    /// Its kind.
    pub file_type: FileType,
    /// How many names it has.
    pub links: u64,
    /// Its length in bytes; of a symbolic link, that of its text.
    pub size: u64,
    /// When it was last read, in nanoseconds since 1970.
    pub accessed: u64,
    /// When it was last written, in nanoseconds since 1970.
    pub modified: u64,
    /// When what describes it was last changed, in nanoseconds since 1970.
    pub changed: u64,
}

impl FileStat {
    /// Of something that is not in a file system.
    pub const fn stream(file_type: FileType) -> FileStat {
        FileStat {
            device: 0,
            inode: 0,
            file_type,
            links: 0,
            size: 0,
            accessed: 0,
            modified: 0,
            changed: 0,
        }
    }

    pub(crate) fn to_bytes(self) -> [u8; 64] {
        let words = [
            self.device,
            self.inode,
            self.file_type as u64,
            self.links,
            self.size,
            self.accessed,
            self.modified,
            self.changed,
        ];
        let mut bytes = [0; 64];
        for (place, word) in bytes.chunks_exact_mut(8).zip(words) {
            place.copy_from_slice(&word.to_le_bytes());
        }
        bytes
    }
}

/// What a time of a file is set to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetTime {
    /// It stays.
    Keep,
    /// The present, as the file's host believes it to be.
    Now,
    /// So many nanoseconds since 1970.
    To(u64),
}

impl SetTime {
    /// The access and the modification time that a program asks for.
    pub(crate) fn pair(
        flags: u32,
        accessed: u64,
        modified: u64,
    ) -> Result<(SetTime, SetTime), Errno> {
        let flags = u16::try_from(flags)
            .ok()
            .and_then(TimeFlags::from_bits)
            .ok_or(Errno::Inval)?;
        let one = |given: TimeFlags, now: TimeFlags, time| match (
            flags.contains(given),
            flags.contains(now),
        ) {
            (false, false) => Ok(SetTime::Keep),
            (true, false) => Ok(SetTime::To(time)),
            (false, true) => Ok(SetTime::Now),
            (true, true) => Err(Errno::Inval),
        };
        Ok((
            one(TimeFlags::ACCESS, TimeFlags::ACCESS_NOW, accessed)?,
            one(
                TimeFlags::MODIFICATION,
                TimeFlags::MODIFICATION_NOW,
                modified,
            )?,
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_without_meaning_are_refused() {
        assert_eq!(FdFlags::from_bits(1 << 5), None);
        assert_eq!(Rights::from_bits(1 << 30), None);
        assert_eq!(OpenFlags::from_bits(0b1111), Some(OpenFlags::ALL));
    }

    #[test]
    fn a_time_is_set_to_one_thing() {
        assert_eq!(SetTime::pair(3, 1, 2), Err(Errno::Inval));
        assert_eq!(SetTime::pair(12, 1, 2), Err(Errno::Inval));
        assert_eq!(SetTime::pair(16, 1, 2), Err(Errno::Inval));
        assert_eq!(
            SetTime::pair(1 | 8, 1, 2),
            Ok((SetTime::To(1), SetTime::Now))
        );
        assert_eq!(SetTime::pair(0, 1, 2), Ok((SetTime::Keep, SetTime::Keep)));
    }
}
