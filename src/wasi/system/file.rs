//! Files of the operating system.

use super::errno::errno;
use super::stdio::wait;
use super::{platform, since_1970};
use crate::wasi::host::{File, Readiness};
use crate::wasi::{Errno, FileStat, FileType, SetTime};
use cap_fs_ext::MetadataExt;
use cap_std::fs::Metadata;
use std::fs::FileTimes;
use std::io::{Read, Write};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// An open file.
pub(super) struct SystemFile {
    file: std::fs::File,
    file_type: FileType,
}

impl SystemFile {
    pub(super) fn new(file: std::fs::File, file_type: FileType) -> SystemFile {
        SystemFile { file, file_type }
    }
}

/// Converts a file type.
pub(super) fn file_type(file_type: cap_std::fs::FileType) -> FileType {
    use cap_fs_ext::FileTypeExt;

    if file_type.is_dir() {
        FileType::Directory
    } else if file_type.is_file() {
        FileType::RegularFile
    } else if file_type.is_symlink() {
        FileType::SymbolicLink
    } else if file_type.is_block_device() {
        FileType::BlockDevice
    } else if file_type.is_char_device() {
        FileType::CharacterDevice
    } else {
        FileType::Unknown
    }
}

/// Converts file attributes.
pub(super) fn filestat(metadata: &Metadata) -> FileStat {
    let time = |time: std::io::Result<cap_std::time::SystemTime>| {
        time.map(|time| since_1970(time.into_std()))
            .unwrap_or_default()
    };
    FileStat {
        device: metadata.dev(),
        inode: metadata.ino(),
        file_type: file_type(metadata.file_type()),
        links: metadata.nlink(),
        size: metadata.len(),
        accessed: time(metadata.accessed()),
        modified: time(metadata.modified()),
        changed: platform::changed(metadata),
    }
}

/// Converts a program's time.
pub(super) fn system_time(nanoseconds: u64) -> Result<SystemTime, Errno> {
    UNIX_EPOCH
        .checked_add(Duration::from_nanos(nanoseconds))
        .ok_or(Errno::Overflow)
}

fn absolute(time: SetTime) -> Result<Option<SystemTime>, Errno> {
    match time {
        SetTime::Keep => Ok(None),
        SetTime::Now => Ok(Some(SystemTime::now())),
        SetTime::To(nanoseconds) => system_time(nanoseconds).map(Some),
    }
}

impl File for SystemFile {
    fn filestat(&self) -> Result<FileStat, Errno> {
        let metadata = Metadata::from_file(&self.file).map_err(errno)?;
        Ok(filestat(&metadata))
    }

    fn file_type(&self) -> FileType {
        self.file_type
    }

    fn ready(&self) -> Result<Readiness, Errno> {
        platform::wait(&self.file, Some(0)).map_err(errno)
    }

    fn set_nonblock(&self, nonblock: bool) -> Result<(), Errno> {
        platform::set_nonblock(&self.file, nonblock).map_err(errno)
    }

    fn wait(&self, nanoseconds: Option<u64>) -> Result<(), Errno> {
        wait(&self.file, nanoseconds)
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<usize, Errno> {
        if self.file_type.can_seek() {
            platform::read_at(&self.file, buffer, offset).map_err(errno)
        } else {
            (&self.file).read(buffer).map_err(errno)
        }
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> Result<usize, Errno> {
        if self.file_type.can_seek() {
            platform::write_at(&self.file, bytes, offset).map_err(errno)
        } else {
            (&self.file).write(bytes).map_err(errno)
        }
    }

    fn set_size(&self, size: u64) -> Result<(), Errno> {
        self.file.set_len(size).map_err(errno)
    }

    fn set_times(&self, accessed: SetTime, modified: SetTime) -> Result<(), Errno> {
        let mut times = FileTimes::new();
        if let Some(time) = absolute(accessed)? {
            times = times.set_accessed(time);
        }
        if let Some(time) = absolute(modified)? {
            times = times.set_modified(time);
        }
        self.file.set_times(times).map_err(errno)
    }

    fn sync(&self, data_only: bool) -> Result<(), Errno> {
        let synced = if data_only {
            self.file.sync_data()
        } else {
            self.file.sync_all()
        };
        // Pipes and devices may not support this. They have no permanent storage.
        match synced.map_err(errno) {
            Err(Errno::Inval | Errno::Notsup) if !self.file_type.can_seek() => Ok(()),
            synced => synced,
        }
    }
}
