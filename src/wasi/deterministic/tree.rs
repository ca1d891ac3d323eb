//! A file system in memory: inodes and their contents.
//!
//! Inodes are stored in one array and refer to each other by number, so dropping a deep tree
//! needs no recursion. An inode is freed when it has no name and is not open.

mod saved;

use super::VirtualTime;
use crate::wasi::{Errno, FileStat, FileType, SetTime};
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

/// Capacity taken by an inode in addition to its contents, and by a name in addition to its
/// bytes.
const OVERHEAD: u64 = 128;

/// Number of an inode: its index in the array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Number(usize);

#[derive(Debug)]
pub(super) enum Contents {
    File(Vec<u8>),
    Directory(BTreeMap<Box<str>, Number>),
    Link(Box<str>),
}

impl Contents {
    /// Returns the number of bytes of a file, or of the target of a symbolic link.
    fn size(&self) -> u64 {
        match self {
            Contents::File(bytes) => bytes.len() as u64,
            Contents::Directory(_) => 0,
            Contents::Link(text) => text.len() as u64,
        }
    }
}

#[derive(Debug)]
struct Inode {
    contents: Contents,
    /// Error of reading or writing the contents.
    denied: Option<Errno>,
    /// Parent of a directory. The root and directories without a name have none.
    parent: Option<Number>,
    names: u64,
    open: u64,
    accessed: u64,
    modified: u64,
    changed: u64,
}

#[derive(Debug)]
pub(super) struct Tree {
    inodes: Vec<Option<Inode>>,
    free: Vec<usize>,
    /// Number of bytes that may still be added.
    room: u64,
    time: VirtualTime,
}

impl Tree {
    /// The root directory, which counts as having one name.
    pub(super) const ROOT: Number = Number(0);

    pub(super) fn new(time: VirtualTime, capacity: u64) -> Tree {
        let now = time.real();
        let root = Inode {
            contents: Contents::Directory(BTreeMap::new()),
            denied: None,
            parent: None,
            names: 1,
            open: 0,
            accessed: now,
            modified: now,
            changed: now,
        };
        Tree {
            inodes: alloc::vec![Some(root)],
            free: Vec::new(),
            room: capacity,
            time,
        }
    }

    fn inode(&self, number: Number) -> Result<&Inode, Errno> {
        self.inodes
            .get(number.0)
            .and_then(Option::as_ref)
            .ok_or(Errno::Stale)
    }

    fn inode_mut(&mut self, number: Number) -> Result<&mut Inode, Errno> {
        self.inodes
            .get_mut(number.0)
            .and_then(Option::as_mut)
            .ok_or(Errno::Stale)
    }

    pub(super) fn contents(&self, number: Number) -> Result<&Contents, Errno> {
        Ok(&self.inode(number)?.contents)
    }

    pub(super) fn is_directory(&self, number: Number) -> bool {
        matches!(self.contents(number), Ok(Contents::Directory(_)))
    }

    pub(super) fn denied(&self, number: Number) -> Result<Option<Errno>, Errno> {
        Ok(self.inode(number)?.denied)
    }

    pub(super) fn deny(&mut self, number: Number, errno: Errno) -> Result<(), Errno> {
        self.inode_mut(number)?.denied = Some(errno);
        Ok(())
    }

    pub(super) fn entries(&self, number: Number) -> Result<&BTreeMap<Box<str>, Number>, Errno> {
        match self.contents(number)? {
            Contents::Directory(entries) => match self.denied(number)? {
                Some(errno) => Err(errno),
                None => Ok(entries),
            },
            _ => Err(Errno::Notdir),
        }
    }

    fn entries_mut(&mut self, number: Number) -> Result<&mut BTreeMap<Box<str>, Number>, Errno> {
        match &mut self.inode_mut(number)?.contents {
            Contents::Directory(entries) => Ok(entries),
            _ => Err(Errno::Notdir),
        }
    }

    pub(super) fn file_type(&self, number: Number) -> Result<FileType, Errno> {
        Ok(match self.contents(number)? {
            Contents::File(_) => FileType::RegularFile,
            Contents::Directory(_) => FileType::Directory,
            Contents::Link(_) => FileType::SymbolicLink,
        })
    }

    /// Returns the inode number that programs see.
    pub(super) fn inode_number(number: Number) -> u64 {
        number.0 as u64 + 1
    }

    pub(super) fn filestat(&self, number: Number) -> Result<FileStat, Errno> {
        let inode = self.inode(number)?;
        Ok(FileStat {
            device: 1,
            inode: Tree::inode_number(number),
            file_type: self.file_type(number)?,
            links: inode.names,
            size: inode.contents.size(),
            accessed: inode.accessed,
            modified: inode.modified,
            changed: inode.changed,
        })
    }

    pub(super) fn set_times(
        &mut self,
        number: Number,
        accessed: SetTime,
        modified: SetTime,
    ) -> Result<(), Errno> {
        let now = self.time.real();
        let inode = self.inode_mut(number)?;
        let set = |place: &mut u64, time| match time {
            SetTime::Keep => {}
            SetTime::Now => *place = now,
            SetTime::To(nanoseconds) => *place = nanoseconds,
        };
        set(&mut inode.accessed, accessed);
        set(&mut inode.modified, modified);
        inode.changed = now;
        Ok(())
    }

    fn take_room(&mut self, bytes: u64) -> Result<(), Errno> {
        self.room = self.room.checked_sub(bytes).ok_or(Errno::Nospc)?;
        Ok(())
    }

    /// Creates an inode and gives it a name that does not exist in the directory.
    pub(super) fn create(
        &mut self,
        directory: Number,
        name: &str,
        contents: Contents,
    ) -> Result<Number, Errno> {
        let size = match &contents {
            Contents::Link(text) => text.len() as u64,
            _ => 0,
        };
        // A directory that was removed while open accepts no new entries.
        if self.inode(directory)?.names == 0 {
            return Err(Errno::Noent);
        }
        self.inodes.try_reserve(1).map_err(|_| Errno::Nospc)?;
        self.take_room(OVERHEAD + size)?;
        let now = self.time.real();
        let inode = Inode {
            contents,
            denied: None,
            parent: None,
            names: 0,
            open: 0,
            accessed: now,
            modified: now,
            changed: now,
        };
        let number = match self.free.pop() {
            Some(index) => {
                self.inodes[index] = Some(inode);
                Number(index)
            }
            None => {
                self.inodes.push(Some(inode));
                Number(self.inodes.len() - 1)
            }
        };
        if let Err(errno) = self.add_name(directory, name, number) {
            self.forget_if_unused(number);
            return Err(errno);
        }
        Ok(number)
    }

    /// Adds a name to an inode. The name does not exist in the directory.
    pub(super) fn add_name(
        &mut self,
        directory: Number,
        name: &str,
        number: Number,
    ) -> Result<(), Errno> {
        if self.inode(directory)?.names == 0 {
            return Err(Errno::Noent);
        }
        self.take_room(OVERHEAD + name.len() as u64)?;
        self.entries_mut(directory)?.insert(name.into(), number);
        let now = self.time.real();
        let inode = self.inode_mut(number)?;
        inode.names += 1;
        inode.changed = now;
        if let Contents::Directory(_) = inode.contents {
            inode.parent = Some(directory);
        }
        self.touch(directory)
    }

    /// Removes a name.
    pub(super) fn remove_name(&mut self, directory: Number, name: &str) -> Result<(), Errno> {
        let removed = self.entries_mut(directory)?.remove(name);
        let number = removed.ok_or(Errno::Noent)?;
        self.room = self.room.saturating_add(OVERHEAD + name.len() as u64);
        let now = self.time.real();
        let inode = self.inode_mut(number)?;
        inode.names -= 1;
        if inode.names == 0 {
            inode.parent = None;
        }
        inode.changed = now;
        self.touch(directory)?;
        self.forget_if_unused(number);
        Ok(())
    }

    /// Returns whether a directory is `other` or inside it.
    pub(super) fn is_inside(&self, directory: Number, other: Number) -> bool {
        let mut next = Some(directory);
        while let Some(number) = next {
            if number == other {
                return true;
            }
            next = self.inode(number).ok().and_then(|inode| inode.parent);
        }
        false
    }

    fn touch(&mut self, number: Number) -> Result<(), Errno> {
        let now = self.time.real();
        let inode = self.inode_mut(number)?;
        inode.modified = now;
        inode.changed = now;
        Ok(())
    }

    pub(super) fn open(&mut self, number: Number) -> Result<(), Errno> {
        self.inode_mut(number)?.open += 1;
        Ok(())
    }

    pub(super) fn close(&mut self, number: Number) {
        if let Ok(inode) = self.inode_mut(number) {
            inode.open -= 1;
        }
        self.forget_if_unused(number);
    }

    fn forget_if_unused(&mut self, number: Number) {
        let Ok(inode) = self.inode(number) else {
            return;
        };
        if inode.names > 0 || inode.open > 0 {
            return;
        }
        self.room = self.room.saturating_add(OVERHEAD + inode.contents.size());
        self.inodes[number.0] = None;
        self.free.push(number.0);
    }

    pub(super) fn read(
        &mut self,
        number: Number,
        buffer: &mut [u8],
        offset: u64,
    ) -> Result<usize, Errno> {
        let now = self.time.real();
        let inode = self.inode_mut(number)?;
        inode.accessed = now;
        let Contents::File(bytes) = &inode.contents else {
            return Err(Errno::Isdir);
        };
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        let rest = bytes.get(start..).unwrap_or_default();
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        Ok(count)
    }

    pub(super) fn write(
        &mut self,
        number: Number,
        bytes: &[u8],
        offset: u64,
    ) -> Result<usize, Errno> {
        if bytes.is_empty() {
            return Ok(0);
        }
        let end = offset.checked_add(bytes.len() as u64).ok_or(Errno::Fbig)?;
        if end > self.filestat(number)?.size {
            self.set_size(number, end)?;
        }
        // The file now has at least this length, so both fit in a `usize`.
        let (start, end) = (offset as usize, end as usize);
        if let Contents::File(kept) = &mut self.inode_mut(number)?.contents {
            kept[start..end].copy_from_slice(bytes);
        }
        self.touch(number)?;
        Ok(bytes.len())
    }

    pub(super) fn set_size(&mut self, number: Number, size: u64) -> Result<(), Errno> {
        let size = usize::try_from(size).map_err(|_| Errno::Nospc)?;
        let room = self.room;
        let Contents::File(bytes) = &mut self.inode_mut(number)?.contents else {
            return Err(Errno::Inval);
        };
        let old = bytes.len();
        let growth = size.saturating_sub(old);
        if growth as u64 > room {
            return Err(Errno::Nospc);
        }
        bytes.try_reserve(growth).map_err(|_| Errno::Nospc)?;
        bytes.resize(size, 0);
        self.room = room - growth as u64 + old.saturating_sub(size) as u64;
        self.touch(number)
    }
}
