//! The `path_*` functions.
//!
//! A path is relative to a descriptor's directory. This module refuses paths whose text is
//! invalid (empty, absolute, not UTF-8, with a NUL, too long). The host's directory resolves the
//! path and keeps it inside the directory.

use super::Answer;
use super::descriptor::{Descriptor, Object, OpenDirectory, OpenFile};
use super::errno::Errno;
use super::file::fd_flags;
use super::memory::GuestMemory;
use super::types::{FdFlags, LookupFlags, OpenFlags, Rights, SetTime};
use crate::wasi::WasiCtx;
use crate::wasi::host::{OpenOptions, Opened};

/// Rights that require a file to be open for writing.
const WRITING: Rights = Rights::FD_WRITE.union(Rights::WITH_WRITE);

fn follows(flags: u32) -> Result<bool, Errno> {
    let flags = LookupFlags::from_bits(flags).ok_or(Errno::Inval)?;
    Ok(flags.contains(LookupFlags::SYMLINK_FOLLOW))
}

fn open_flags(flags: u32) -> Result<OpenFlags, Errno> {
    u16::try_from(flags)
        .ok()
        .and_then(OpenFlags::from_bits)
        .ok_or(Errno::Inval)
}

/// Converts the rights that a program requests. Bits without a meaning are ignored, because some
/// programs set all of them.
fn rights(bits: u64) -> Rights {
    Rights::from_bits(bits & Rights::ALL.bits()).unwrap_or(Rights::NONE)
}

/// Creates the descriptor of a file or directory that was opened relative to `parent`. It gets
/// those of the requested rights that apply to its type, and the rights that are always added.
fn opened(
    opened: Opened,
    base: Rights,
    inheriting: Rights,
    flags: FdFlags,
    parent: &Descriptor,
) -> Descriptor {
    let (object, kind, comes_with) = match opened {
        Opened::File(file) => {
            let object = Object::File(OpenFile { file, position: 0 });
            (object, Rights::FILE, (Rights::FD_WRITE, Rights::WITH_WRITE))
        }
        Opened::Directory(directory) => {
            let object = Object::Directory(OpenDirectory {
                directory,
                listing: None,
            });
            let comes_with = (Rights::FD_READ, Rights::FD_READDIR);
            (object, Rights::DIRECTORY, comes_with)
        }
    };
    let mut unasked = Rights::ALWAYS;
    if base.contains(comes_with.0) {
        unasked = unasked | comes_with.1;
    }
    Descriptor {
        object,
        base: (base & parent.inheriting | unasked & parent.unasked) & kind,
        inheriting: inheriting & parent.inheriting,
        unasked: parent.unasked,
        flags,
        preopen: None,
    }
}

impl WasiCtx {
    pub(super) fn path_create_directory(
        &mut self,
        memory: &mut GuestMemory<'_>,
        fd: u32,
        path: u32,
        len: u32,
    ) -> Answer {
        let directory = self.table.get(fd)?;
        let directory = directory.directory(Rights::PATH_CREATE_DIRECTORY)?;
        Ok(directory.create_directory(&memory.path(path, len)?)?)
    }

    pub(super) fn path_filestat_get(
        &mut self,
        memory: &mut GuestMemory<'_>,
        fd: u32,
        flags: u32,
        path: u32,
        len: u32,
        result: u32,
    ) -> Answer {
        let directory = self.table.get(fd)?;
        let directory = directory.directory(Rights::PATH_FILESTAT_GET)?;
        let follow = follows(flags)?;
        memory.check(result, 64)?;
        let stat = directory.filestat_at(&memory.path(path, len)?, follow)?;
        Ok(memory.write(result, &stat.to_bytes())?)
    }

    #[allow(clippy::too_many_arguments, reason = "the signature is preview 1's")]
    pub(super) fn path_filestat_set_times(
        &mut self,
        memory: &mut GuestMemory<'_>,
        fd: u32,
        flags: u32,
        path: u32,
        len: u32,
        accessed: u64,
        modified: u64,
        times: u32,
    ) -> Answer {
        let directory = self.table.get(fd)?;
        let directory = directory.directory(Rights::PATH_FILESTAT_SET_TIMES)?;
        let follow = follows(flags)?;
        let (accessed, modified) = SetTime::pair(times, accessed, modified)?;
        let path = &*memory.path(path, len)?;
        Ok(directory.set_times_at(path, follow, accessed, modified)?)
    }

    #[allow(clippy::too_many_arguments, reason = "the signature is preview 1's")]
    pub(super) fn path_link(
        &mut self,
        memory: &mut GuestMemory<'_>,
        fd: u32,
        flags: u32,
        path: u32,
        len: u32,
        to_fd: u32,
        to_path: u32,
        to_len: u32,
    ) -> Answer {
        let from = self.table.get(fd)?;
        let from = from.directory(Rights::PATH_LINK_SOURCE)?;
        let to = self.table.get(to_fd)?;
        let to = to.directory(Rights::PATH_LINK_TARGET)?;
        // To follow the link and to create the name are two steps on every system, and the link
        // could change between them.
        if follows(flags)? {
            return Err(Errno::Inval.into());
        }
        let path = &*memory.path(path, len)?;
        Ok(from.link(path, to, &memory.path(to_path, to_len)?)?)
    }

    #[allow(clippy::too_many_arguments, reason = "the signature is preview 1's")]
    pub(super) fn path_open(
        &mut self,
        memory: &mut GuestMemory<'_>,
        fd: u32,
        lookup: u32,
        path: u32,
        len: u32,
        open: u32,
        base: u64,
        inheriting: u64,
        flags: u32,
        result: u32,
    ) -> Answer {
        let descriptor = self.table.get(fd)?;
        let open = open_flags(open)?;
        let mut needed = Rights::PATH_OPEN;
        if open.contains(OpenFlags::CREATE) {
            needed = needed | Rights::PATH_CREATE_FILE;
        }
        if open.contains(OpenFlags::TRUNCATE) {
            needed = needed | Rights::PATH_FILESTAT_SET_SIZE;
        }
        descriptor.directory(needed)?;
        let inherited = descriptor.inheriting;
        let follow = follows(lookup)?;
        let flags = fd_flags(flags)?;
        memory.check(result, 4)?;
        let path = &*memory.path(path, len)?;

        let base = rights(base);
        let directory = open.contains(OpenFlags::DIRECTORY);
        let makes = OpenFlags::CREATE | OpenFlags::EXCLUSIVE | OpenFlags::TRUNCATE;
        if directory && open.intersects(makes) {
            return Err(Errno::Inval.into());
        }
        // Requested rights that do not apply to this type may be missing; others may not.
        let kind = if directory {
            Rights::DIRECTORY
        } else {
            Rights::FILE
        };
        if !inherited.contains(base & kind) {
            return Err(Errno::Notcapable.into());
        }
        let write = base.intersects(WRITING);
        let options = OpenOptions {
            follow,
            read: base.intersects(Rights::FD_READ | Rights::FD_READDIR) || !write,
            write,
            create: open.contains(OpenFlags::CREATE),
            exclusive: open.contains(OpenFlags::EXCLUSIVE),
            truncate: open.contains(OpenFlags::TRUNCATE),
            directory,
            nonblock: flags.contains(FdFlags::NONBLOCK),
        };
        // Reserve the number first, so that nothing is opened if there is none left.
        let number = self.table.reserve()?;
        let parent = self.table.get(fd)?;
        let object = parent.directory(needed)?.open(path, options)?;
        let descriptor = opened(object, base, rights(inheriting), flags, parent);
        self.table.put(number, descriptor);
        Ok(memory.write_u32(result, number)?)
    }

    #[allow(clippy::too_many_arguments, reason = "the signature is preview 1's")]
    pub(super) fn path_readlink(
        &mut self,
        memory: &mut GuestMemory<'_>,
        fd: u32,
        path: u32,
        len: u32,
        buffer: u32,
        buffer_len: u32,
        result: u32,
    ) -> Answer {
        let directory = self.table.get(fd)?;
        let directory = directory.directory(Rights::PATH_READLINK)?;
        memory.check(result, 4)?;
        memory.check(buffer, buffer_len)?;
        let text = directory.read_link(&memory.path(path, len)?)?;
        let count = text.len().min(buffer_len as usize);
        memory.write(buffer, &text.as_bytes()[..count])?;
        Ok(memory.write_u32(result, count as u32)?)
    }

    pub(super) fn path_remove_directory(
        &mut self,
        memory: &mut GuestMemory<'_>,
        fd: u32,
        path: u32,
        len: u32,
    ) -> Answer {
        let directory = self.table.get(fd)?;
        let directory = directory.directory(Rights::PATH_REMOVE_DIRECTORY)?;
        Ok(directory.remove_directory(&memory.path(path, len)?)?)
    }

    #[allow(clippy::too_many_arguments, reason = "the signature is preview 1's")]
    pub(super) fn path_rename(
        &mut self,
        memory: &mut GuestMemory<'_>,
        fd: u32,
        path: u32,
        len: u32,
        to_fd: u32,
        to_path: u32,
        to_len: u32,
    ) -> Answer {
        let from = self.table.get(fd)?;
        let from = from.directory(Rights::PATH_RENAME_SOURCE)?;
        let to = self.table.get(to_fd)?;
        let to = to.directory(Rights::PATH_RENAME_TARGET)?;
        let path = &*memory.path(path, len)?;
        Ok(from.rename(path, to, &memory.path(to_path, to_len)?)?)
    }

    pub(super) fn path_symlink(
        &mut self,
        memory: &mut GuestMemory<'_>,
        text: u32,
        text_len: u32,
        fd: u32,
        path: u32,
        len: u32,
    ) -> Answer {
        let directory = self.table.get(fd)?;
        let directory = directory.directory(Rights::PATH_SYMLINK)?;
        // The target of a link has the same rules as a path: an absolute target would lead
        // outside.
        let text = &*memory.path(text, text_len)?;
        Ok(directory.symlink(text, &memory.path(path, len)?)?)
    }

    pub(super) fn path_unlink_file(
        &mut self,
        memory: &mut GuestMemory<'_>,
        fd: u32,
        path: u32,
        len: u32,
    ) -> Answer {
        let directory = self.table.get(fd)?;
        let directory = directory.directory(Rights::PATH_UNLINK_FILE)?;
        Ok(directory.unlink_file(&memory.path(path, len)?)?)
    }
}
