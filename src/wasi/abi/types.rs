//! The types of preview 1 (flags, file types, records), and their layout in memory.

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

            /// The empty set.
            pub const NONE: $type = $type(0);

            /// The set of all flags.
            pub const ALL: $type = $type(0 $(| 1 << $bit)*);

            /// Converts bits to flags. Returns `None` if one of the bits has no meaning.
            pub const fn from_bits(bits: $bits) -> Option<$type> {
                if bits & !$type::ALL.0 == 0 { Some($type(bits)) } else { None }
            }

            /// Returns the flags as bits.
            pub const fn bits(self) -> $bits {
                self.0
            }

            /// Returns whether all flags of `other` are set.
            pub const fn contains(self, other: $type) -> bool {
                self.0 & other.0 == other.0
            }

            /// Returns whether any flag of `other` is set.
            pub const fn intersects(self, other: $type) -> bool {
                self.0 & other.0 != 0
            }

            /// Returns the flags that are in either set.
            pub const fn union(self, other: $type) -> $type {
                $type(self.0 | other.0)
            }

            /// Returns the flags that are in both sets.
            pub const fn intersection(self, other: $type) -> $type {
                $type(self.0 & other.0)
            }

            /// Returns the flags that are not in `other`.
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
    /// Operations that a descriptor allows.
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
        /// `fd_tell`, and `fd_seek` that only queries the position.
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
    /// Rights that every opened file or directory gets. They allow nothing that reading it, or
    /// its parent's path functions, would not allow.
    pub(crate) const ALWAYS: Rights = Rights::FD_SEEK
        .union(Rights::FD_TELL)
        .union(Rights::FD_FDSTAT_SET_FLAGS)
        .union(Rights::FD_SYNC)
        .union(Rights::FD_DATASYNC)
        .union(Rights::FD_ADVISE)
        .union(Rights::FD_FILESTAT_GET)
        .union(Rights::FD_FILESTAT_SET_TIMES)
        .union(Rights::POLL_FD_READWRITE);

    /// Rights that come with `FD_WRITE`, which could do the same.
    pub(crate) const WITH_WRITE: Rights = Rights::FD_ALLOCATE.union(Rights::FD_FILESTAT_SET_SIZE);

    /// Rights that apply to files.
    pub const FILE: Rights = Rights::ALWAYS
        .union(Rights::WITH_WRITE)
        .union(Rights::FD_READ)
        .union(Rights::FD_WRITE);

    /// Rights that apply to directories.
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

    /// Rights of a standard input.
    pub(crate) const INPUT: Rights = Rights::FD_READ
        .union(Rights::FD_FDSTAT_SET_FLAGS)
        .union(Rights::FD_FILESTAT_GET)
        .union(Rights::POLL_FD_READWRITE);

    /// Rights of a standard output or standard error.
    pub(crate) const OUTPUT: Rights = Rights::FD_WRITE
        .union(Rights::FD_FDSTAT_SET_FLAGS)
        .union(Rights::FD_FILESTAT_GET)
        .union(Rights::FD_SYNC)
        .union(Rights::FD_DATASYNC)
        .union(Rights::POLL_FD_READWRITE);
}

flags! {
    /// Modes of reads and writes of a descriptor.
    FdFlags: u16 {
        /// Writes go to the end of the file.
        APPEND = 0,
        /// A write completes when the data is on permanent storage.
        DSYNC = 1,
        /// A read or write that would block fails instead.
        NONBLOCK = 2,
        /// Apply `DSYNC` or `SYNC` to reads also.
        RSYNC = 3,
        /// A write completes when data and attributes are on permanent storage.
        SYNC = 4,
    }
}

impl FdFlags {
    /// Flags that cannot change while a file is open.
    pub(crate) const SYNCHRONISED: FdFlags =
        FdFlags::DSYNC.union(FdFlags::RSYNC).union(FdFlags::SYNC);
}

flags! {
    /// Options of `path_open`.
    OpenFlags: u16 {
        /// Create a file if the path does not exist.
        CREATE = 0,
        /// Fail unless the path leads to a directory.
        DIRECTORY = 1,
        /// With `CREATE`: fail if the path exists.
        EXCLUSIVE = 2,
        /// Truncate the file to 0 bytes.
        TRUNCATE = 3,
    }
}

flags! {
    /// Options of path resolution.
    LookupFlags: u32 {
        /// Follow a symbolic link in the last component.
        SYMLINK_FOLLOW = 0,
    }
}

flags! {
    /// Selection of the times of a file to set, and their values.
    TimeFlags: u16 {
        /// Set the access time to the given value.
        ACCESS = 0,
        /// Set the access time to the current time.
        ACCESS_NOW = 1,
        /// Set the modification time to the given value.
        MODIFICATION = 2,
        /// Set the modification time to the current time.
        MODIFICATION_NOW = 3,
    }
}

/// The type of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum FileType {
    /// Any other type, or an unknown one.
    Unknown = 0,
    /// A block device.
    BlockDevice = 1,
    /// A character device.
    CharacterDevice = 2,
    /// A directory.
    Directory = 3,
    /// A regular file.
    RegularFile = 4,
    /// A datagram socket.
    SocketDgram = 5,
    /// A stream socket.
    SocketStream = 6,
    /// A symbolic link.
    SymbolicLink = 7,
}

impl FileType {
    /// Returns the type of a number of preview 1.
    pub(crate) fn from_number(number: u8) -> Option<FileType> {
        const ALL: [FileType; 8] = [
            FileType::Unknown,
            FileType::BlockDevice,
            FileType::CharacterDevice,
            FileType::Directory,
            FileType::RegularFile,
            FileType::SocketDgram,
            FileType::SocketStream,
            FileType::SymbolicLink,
        ];
        ALL.into_iter().find(|&ty| ty as u8 == number)
    }

    /// Returns whether open files of this type have a position, at which they are read and
    /// written. Others are streams.
    pub(crate) fn can_seek(self) -> bool {
        matches!(self, FileType::RegularFile | FileType::BlockDevice)
    }
}

/// A clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Clock {
    /// Wall-clock time since 1970-01-01T00:00:00Z, as set on the host.
    Realtime,
    /// Time since an arbitrary moment. It never goes backwards.
    Monotonic,
    /// Processor time that the program has used.
    ProcessCpuTime,
    /// Processor time that the program's thread has used.
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

/// The attributes of a file, as `fd_filestat_get` returns them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileStat {
    /// Number of the device that contains the file.
    pub device: u64,
    /// Inode number on the device.
    pub inode: u64,
    /// Type of the file.
    pub file_type: FileType,
    /// Number of hard links.
    pub links: u64,
    /// Size in bytes. For a symbolic link, the length of its target.
    pub size: u64,
    /// Time of the last access, in nanoseconds since 1970.
    pub accessed: u64,
    /// Time of the last change of the contents, in nanoseconds since 1970.
    pub modified: u64,
    /// Time of the last change of the attributes, in nanoseconds since 1970.
    pub changed: u64,
}

impl FileStat {
    /// Returns the attributes of a stream outside any file system.
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

/// A new value for a time of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetTime {
    /// Leave the time unchanged.
    Keep,
    /// The host's current time.
    Now,
    /// A time in nanoseconds since 1970.
    To(u64),
}

impl SetTime {
    /// Converts the arguments of a program to the new access time and the new modification time.
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
