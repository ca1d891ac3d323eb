//! The deterministic host, its files and its input as bytes.
//!
//! ```text
//! time   := executed: number, waited: number
//! host   := time: index, random: 8 bytes, rest: 8 bytes, left: byte
//! files  := time: index, tree
//! input  := time: index, vec(arrives: number, bytes)
//! open   := files: index, inode: index
//! ```

use super::directory::{Handle, MemoryDirectory, MemoryFile};
use super::random::Generator;
use super::tree::{Number, Tree};
use super::{Deterministic, Elapsed, ScriptedInput, VirtualTime};
use crate::support::encoding::{self, Reader};
use crate::support::error::Result;
use crate::support::sync::Mutex;
use crate::support::write::Write;
use crate::wasi::host::{Directory, File};
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

/// A file system, and those of its inodes that descriptors have open.
struct Files {
    tree: Arc<Mutex<Tree>>,
    open: Vec<usize>,
}

/// The times and file systems that a host, inputs and descriptors share. A saved context has lists of
/// them and refers to them by index.
#[derive(Default)]
pub(in crate::wasi) struct Shared {
    times: Vec<VirtualTime>,
    files: Vec<Files>,
}

impl VirtualTime {
    fn is_same(&self, other: &VirtualTime) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// Collecting what is shared, before it is saved.
impl Shared {
    fn add_time(&mut self, time: &VirtualTime) {
        if !self.times.iter().any(|other| other.is_same(time)) {
            self.times.push(time.clone());
        }
    }

    fn add_open(&mut self, handle: &Handle) {
        self.add_time(handle.tree.lock().time());
        let index = handle.number.index();
        let mut found = self.files.iter_mut();
        match found.find(|files| Arc::ptr_eq(&files.tree, &handle.tree)) {
            Some(files) => files.open.push(index),
            None => self.files.push(Files {
                tree: Arc::clone(&handle.tree),
                open: alloc::vec![index],
            }),
        }
    }

    /// Adds what a host shares.
    pub(in crate::wasi) fn add_host(&mut self, host: &Deterministic) {
        self.add_time(&host.time);
    }

    /// Adds what an input shares.
    pub(in crate::wasi) fn add_input(&mut self, input: &ScriptedInput) {
        self.add_time(&input.time);
    }

    /// Adds an open file. Returns `false` if it is not one in memory.
    pub(in crate::wasi) fn add_file(&mut self, file: &dyn File) -> bool {
        let file = memory_file(file);
        file.map(|file| self.add_open(&file.0)).is_some()
    }

    /// Adds an open directory. Returns `false` if it is not one in memory.
    pub(in crate::wasi) fn add_directory(&mut self, directory: &dyn Directory) -> bool {
        let directory = directory.as_any().downcast_ref::<MemoryDirectory>();
        directory
            .map(|directory| self.add_open(&directory.0))
            .is_some()
    }
}

fn memory_file(file: &dyn File) -> Option<&MemoryFile> {
    file.as_any()?.downcast_ref()
}

/// Saving.
impl Shared {
    fn save_time(&self, out: &mut dyn Write, time: &VirtualTime) -> Result<()> {
        let mut times = self.times.iter();
        let found = times.position(|other| other.is_same(time));
        encoding::size(out, found.expect("the time was collected"))
    }

    fn save_open(&self, out: &mut dyn Write, handle: &Handle) -> Result<()> {
        let mut files = self.files.iter();
        let found = files.position(|files| Arc::ptr_eq(&files.tree, &handle.tree));
        encoding::size(out, found.expect("the file system was collected"))?;
        encoding::size(out, handle.number.index())
    }

    /// Writes the lists of times and file systems.
    pub(in crate::wasi) fn save(&mut self, out: &mut dyn Write) -> Result<()> {
        encoding::list(out, self.times.iter(), |out, time| {
            let elapsed = time.0.lock();
            encoding::number(out, elapsed.executed)?;
            encoding::number(out, elapsed.waited)
        })?;
        for files in &mut self.files {
            files.open.sort_unstable();
        }
        encoding::list(out, self.files.iter(), |out, files| {
            let tree = files.tree.lock();
            self.save_time(out, tree.time())?;
            tree.save(out, &files.open)
        })
    }

    /// Writes the state of a host.
    pub(in crate::wasi) fn save_host(
        &self,
        out: &mut dyn Write,
        host: &Deterministic,
    ) -> Result<()> {
        self.save_time(out, &host.time)?;
        let Generator { state, rest, left } = host.random;
        out.write_all(&state.to_le_bytes())?;
        out.write_all(&rest.to_le_bytes())?;
        encoding::byte(out, left as u8)
    }

    /// Writes the pieces of an input that were not read.
    pub(in crate::wasi) fn save_input(
        &self,
        out: &mut dyn Write,
        input: &ScriptedInput,
    ) -> Result<()> {
        self.save_time(out, &input.time)?;
        encoding::list(out, input.pieces.iter(), |out, (arrives, bytes)| {
            encoding::number(out, *arrives)?;
            encoding::size(out, bytes.len())?;
            let (first, second) = bytes.as_slices();
            out.write_all(first)?;
            out.write_all(second)
        })
    }

    /// Writes which inode an open file is.
    pub(in crate::wasi) fn save_file(&self, out: &mut dyn Write, file: &dyn File) -> Result<()> {
        let file = memory_file(file).expect("the file was collected");
        self.save_open(out, &file.0)
    }

    /// Writes which inode an open directory is.
    pub(in crate::wasi) fn save_directory(
        &self,
        out: &mut dyn Write,
        directory: &dyn Directory,
    ) -> Result<()> {
        let directory = directory.as_any().downcast_ref::<MemoryDirectory>();
        self.save_open(out, &directory.expect("the directory was collected").0)
    }
}

/// Restoring.
impl Shared {
    /// Reads the lists of times and file systems.
    pub(in crate::wasi) fn restore(reader: &mut Reader<'_>) -> Result<Shared> {
        let times = reader.list(|reader| {
            Ok(VirtualTime(Arc::new(Mutex::new(Elapsed {
                executed: reader.number()?,
                waited: reader.number()?,
            }))))
        })?;
        let mut shared = Shared {
            times,
            files: Vec::new(),
        };
        shared.files = reader.list(|reader| {
            let time = shared.restore_time(reader)?;
            Ok(Files {
                tree: Arc::new(Mutex::new(Tree::restore(reader, time)?)),
                open: Vec::new(),
            })
        })?;
        Ok(shared)
    }

    fn restore_time(&self, reader: &mut Reader<'_>) -> Result<VirtualTime> {
        let index = reader.index_below(self.times.len(), "the index of a time")?;
        Ok(self.times[index].clone())
    }

    /// Reads the state of a host.
    pub(in crate::wasi) fn restore_host(&self, reader: &mut Reader<'_>) -> Result<Deterministic> {
        let time = self.restore_time(reader)?;
        let mut word = || -> Result<u64> {
            let mut bytes = [0; 8];
            bytes.copy_from_slice(reader.take(8)?);
            Ok(u64::from_le_bytes(bytes))
        };
        let (state, rest) = (word()?, word()?);
        let left = Some(reader.byte()?).filter(|&left| left <= 8);
        let left = reader.expect(left, "at most 8 random bytes that are left")?;
        let left = left.into();
        Ok(Deterministic {
            time,
            random: Generator { state, rest, left },
        })
    }

    /// Reads the pieces of an input.
    pub(in crate::wasi) fn restore_input(&self, reader: &mut Reader<'_>) -> Result<ScriptedInput> {
        let time = self.restore_time(reader)?;
        let pieces = reader.list(|reader| {
            let arrives = reader.number()?;
            Ok((arrives, reader.owned_bytes()?.into()))
        })?;
        Ok(ScriptedInput {
            time,
            pieces: pieces.into(),
        })
    }

    /// Reads which inode is open, and opens it.
    fn restore_open(&self, reader: &mut Reader<'_>, is_directory: bool) -> Result<Handle> {
        let index = reader.index_below(self.files.len(), "the index of a file system")?;
        let tree = &self.files[index].tree;
        let number = Number::at(reader.index()? as usize);
        let matches = {
            let tree = tree.lock();
            let is_link = tree.is_link(number);
            !is_link && tree.is_directory(number) == is_directory
        };
        let handle = Handle::new(tree, number).ok().filter(|_| matches);
        reader.expect(handle, "an inode of the right kind")
    }

    /// Reads which inode an open file is.
    pub(in crate::wasi) fn restore_file(&self, reader: &mut Reader<'_>) -> Result<Box<dyn File>> {
        Ok(Box::new(MemoryFile(self.restore_open(reader, false)?)))
    }

    /// Reads which inode an open directory is.
    pub(in crate::wasi) fn restore_directory(
        &self,
        reader: &mut Reader<'_>,
    ) -> Result<Box<dyn Directory>> {
        let handle = self.restore_open(reader, true)?;
        Ok(Box::new(MemoryDirectory(Arc::new(handle))))
    }

    /// Returns whether an inode of a file system has no name and is not open.
    pub(in crate::wasi) fn has_unused(&self) -> bool {
        let mut files = self.files.iter();
        files.any(|files| files.tree.lock().has_unused())
    }

    /// Returns the number of bytes that the file systems may contain.
    pub(in crate::wasi) fn capacity(&self) -> u64 {
        let files = self.files.iter();
        let capacities = files.map(|files| files.tree.lock().capacity());
        capacities.fold(0, u64::saturating_add)
    }
}
