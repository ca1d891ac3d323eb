//! Copies of the system's directories in memory.

use super::errno::errno;
use crate::api::{Context, Result};
use crate::wasi::host::Directory;
use crate::wasi::{Errno, MemoryDirectory, VirtualTime};
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use std::fs::{self, DirEntry};
use std::io::{self, ErrorKind};
use std::path::Path;

/// The first path in the copy of each file that has several names.
type HardLinks = BTreeMap<(u64, u64), String>;

impl MemoryDirectory {
    /// Copies a directory of the system, and everything below it, into memory.
    ///
    /// Hard links within the directory stay hard links. A file or directory that cannot be read
    /// is copied as one that cannot be opened, with the same error. Names and targets of symbolic
    /// links that are not UTF-8, and files that are not regular, such as pipes, are left out.
    ///
    /// # Errors
    ///
    /// If the directory itself cannot be read, or if its contents exceed the capacity of
    /// [`MemoryDirectory::new`].
    pub fn copy_of(path: impl AsRef<Path>, time: VirtualTime) -> Result<MemoryDirectory> {
        let root = path.as_ref();
        let copy = MemoryDirectory::new(time);
        let mut links = HardLinks::new();
        let first = list(root)
            .with_context(|| format!("cannot open the directory `{}`", root.display()))?;
        // Directories to copy, with the prefix of paths inside them.
        let mut directories = alloc::vec![(first, String::new())];
        while let Some((entries, prefix)) = directories.pop() {
            for entry in entries {
                let Ok(name) = entry.file_name().into_string() else {
                    continue;
                };
                let inside = format!("{prefix}{name}");
                let below = copy_entry(&copy, &entry, &inside, &mut links)
                    .with_context(|| format!("cannot copy `{}`", entry.path().display()))?;
                if let Some(entries) = below {
                    directories.push((entries, format!("{inside}/")));
                }
            }
        }
        Ok(copy)
    }
}

/// Returns the entries of a directory, sorted by name, so that the copy does not depend on the
/// order of the file system.
fn list(path: &Path) -> io::Result<Vec<DirEntry>> {
    let mut entries: Vec<_> = fs::read_dir(path)?.collect::<io::Result<_>>()?;
    entries.sort_by_key(DirEntry::file_name);
    Ok(entries)
}

/// Copies an entry of a directory. Returns the entries below it, if it is a directory.
fn copy_entry(
    copy: &MemoryDirectory,
    entry: &DirEntry,
    inside: &str,
    links: &mut HardLinks,
) -> Result<Option<Vec<DirEntry>>, Errno> {
    let path = entry.path();
    let Ok(kind) = entry.file_type() else {
        // Removed in the meantime.
        return Ok(None);
    };
    if kind.is_dir() {
        copy.create_directory(inside)?;
        match list(&path) {
            Ok(entries) => return Ok(Some(entries)),
            Err(error) => copy.deny(inside, errno(error))?,
        }
    } else if kind.is_symlink() {
        if let Some(text) = fs::read_link(&path).ok().as_deref().and_then(Path::to_str) {
            copy.symlink(text, inside)?;
        }
    } else if kind.is_file() {
        let identity = identity(entry);
        if let Some(first) = identity.and_then(|identity| links.get(&identity)) {
            copy.link(first, copy, inside)?;
            return Ok(None);
        }
        match fs::read(&path) {
            Ok(bytes) => copy.write(inside, bytes)?,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                copy.write(inside, [])?;
                copy.deny(inside, errno(error))?;
            }
        }
        links.extend(identity.map(|identity| (identity, String::from(inside))));
    }
    Ok(None)
}

/// Returns the device and inode number of a file with several names.
#[cfg(unix)]
fn identity(entry: &DirEntry) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;

    let metadata = entry.metadata().ok()?;
    (metadata.nlink() > 1).then(|| (metadata.dev(), metadata.ino()))
}

/// Returns `None`: the standard library does not provide the identity of files on Windows.
#[cfg(windows)]
fn identity(_: &DirEntry) -> Option<(u64, u64)> {
    None
}
