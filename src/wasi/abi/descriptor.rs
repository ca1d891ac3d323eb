//! Descriptors: the program's numbers for open objects, and the rights that each has.

use super::errno::Errno;
use super::types::{FdFlags, FileStat, FileType, Rights};
use crate::wasi::host::{Directory, DirectoryEntry, File, InputStream, OutputStream, Readiness};
use alloc::boxed::Box;
use alloc::vec::Vec;

/// Limit on the directory entries that all descriptors together keep.
const MAX_LISTED: usize = 1 << 20;

/// Numbers below this are standard input, output and error.
const STANDARD_STREAMS: u32 = 3;

/// The object that a descriptor refers to.
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

impl OpenFile {
    pub fn can_seek(&self) -> bool {
        self.file.file_type().can_seek()
    }
}

/// A stream for reading: an input, or an open file that cannot seek.
pub(crate) enum Source<'a> {
    Input(&'a mut dyn InputStream),
    File(&'a dyn File),
}

impl Source<'_> {
    pub fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Errno> {
        match self {
            Source::Input(stream) => stream.read(buffer),
            Source::File(file) => file.read_at(buffer, 0),
        }
    }

    pub fn ready(&mut self) -> Result<Readiness, Errno> {
        match self {
            Source::Input(stream) => stream.ready(),
            Source::File(file) => file.ready(),
        }
    }

    pub fn wait(&mut self, nanoseconds: Option<u64>) -> Result<(), Errno> {
        match self {
            Source::Input(stream) => stream.wait(nanoseconds),
            Source::File(file) => file.wait(nanoseconds),
        }
    }
}

impl Object {
    /// Returns the stream that is read from, if this is one.
    pub fn source(&mut self) -> Option<Source<'_>> {
        match self {
            Object::Input(stream) => Some(Source::Input(&mut **stream)),
            Object::File(open) if !open.can_seek() => Some(Source::File(&*open.file)),
            _ => None,
        }
    }
}

pub(crate) struct OpenDirectory {
    pub directory: Box<dyn Directory>,
    /// The entries when the program began to read them. A program that removes entries while it
    /// reads does not shift the others.
    pub listing: Option<Vec<DirectoryEntry>>,
}

/// An entry of the descriptor table.
pub(crate) struct Descriptor {
    pub object: Object,
    pub base: Rights,
    pub inheriting: Rights,
    /// Rights that objects opened relative to this descriptor get without a request: those that
    /// the parent's descriptor may pass on. A program that requests few rights has not given
    /// these up.
    pub unasked: Rights,
    pub flags: FdFlags,
    /// The program's name for a directory that is open from the start.
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

    /// Returns an error unless the descriptor has these rights. As on other systems, reading or
    /// writing without the right is a bad descriptor.
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

    /// Reduces the rights to the given ones. The descriptor must have all of them.
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

    /// Returns the open file if the descriptor has these rights. The error is `stream` for
    /// streams, and [`Errno::Badf`] for directories.
    pub fn file_or(&mut self, stream: Errno, rights: Rights) -> Result<&mut OpenFile, Errno> {
        match &self.object {
            Object::Input(_) | Object::Output(_) => return Err(stream),
            Object::File(open) if !open.can_seek() => return Err(stream),
            Object::Directory(_) => return Err(Errno::Badf),
            Object::File(_) => self.require(rights)?,
        }
        match &mut self.object {
            Object::File(file) => Ok(file),
            _ => Err(Errno::Badf),
        }
    }

    /// Returns the open file if the descriptor has these rights, and [`Errno::Spipe`] for
    /// streams, which cannot seek.
    pub fn file(&mut self, rights: Rights) -> Result<&mut OpenFile, Errno> {
        self.file_or(Errno::Spipe, rights)
    }

    /// Returns the directory if the descriptor has these rights.
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

    /// Creates the table of a program that has run before.
    pub fn restore(entries: Vec<Option<Descriptor>>, limit: usize) -> DescriptorTable {
        DescriptorTable { entries, limit }
    }

    /// Returns the descriptors by number, with gaps for those that are closed.
    pub fn entries(&self) -> &[Option<Descriptor>] {
        &self.entries
    }

    /// Returns the maximum number of open descriptors.
    pub fn limit(&self) -> usize {
        self.limit
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

    /// Returns the lowest free number and makes room for a descriptor there.
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

    /// Sets the descriptor of a number that [`DescriptorTable::reserve`] returned.
    pub fn put(&mut self, fd: u32, descriptor: Descriptor) {
        self.entries[fd as usize] = Some(descriptor);
    }

    pub fn close(&mut self, fd: u32) -> Result<(), Errno> {
        self.get(fd)?;
        self.entries[fd as usize] = None;
        Ok(())
    }

    /// Closes `to` and moves the descriptor `from` to it. Both must be open, except that `to`
    /// may be a closed standard stream, because programs redirect their output in this way.
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

    /// Drops all listings if there are too many for another one.
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
