//! File systems in memory as bytes.
//!
//! ```text
//! tree     := room: number, free: vec(index), vec(option(inode))
//! inode    := contents, denied: option(error number), accessed, modified, changed: number
//! contents := 0x00 bytes | 0x01 vec(name: string, index) | 0x02 target: string
//! ```
//!
//! The numbers of names and the parents of directories follow from the entries. The order of the
//! free indices is kept, because programs see the numbers of inodes.

use super::{Contents, Inode, Number, OVERHEAD, Tree};
use crate::support::encoding::{self, Reader};
use crate::support::error::Result;
use crate::support::write::Write;
use crate::wasi::Errno;
use crate::wasi::deterministic::VirtualTime;
use crate::wasi::deterministic::resolve::MAX_NAME;
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

impl Number {
    /// Returns the index in the array of inodes.
    pub(in crate::wasi::deterministic) fn index(self) -> usize {
        self.0
    }

    /// Returns the number of the inode at an index, which need not exist.
    pub(in crate::wasi::deterministic) fn at(index: usize) -> Number {
        Number(index)
    }
}

impl Tree {
    /// Returns the time of the file system.
    pub(in crate::wasi::deterministic) fn time(&self) -> &VirtualTime {
        &self.time
    }

    /// Returns whether an inode is a symbolic link.
    pub(in crate::wasi::deterministic) fn is_link(&self, number: Number) -> bool {
        matches!(self.contents(number), Ok(Contents::Link(_)))
    }

    /// Writes the file system. `open` contains the inodes that stay open, sorted; others without a
    /// name are left out.
    pub(in crate::wasi::deterministic) fn save(
        &self,
        out: &mut dyn Write,
        open: &[usize],
    ) -> Result<()> {
        let is_kept =
            |index: usize, inode: &Inode| inode.names > 0 || open.binary_search(&index).is_ok();
        let inodes = self.inodes.iter().enumerate();
        let left_out: Vec<(usize, &Inode)> = inodes
            .filter_map(|(index, inode)| Some((index, inode.as_ref()?)))
            .filter(|&(index, inode)| !is_kept(index, inode))
            .collect();
        let freed = |room: u64, &(_, inode): &(usize, &Inode)| room.saturating_add(inode.takes());
        encoding::number(out, left_out.iter().fold(self.room, freed))?;
        encoding::size(out, self.free.len() + left_out.len())?;
        let left_out = left_out.iter().map(|&(index, _)| index);
        for index in self.free.iter().copied().chain(left_out) {
            encoding::size(out, index)?;
        }
        let inodes = self.inodes.iter().enumerate();
        encoding::list(out, inodes, |out, (index, inode)| {
            let kept = inode.as_ref().filter(|inode| is_kept(index, inode));
            encoding::option(out, kept, |out, inode| inode.save(out))
        })
    }

    /// Reads a file system, none of whose inodes is open. [`Tree::has_unused`] must be called when
    /// those are opened that are.
    pub(in crate::wasi::deterministic) fn restore(
        reader: &mut Reader<'_>,
        time: VirtualTime,
    ) -> Result<Tree> {
        let room = reader.number()?;
        let free = reader.list(Reader::index)?;
        let inodes = reader.list(|reader| reader.option(Inode::restore))?;
        let mut tree = Tree {
            inodes,
            free: Vec::new(),
            room,
            time,
        };
        let linked = tree.link(&free);
        reader.expect(linked, "a tree of directories")?;
        Ok(tree)
    }

    /// Counts names, sets the parents of directories, and sets the free indices. Returns `None` if
    /// the inodes are not a tree of directories, or if the indices are not those that are free.
    fn link(&mut self, free: &[u32]) -> Option<()> {
        // The root counts as having one name, so no entry may refer to it.
        self.inodes.first_mut()?.as_mut()?.names = 1;
        let mut pending = alloc::vec![Tree::ROOT];
        while let Some(directory) = pending.pop() {
            let children: Vec<Number> = match &self.inode(directory).ok()?.contents {
                Contents::Directory(entries) => entries.values().copied().collect(),
                _ => return None,
            };
            for number in children {
                let inode = self.inode_mut(number).ok()?;
                inode.names += 1;
                if let Contents::Directory(_) = inode.contents {
                    if inode.names > 1 {
                        return None;
                    }
                    inode.parent = Some(directory);
                    pending.push(number);
                }
            }
        }
        // Directories without a name are empty.
        let is_linked = |inode: &Inode| match &inode.contents {
            Contents::Directory(entries) => inode.names > 0 || entries.is_empty(),
            _ => true,
        };
        if !self.inodes.iter().flatten().all(is_linked) {
            return None;
        }
        let mut is_free: Vec<bool> = self.inodes.iter().map(Option::is_none).collect();
        for &index in free {
            let index = index as usize;
            if !core::mem::replace(is_free.get_mut(index)?, false) {
                return None;
            }
            self.free.push(index);
        }
        (!is_free.contains(&true)).then_some(())
    }

    /// Returns whether an inode has no name and is not open.
    pub(in crate::wasi::deterministic) fn has_unused(&self) -> bool {
        let is_unused = |inode: &Inode| inode.names == 0 && inode.open == 0;
        self.inodes.iter().flatten().any(is_unused)
    }

    /// Returns the number of bytes that the file system may contain.
    pub(in crate::wasi::deterministic) fn capacity(&self) -> u64 {
        let names = |inode: &Inode| match &inode.contents {
            Contents::Directory(entries) => entries
                .keys()
                .map(|name| OVERHEAD + name.len() as u64)
                .sum(),
            _ => 0,
        };
        let inodes = self.inodes.iter().flatten();
        let capacity = inodes.fold(self.room, |sum, inode| {
            sum.saturating_add(inode.takes() + names(inode))
        });
        // The root takes nothing.
        capacity.saturating_sub(OVERHEAD)
    }
}

impl Inode {
    /// Returns the capacity that the inode takes.
    fn takes(&self) -> u64 {
        OVERHEAD + self.contents.size()
    }

    fn save(&self, out: &mut dyn Write) -> Result<()> {
        match &self.contents {
            Contents::File(bytes) => {
                encoding::byte(out, 0)?;
                encoding::bytes(out, bytes)?;
            }
            Contents::Directory(entries) => {
                encoding::byte(out, 1)?;
                encoding::list(out, entries.iter(), |out, (name, number)| {
                    encoding::string(out, name)?;
                    encoding::size(out, number.0)
                })?;
            }
            Contents::Link(text) => {
                encoding::byte(out, 2)?;
                encoding::string(out, text)?;
            }
        }
        encoding::option(out, self.denied, |out, errno| {
            encoding::number(out, errno.number().into())
        })?;
        for time in [self.accessed, self.modified, self.changed] {
            encoding::number(out, time)?;
        }
        Ok(())
    }

    fn restore(reader: &mut Reader<'_>) -> Result<Inode> {
        let contents = match reader.byte()? {
            0 => Contents::File(reader.owned_bytes()?),
            1 => Contents::Directory(entries(reader)?),
            2 => Contents::Link(reader.string()?.into()),
            _ => return Err(reader.malformed("the kind of an inode")),
        };
        Ok(Inode {
            contents,
            denied: reader.option(errno)?,
            parent: None,
            names: 0,
            open: 0,
            accessed: reader.number()?,
            modified: reader.number()?,
            changed: reader.number()?,
        })
    }
}

/// Reads the entries of a directory, which are sorted by name.
fn entries(reader: &mut Reader<'_>) -> Result<BTreeMap<Box<str>, Number>> {
    let mut entries = BTreeMap::<Box<str>, Number>::new();
    reader.list(|reader| {
        let name = reader.string()?;
        let is_name = !["", ".", ".."].contains(&name)
            && !name.contains('/')
            && name.len() <= MAX_NAME
            && entries
                .last_key_value()
                .is_none_or(|(last, _)| **last < *name);
        reader.expect(is_name.then_some(()), "the next name of a directory")?;
        let number = Number(reader.index()? as usize);
        entries.insert(name.into(), number);
        Ok(())
    })?;
    Ok(entries)
}

fn errno(reader: &mut Reader<'_>) -> Result<Errno> {
    let number = reader.number()?;
    let mut all = Errno::ALL.iter().copied();
    let found = all.find(|errno| u64::from(errno.number()) == number);
    reader.expect(found, "the number of an error")
}
