//! `fd_readdir`, and the `fd_prestat_*` functions for the directories that the embedder gives.

use super::Answer;
use super::descriptor::Object;
use super::errno::Errno;
use super::memory::GuestMemory;
use super::types::{FileType, Rights};
use crate::wasi::WasiCtx;
use crate::wasi::host::DirectoryEntry;

/// Largest number of entries of a directory that can be read.
const MAX_ENTRIES: usize = 1 << 18;

/// Size of an entry before its name, in bytes.
const HEADER: usize = 24;

/// Writes an entry to `room` bytes at `at`, or as much of it as fits, and returns the number of bytes
/// written.
fn write_entry(
    memory: &mut GuestMemory<'_>,
    mut at: u32,
    mut room: u32,
    next: u64,
    inode: u64,
    file_type: FileType,
    name: &str,
) -> Result<u32, Errno> {
    let mut header = [0; HEADER];
    header[0..8].copy_from_slice(&next.to_le_bytes());
    header[8..16].copy_from_slice(&inode.to_le_bytes());
    header[16..20].copy_from_slice(&(name.len() as u32).to_le_bytes());
    header[20] = file_type as u8;
    let before = room;
    for part in [&header[..], name.as_bytes()] {
        let count = part.len().min(room as usize);
        memory.write(at, &part[..count])?;
        at += count as u32;
        room -= count as u32;
    }
    Ok(before - room)
}

impl WasiCtx {
    pub(super) fn fd_prestat_get(
        &mut self,
        memory: &mut GuestMemory<'_>,
        fd: u32,
        result: u32,
    ) -> Answer {
        let name = self.table.get(fd)?.preopen.as_deref().ok_or(Errno::Badf)?;
        let len = u32::try_from(name.len()).map_err(|_| Errno::Overflow)?;
        // The tag 0 stands for a directory.
        let record = u64::from(len) << 32;
        Ok(memory.write_u64(result, record)?)
    }

    pub(super) fn fd_prestat_dir_name(
        &mut self,
        memory: &mut GuestMemory<'_>,
        fd: u32,
        buffer: u32,
        len: u32,
    ) -> Answer {
        let name = self.table.get(fd)?.preopen.as_deref().ok_or(Errno::Badf)?;
        if (len as usize) < name.len() {
            return Err(Errno::Nametoolong.into());
        }
        memory.check(buffer, len)?;
        Ok(memory.write(buffer, name.as_bytes())?)
    }

    /// The cookie of an entry is its index: `.` and `..` come first, then the listing. The
    /// listing is made anew when a program starts at cookie 0.
    pub(super) fn fd_readdir(
        &mut self,
        memory: &mut GuestMemory<'_>,
        fd: u32,
        buffer: u32,
        len: u32,
        cookie: u64,
        result: u32,
    ) -> Answer {
        let inode = self
            .table
            .get(fd)?
            .directory(Rights::FD_READDIR)?
            .filestat()?
            .inode;
        memory.check(result, 4)?;
        memory.check(buffer, len)?;
        self.table.make_room_for_listing();
        let Object::Directory(open) = &mut self.table.get_mut(fd)?.object else {
            return Err(Errno::Notdir.into());
        };
        if cookie == 0 {
            open.listing = None;
        }
        let listing = match &mut open.listing {
            Some(listing) => listing,
            none => none.insert(open.directory.entries(MAX_ENTRIES)?),
        };
        let mut written = 0;
        // The parent's inode number is not disclosed: `..` has the directory's own.
        let first = [(".", inode), ("..", inode)];
        let first = first
            .into_iter()
            .map(|(name, inode)| (name, inode, FileType::Directory));
        let entries = listing.iter().map(
            |DirectoryEntry {
                 name,
                 inode,
                 file_type,
             }| (name.as_str(), *inode, *file_type),
        );
        let skipped = usize::try_from(cookie).unwrap_or(usize::MAX);
        for (index, (name, inode, file_type)) in first.chain(entries).enumerate().skip(skipped) {
            if written == len {
                break;
            }
            let next = index as u64 + 1;
            let (at, room) = (buffer + written, len - written);
            written += write_entry(memory, at, room, next, inode, file_type, name)?;
        }
        Ok(memory.write_u32(result, written)?)
    }
}
