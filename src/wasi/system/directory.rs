//! Directories of the operating system. `cap-std` keeps every path inside its directory.

use super::errno::errno;
use super::file::{SystemFile, file_type, filestat, system_time};
use crate::wasi::abi::flags;
use crate::wasi::host::{Directory, DirectoryEntry, OpenOptions, Opened};
use crate::wasi::{Errno, FileStat, SetTime};
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use cap_fs_ext::{
    DirEntryExt, DirExt, FollowSymlinks, MetadataExt, OpenOptionsFollowExt, OpenOptionsMaybeDirExt,
    OpenOptionsSyncExt, SystemTimeSpec,
};
use cap_std::ambient_authority;
use cap_std::fs::Dir;
use core::any::Any;
use std::io;
use std::path::Path;

flags! {
    /// Permissions of a program for a directory and those below it.
    DirPerms: u8 {
        /// List directories and read the attributes of their files.
        READ = 0,
        /// Create, rename and remove entries, and set times.
        MUTATE = 1,
    }
}

flags! {
    /// Permissions of a program for the files in a directory and those below it.
    FilePerms: u8 {
        /// Read files.
        READ = 0,
        /// Write files.
        WRITE = 1,
    }
}

impl DirPerms {
    /// Returns all permissions.
    pub const fn all() -> DirPerms {
        DirPerms::ALL
    }
}

impl FilePerms {
    /// Returns all permissions.
    pub const fn all() -> FilePerms {
        FilePerms::ALL
    }
}

/// An open directory of the operating system.
#[derive(Debug)]
pub struct SystemDirectory {
    dir: Dir,
    dir_perms: DirPerms,
    file_perms: FilePerms,
}

/// Converts a time for the functions that take a path.
fn time(time: SetTime) -> Result<Option<SystemTimeSpec>, Errno> {
    Ok(match time {
        SetTime::Keep => None,
        SetTime::Now => Some(SystemTimeSpec::SymbolicNow),
        SetTime::To(nanoseconds) => Some(SystemTimeSpec::Absolute(
            cap_std::time::SystemTime::from_std(system_time(nanoseconds)?),
        )),
    })
}

/// Returns whether the last component of a path must be a directory, so that a symbolic link in
/// its place is followed.
fn requires_directory(path: &str) -> bool {
    path.ends_with('/') || matches!(last_component(path), "." | "..")
}

/// Returns the path without its trailing slashes, if it has any and ends in a name before them.
fn before_slash(path: &str) -> Option<&str> {
    let trimmed = path.trim_end_matches('/');
    let is_name = !matches!(last_component(trimmed), "." | "..");
    (trimmed.len() < path.len() && is_name).then_some(trimmed)
}

fn last_component(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

impl SystemDirectory {
    /// Opens a directory by a path of the process, outside any sandbox.
    ///
    /// # Errors
    ///
    /// If the directory cannot be opened.
    pub fn open(
        path: impl AsRef<Path>,
        dir_perms: DirPerms,
        file_perms: FilePerms,
    ) -> io::Result<SystemDirectory> {
        Ok(SystemDirectory {
            dir: Dir::open_ambient_dir(path, ambient_authority())?,
            dir_perms,
            file_perms,
        })
    }

    fn require(&self, perms: DirPerms) -> Result<(), Errno> {
        if self.dir_perms.contains(perms) {
            Ok(())
        } else {
            Err(Errno::Perm)
        }
    }

    /// Returns the second directory of an operation on two, after checking the permissions of
    /// both.
    fn other<'a>(&self, to: &'a dyn Directory) -> Result<&'a SystemDirectory, Errno> {
        let to: &SystemDirectory = to.as_any().downcast_ref().ok_or(Errno::Xdev)?;
        self.require(DirPerms::MUTATE)?;
        to.require(DirPerms::MUTATE)?;
        Ok(to)
    }
}

impl Directory for SystemDirectory {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn filestat(&self) -> Result<FileStat, Errno> {
        let metadata = self.dir.dir_metadata().map_err(errno)?;
        Ok(filestat(&metadata))
    }

    fn set_times(&self, accessed: SetTime, modified: SetTime) -> Result<(), Errno> {
        self.set_times_at(".", true, accessed, modified)
    }

    fn sync(&self, data_only: bool) -> Result<(), Errno> {
        let directory = self.dir.open(".").map_err(errno)?;
        if data_only {
            directory.sync_data().map_err(errno)
        } else {
            directory.sync_all().map_err(errno)
        }
    }

    /// Names that are not UTF-8 cannot be represented in preview 1 and are left out.
    fn entries(&self, limit: usize) -> Result<Vec<DirectoryEntry>, Errno> {
        self.require(DirPerms::READ)?;
        let mut entries = Vec::new();
        for entry in self.dir.entries().map_err(errno)? {
            let entry = entry.map_err(errno)?;
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            // The entry was removed in the meantime.
            let (Ok(kind), Ok(metadata)) = (entry.file_type(), entry.full_metadata()) else {
                continue;
            };
            if entries.len() == limit {
                return Err(Errno::Nomem);
            }
            entries.push(DirectoryEntry {
                name,
                inode: metadata.ino(),
                file_type: file_type(kind),
            });
        }
        entries.sort_unstable_by(|one, other| one.name.cmp(&other.name));
        Ok(entries)
    }

    fn open(&self, path: &str, options: OpenOptions) -> Result<Opened, Errno> {
        self.require(DirPerms::READ)?;
        if options.create {
            self.require(DirPerms::MUTATE)?;
        }
        let write = options.write || options.create || options.truncate;
        if write && !self.file_perms.contains(FilePerms::WRITE) {
            return Err(Errno::Perm);
        }
        let follow = if options.follow {
            FollowSymlinks::Yes
        } else {
            FollowSymlinks::No
        };
        let mut how = cap_std::fs::OpenOptions::new();
        how.read(options.read)
            .write(write)
            .truncate(options.truncate)
            .create(options.create && !options.exclusive)
            .create_new(options.create && options.exclusive);
        how.follow(follow);
        how.maybe_dir(true);
        // Opening a pipe blocks until it has a writer. A directory never blocks.
        how.nonblock(options.nonblock || options.directory);
        let file = match self.dir.open_with(path, &how).map_err(errno) {
            // A socket or a device that cannot be opened.
            Err(Errno::Nxio) if options.directory => return Err(Errno::Notdir),
            opened => opened?,
        };
        let metadata = file.metadata().map_err(errno)?;
        if metadata.is_dir() {
            return Ok(Opened::Directory(Box::new(SystemDirectory {
                dir: Dir::from_std_file(file.into_std()),
                dir_perms: self.dir_perms,
                file_perms: self.file_perms,
            })));
        }
        if options.directory {
            return Err(Errno::Notdir);
        }
        if options.read && !self.file_perms.contains(FilePerms::READ) {
            return Err(Errno::Perm);
        }
        Ok(Opened::File(Box::new(SystemFile::new(
            file.into_std(),
            file_type(metadata.file_type()),
        ))))
    }

    fn filestat_at(&self, path: &str, follow: bool) -> Result<FileStat, Errno> {
        self.require(DirPerms::READ)?;
        // `cap-std` would not look at the end of the path.
        let metadata = if follow || requires_directory(path) {
            self.dir.metadata(path)
        } else {
            self.dir.symlink_metadata(path)
        };
        Ok(filestat(&metadata.map_err(errno)?))
    }

    fn set_times_at(
        &self,
        path: &str,
        follow: bool,
        accessed: SetTime,
        modified: SetTime,
    ) -> Result<(), Errno> {
        self.require(DirPerms::MUTATE)?;
        let (accessed, modified) = (time(accessed)?, time(modified)?);
        if follow {
            DirExt::set_times(&self.dir, path, accessed, modified).map_err(errno)
        } else {
            self.dir
                .set_symlink_times(path, accessed, modified)
                .map_err(errno)
        }
    }

    fn create_directory(&self, path: &str) -> Result<(), Errno> {
        self.require(DirPerms::MUTATE)?;
        self.dir.create_dir(path).map_err(errno)
    }

    fn remove_directory(&self, path: &str) -> Result<(), Errno> {
        self.require(DirPerms::MUTATE)?;
        // `cap-std` treats a trailing slash like `/.`, which no system removes. But a directory
        // may be named with a slash.
        let trimmed = path.trim_end_matches('/');
        self.dir.remove_dir(trimmed).map_err(errno)
    }

    fn unlink_file(&self, path: &str) -> Result<(), Errno> {
        self.require(DirPerms::MUTATE)?;
        // `cap-std` would follow a link before the slash.
        if let Some(name) = before_slash(path) {
            let metadata = self.dir.symlink_metadata(name).map_err(errno)?;
            return Err(if metadata.is_dir() {
                Errno::Isdir
            } else {
                Errno::Notdir
            });
        }
        self.dir.remove_file_or_symlink(path).map_err(errno)
    }

    fn symlink(&self, text: &str, path: &str) -> Result<(), Errno> {
        self.require(DirPerms::MUTATE)?;
        DirExt::symlink(&self.dir, text, path).map_err(errno)
    }

    fn read_link(&self, path: &str) -> Result<String, Errno> {
        self.require(DirPerms::READ)?;
        let text = self.dir.read_link(path).map_err(errno)?;
        text.into_os_string()
            .into_string()
            .map_err(|_| Errno::Ilseq)
    }

    fn rename(&self, path: &str, to: &dyn Directory, to_path: &str) -> Result<(), Errno> {
        let to = self.other(to)?;
        // A trailing slash requires a directory, which `cap-std` does not check.
        if before_slash(to_path).is_some() {
            let moved = self.dir.symlink_metadata(path).map_err(errno)?;
            if !moved.is_dir() {
                return Err(Errno::Notdir);
            }
        }
        self.dir.rename(path, &to.dir, to_path).map_err(errno)
    }

    fn link(&self, path: &str, to: &dyn Directory, to_path: &str) -> Result<(), Errno> {
        let to = self.other(to)?;
        self.dir.hard_link(path, &to.dir, to_path).map_err(errno)
    }
}
