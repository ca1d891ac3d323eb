//! Descriptors: the numbers by which a program names what is open, what each is, and what
//! may be done with it.

use super::errno::Errno;
use super::types::{FdFlags, FileStat, FileType, Rights};
use crate::wasi::host::{Directory, DirectoryEntry, File, InputStream, OutputStream};
use alloc::boxed::Box;
use alloc::vec::Vec;

/// The most entries of directories that are kept for all descriptors together.
const MAX_LISTED: usize = 1 << 20;

/// The numbers below this are standard input, output and error.
const STANDARD_STREAMS: u32 = 3;

/// What a descriptor stands for.
pub(crate) enum Object {
    Input(Box<dyn InputStream>),
    Output(Box<dyn OutputStream>),
    File(OpenFile),
    Directory(OpenDirectory),
}

pub(crate) struct OpenFile {
    pub file: Box<dyn File>,
    pub position: u64,
}

pub(crate) struct OpenDirectory {
    pub directory: Box<dyn Directory>,
    /// The entries as they were when the program began to read them, so that what it removes
    /// meanwhile shifts nothing.
    pub listing: Option<Vec<DirectoryEntry>>,
}

/// One of them.
pub(crate) struct Descriptor {
    pub object: Object,
    pub base: Rights,
    pub inheriting: Rights,
    /// Those that may come unasked with what is opened here: all that its parent has of them,
    /// since who asks for little has not given anything up.
    pub unasked: Rights,
    pub flags: FdFlags,
    /// The name that the program knows it by from the start.
    pub preopen: Option<Box<str>>,
}

impl Descriptor {
    pub fn input(stream: Box<dyn InputStream>) -> Descriptor {
        Descriptor {
            object: Object::Input(stream),
            base: Rights::INPUT,
            inheriting: Rights::NONE,
            unasked: Rights::NONE,
            flags: FdFlags::NONE,
            preopen: None,
        }
    }

    pub fn output(stream: Box<dyn OutputStream>) -> Descriptor {
        Descriptor {
            object: Object::Output(stream),
            base: Rights::OUTPUT,
            inheriting: Rights::NONE,
            unasked: Rights::NONE,
            flags: FdFlags::NONE,
            preopen: None,
        }
    }

    pub fn preopen(directory: Box<dyn Directory>, name: Box<str>) -> Descriptor {
        Descriptor {
            object: Object::Directory(OpenDirectory {
                directory,
                listing: None,
            }),
            base: Rights::DIRECTORY,
            inheriting: Rights::DIRECTORY.union(Rights::FILE),
            unasked: Rights::DIRECTORY.union(Rights::FILE),
            flags: FdFlags::NONE,
            preopen: Some(name),
        }
    }

    /// Whether its rights allow this. What is not open for reading or writing is a bad
    /// descriptor to who reads or writes, as everywhere.
    pub fn require(&self, rights: Rights) -> Result<(), Errno> {
        if self.base.contains(rights) {
            return Ok(());
        }
        let missing = rights.difference(self.base);
        Err(if missing.intersects(Rights::FD_READ | Rights::FD_WRITE) {
            Errno::Badf
        } else {
            Errno::Notcapable
        })
    }

    /// Takes rights away, if it has those that are left.
    pub fn limit(&mut self, base: Rights, inheriting: Rights) -> Result<(), Errno> {
        if !self.base.contains(base) || !self.inheriting.contains(inheriting) {
            return Err(Errno::Notcapable);
        }
        let given_up = self.inheriting.difference(inheriting);
        self.unasked = self.unasked.difference(given_up);
        self.base = base;
        self.inheriting = inheriting;
        Ok(())
    }

    /// The file, if it is one whose rights allow this. Streams have no places to go to;
    /// directories are no files.
    pub fn file(&mut self, rights: Rights) -> Result<&mut OpenFile, Errno> {
        match self.object {
            Object::Input(_) | Object::Output(_) => return Err(Errno::Spipe),
            Object::Directory(_) => return Err(Errno::Badf),
            Object::File(_) => self.require(rights)?,
        }
        match &mut self.object {
            Object::File(file) => Ok(file),
            _ => Err(Errno::Badf),
        }
    }

    /// The directory, if it is one whose rights allow this.
    pub fn directory(&self, rights: Rights) -> Result<&dyn Directory, Errno> {
        let Object::Directory(open) = &self.object else {
            return Err(Errno::Notdir);
        };
        self.require(rights)?;
        Ok(&*open.directory)
    }

    pub fn filestat(&self) -> Result<FileStat, Errno> {
        match &self.object {
            Object::File(open) => open.file.filestat(),
            Object::Directory(open) => open.directory.filestat(),
            _ => Ok(FileStat::stream(self.file_type())),
        }
    }

    pub fn file_type(&self) -> FileType {
        let terminal = match &self.object {
            Object::Input(stream) => stream.is_terminal(),
            Object::Output(stream) => stream.is_terminal(),
            Object::File(open) => return open.file.file_type(),
            Object::Directory(_) => return FileType::Directory,
        };
        if terminal {
            FileType::CharacterDevice
        } else {
            FileType::Unknown
        }
    }
}

/// All descriptors of a program.
pub(crate) struct DescriptorTable {
    entries: Vec<Option<Descriptor>>,
    limit: usize,
}

impl DescriptorTable {
    pub fn new(first: impl IntoIterator<Item = Descriptor>, limit: usize) -> DescriptorTable {
        DescriptorTable {
            entries: first.into_iter().map(Some).collect(),
            limit,
        }
    }

    pub fn get(&self, fd: u32) -> Result<&Descriptor, Errno> {
        usize::try_from(fd)
            .ok()
            .and_then(|index| self.entries.get(index)?.as_ref())
            .ok_or(Errno::Badf)
    }

    pub fn get_mut(&mut self, fd: u32) -> Result<&mut Descriptor, Errno> {
        usize::try_from(fd)
            .ok()
            .and_then(|index| self.entries.get_mut(index)?.as_mut())
            .ok_or(Errno::Badf)
    }

    /// The lowest number that is free, with room for a descriptor behind it.
    pub fn reserve(&mut self) -> Result<u32, Errno> {
        let free = self.entries.iter().position(Option::is_none);
        let index = free.unwrap_or(self.entries.len());
        if index >= self.limit {
            return Err(Errno::Mfile);
        }
        if free.is_none() {
            self.entries.try_reserve(1).map_err(|_| Errno::Nomem)?;
            self.entries.push(None);
        }
        u32::try_from(index).map_err(|_| Errno::Mfile)
    }

    /// Puts a descriptor at a number that [`DescriptorTable::reserve`] gave.
    pub fn put(&mut self, fd: u32, descriptor: Descriptor) {
        self.entries[fd as usize] = Some(descriptor);
    }

    pub fn close(&mut self, fd: u32) -> Result<(), Errno> {
        self.get(fd)?;
        self.entries[fd as usize] = None;
        Ok(())
    }

    /// Closes `to` and gives its number to `from`. Both must be open; only the number of a
    /// standard stream may be free, since programs move their output away for a while.
    pub fn renumber(&mut self, from: u32, to: u32) -> Result<(), Errno> {
        self.get(from)?;
        if to >= STANDARD_STREAMS {
            self.get(to)?;
        }
        if from != to {
            self.entries[to as usize] = self.entries[from as usize].take();
        }
        Ok(())
    }

    /// Forgets all listings where there are too many, for one that is to come.
    pub fn make_room_for_listing(&mut self) {
        let directories = || self.entries.iter().flatten().filter_map(Descriptor::listed);
        if directories().sum::<usize>() < MAX_LISTED {
            return;
        }
        for descriptor in self.entries.iter_mut().flatten() {
            if let Object::Directory(open) = &mut descriptor.object {
                open.listing = None;
            }
        }
    }
}

impl Descriptor {
    fn listed(&self) -> Option<usize> {
        match &self.object {
            Object::Directory(open) => open.listing.as_ref().map(Vec::len),
            _ => None,
        }
    }
}
