//! The `fd_*` functions for files, for streams, and for descriptors of any kind.

use super::descriptor::{Descriptor, Object, OpenFile, Source};
use super::errno::Errno;
use super::memory::{GuestMemory, Pieces};
use super::poll::Patience;
use super::types::{FdFlags, Rights, SetTime};
use super::{Answer, Refusal, Wait};
use crate::wasi::WasiCtx;
use crate::wasi::host::{Host, OutputStream, Readiness};

/// Largest file offset: offsets are signed in the systems' interfaces.
const MAX_OFFSET: u64 = i64::MAX as u64;

/// Largest valid advice.
const MAX_ADVICE: u32 = 5;

/// Options for reading a stream that may have no input yet.
struct Reading {
    nonblock: bool,
    suspend: bool,
    patience: Option<Patience>,
}

impl Reading {
    /// Reads once, after waiting if necessary.
    fn read(
        &mut self,
        stream: &mut Source<'_>,
        buffer: &mut [u8],
        host: &mut dyn Host,
    ) -> Result<usize, Refusal> {
        // A read of this stream may block, so its state must be checked first.
        let asks = self.nonblock || self.suspend || self.patience.is_some();
        loop {
            if !asks || stream.ready()? != Readiness::Pending {
                match stream.read(buffer) {
                    Err(Errno::Again) => {}
                    read => return Ok(read?),
                }
            }
            if self.nonblock {
                return Err(Errno::Again.into());
            }
            if self.suspend {
                return Err(Refusal::Blocked(Wait {
                    nanoseconds: None,
                    input: true,
                }));
            }
            let left = match &mut self.patience {
                Some(patience) => Some(patience.left(host)?),
                None => None,
            };
            stream.wait(left)?;
        }
    }
}

fn write_stream(
    stream: &mut dyn OutputStream,
    memory: &mut GuestMemory<'_>,
    pieces: Pieces,
) -> Result<u32, Errno> {
    let written = memory.drain(pieces, |bytes| stream.write(bytes))?;
    stream.flush()?;
    Ok(written)
}

/// Writes at an offset and returns the number of bytes. The bytes count against `quota`.
fn write_file(
    open: &OpenFile,
    flags: FdFlags,
    quota: &mut u64,
    memory: &mut GuestMemory<'_>,
    pieces: Pieces,
    offset: u64,
) -> Result<u32, Errno> {
    let mut at = offset;
    let written = memory.drain(pieces, |bytes| {
        if at >= MAX_OFFSET {
            return Err(Errno::Fbig);
        }
        let room = usize::try_from((*quota).min(MAX_OFFSET - at)).unwrap_or(usize::MAX);
        if room == 0 {
            return Err(Errno::Dquot);
        }
        let count = open.file.write_at(&bytes[..bytes.len().min(room)], at)?;
        *quota = quota.saturating_sub(count as u64);
        at = at.saturating_add(count as u64);
        Ok(count)
    })?;
    if flags.intersects(FdFlags::SYNCHRONISED) {
        open.file.sync(!flags.contains(FdFlags::SYNC))?;
    }
    Ok(written)
}

/// Sets the size of a file. Growth counts against `quota`.
fn resize(open: &OpenFile, quota: &mut u64, size: u64) -> Result<(), Errno> {
    if size > MAX_OFFSET {
        return Err(Errno::Fbig);
    }
    let growth = size.saturating_sub(open.file.filestat()?.size);
    let left = quota.checked_sub(growth).ok_or(Errno::Dquot)?;
    open.file.set_size(size)?;
    *quota = left;
    Ok(())
}

impl WasiCtx {
    pub(super) fn fd_advise(
        &mut self,
        _: &mut GuestMemory<'_>,
        fd: u32,
        _offset: u64,
        _len: u64,
        advice: u32,
    ) -> Answer {
        self.table.get_mut(fd)?.file(Rights::FD_ADVISE)?;
        if advice > MAX_ADVICE {
            return Err(Errno::Inval.into());
        }
        // A host may ignore the advice.
        Ok(())
    }

    pub(super) fn fd_allocate(
        &mut self,
        _: &mut GuestMemory<'_>,
        fd: u32,
        offset: u64,
        len: u64,
    ) -> Answer {
        let open = self.table.get_mut(fd)?.file(Rights::FD_ALLOCATE)?;
        if len == 0 {
            return Err(Errno::Inval.into());
        }
        let end = offset.checked_add(len).ok_or(Errno::Fbig)?;
        if end > open.file.filestat()?.size {
            resize(open, &mut self.quota, end)?;
        }
        Ok(())
    }

    pub(super) fn fd_close(&mut self, _: &mut GuestMemory<'_>, fd: u32) -> Answer {
        Ok(self.table.close(fd)?)
    }

    pub(super) fn fd_datasync(&mut self, _: &mut GuestMemory<'_>, fd: u32) -> Answer {
        Ok(self.synchronise(fd, Rights::FD_DATASYNC, true)?)
    }

    pub(super) fn fd_sync(&mut self, _: &mut GuestMemory<'_>, fd: u32) -> Answer {
        Ok(self.synchronise(fd, Rights::FD_SYNC, false)?)
    }

    fn synchronise(&mut self, fd: u32, right: Rights, data_only: bool) -> Result<(), Errno> {
        let descriptor = self.table.get_mut(fd)?;
        descriptor.require(right)?;
        match &mut descriptor.object {
            Object::Input(_) => Err(Errno::Inval),
            Object::Output(stream) => stream.flush(),
            Object::File(open) => open.file.sync(data_only),
            Object::Directory(open) => open.directory.sync(data_only),
        }
    }

    pub(super) fn fd_fdstat_get(
        &mut self,
        memory: &mut GuestMemory<'_>,
        fd: u32,
        result: u32,
    ) -> Answer {
        let descriptor = self.table.get(fd)?;
        let mut bytes = [0; 24];
        bytes[0] = descriptor.file_type() as u8;
        bytes[2..4].copy_from_slice(&descriptor.flags.bits().to_le_bytes());
        bytes[8..16].copy_from_slice(&descriptor.base.bits().to_le_bytes());
        bytes[16..24].copy_from_slice(&descriptor.inheriting.bits().to_le_bytes());
        Ok(memory.write(result, &bytes)?)
    }

    pub(super) fn fd_fdstat_set_flags(
        &mut self,
        _: &mut GuestMemory<'_>,
        fd: u32,
        flags: u32,
    ) -> Answer {
        let descriptor = self.table.get_mut(fd)?;
        if let Object::Directory(_) = descriptor.object {
            return Err(Errno::Badf.into());
        }
        descriptor.require(Rights::FD_FDSTAT_SET_FLAGS)?;
        let flags = fd_flags(flags)?;
        if flags & FdFlags::SYNCHRONISED != descriptor.flags & FdFlags::SYNCHRONISED {
            return Err(Errno::Inval.into());
        }
        if let Object::File(open) = &descriptor.object
            && !open.can_seek()
        {
            open.file.set_nonblock(flags.contains(FdFlags::NONBLOCK))?;
        }
        descriptor.flags = flags;
        Ok(())
    }

    pub(super) fn fd_fdstat_set_rights(
        &mut self,
        _: &mut GuestMemory<'_>,
        fd: u32,
        base: u64,
        inheriting: u64,
    ) -> Answer {
        let descriptor = self.table.get_mut(fd)?;
        let base = Rights::from_bits(base).ok_or(Errno::Notcapable)?;
        let inheriting = Rights::from_bits(inheriting).ok_or(Errno::Notcapable)?;
        Ok(descriptor.limit(base, inheriting)?)
    }

    pub(super) fn fd_filestat_get(
        &mut self,
        memory: &mut GuestMemory<'_>,
        fd: u32,
        result: u32,
    ) -> Answer {
        let descriptor = self.table.get(fd)?;
        descriptor.require(Rights::FD_FILESTAT_GET)?;
        memory.check(result, 64)?;
        let stat = descriptor.filestat()?;
        Ok(memory.write(result, &stat.to_bytes())?)
    }

    pub(super) fn fd_filestat_set_size(
        &mut self,
        _: &mut GuestMemory<'_>,
        fd: u32,
        size: u64,
    ) -> Answer {
        let right = Rights::FD_FILESTAT_SET_SIZE;
        let open = self.table.get_mut(fd)?.file_or(Errno::Inval, right)?;
        Ok(resize(open, &mut self.quota, size)?)
    }

    pub(super) fn fd_filestat_set_times(
        &mut self,
        _: &mut GuestMemory<'_>,
        fd: u32,
        accessed: u64,
        modified: u64,
        flags: u32,
    ) -> Answer {
        let descriptor = self.table.get(fd)?;
        descriptor.require(Rights::FD_FILESTAT_SET_TIMES)?;
        let (accessed, modified) = SetTime::pair(flags, accessed, modified)?;
        Ok(match &descriptor.object {
            Object::File(open) => open.file.set_times(accessed, modified),
            Object::Directory(open) => open.directory.set_times(accessed, modified),
            _ => Err(Errno::Inval),
        }?)
    }

    pub(super) fn fd_pread(
        &mut self,
        memory: &mut GuestMemory<'_>,
        fd: u32,
        array: u32,
        count: u32,
        offset: u64,
        result: u32,
    ) -> Answer {
        let rights = Rights::FD_READ | Rights::FD_SEEK;
        let open = self.table.get_mut(fd)?.file(rights)?;
        memory.check(result, 4)?;
        let pieces = memory.pieces(array, count)?;
        if offset > MAX_OFFSET {
            return Err(Errno::Inval.into());
        }
        let mut at = offset;
        let read = memory.fill(pieces, |buffer| {
            let count = open.file.read_at(buffer, at)?;
            at = at.saturating_add(count as u64);
            Ok(count)
        })?;
        Ok(memory.write_u32(result, read)?)
    }

    pub(super) fn fd_pwrite(
        &mut self,
        memory: &mut GuestMemory<'_>,
        fd: u32,
        array: u32,
        count: u32,
        offset: u64,
        result: u32,
    ) -> Answer {
        let descriptor = self.table.get_mut(fd)?;
        let flags = descriptor.flags;
        let open = descriptor.file(Rights::FD_WRITE | Rights::FD_SEEK)?;
        memory.check(result, 4)?;
        let pieces = memory.pieces(array, count)?;
        if offset > MAX_OFFSET {
            return Err(Errno::Inval.into());
        }
        let written = write_file(open, flags, &mut self.quota, memory, pieces, offset)?;
        Ok(memory.write_u32(result, written)?)
    }

    pub(super) fn fd_read(
        &mut self,
        memory: &mut GuestMemory<'_>,
        fd: u32,
        array: u32,
        count: u32,
        result: u32,
    ) -> Answer {
        let patience = self.patience();
        let descriptor = self.table.get_mut(fd)?;
        descriptor.require(Rights::FD_READ)?;
        memory.check(result, 4)?;
        let pieces = memory.pieces(array, count)?;
        let read = if let Some(mut stream) = descriptor.object.source() {
            // After the first piece, a read for the next one could block.
            let mut reading = Reading {
                nonblock: descriptor.flags.contains(FdFlags::NONBLOCK),
                suspend: self.suspend_when_blocked,
                patience,
            };
            memory.fill_first(pieces, |buffer| {
                reading.read(&mut stream, buffer, &mut *self.host)
            })?
        } else if let Object::File(open) = &mut descriptor.object {
            memory.fill(pieces, |buffer| {
                let count = open.file.read_at(buffer, open.position)?;
                open.position = open.position.saturating_add(count as u64);
                Ok(count)
            })?
        } else {
            return Err(Errno::Badf.into());
        };
        Ok(memory.write_u32(result, read)?)
    }

    pub(super) fn fd_write(
        &mut self,
        memory: &mut GuestMemory<'_>,
        fd: u32,
        array: u32,
        count: u32,
        result: u32,
    ) -> Answer {
        let descriptor = self.table.get_mut(fd)?;
        descriptor.require(Rights::FD_WRITE)?;
        memory.check(result, 4)?;
        let pieces = memory.pieces(array, count)?;
        let flags = descriptor.flags;
        let written = match &mut descriptor.object {
            Object::Directory(_) | Object::Input(_) => return Err(Errno::Badf.into()),
            Object::Output(stream) => write_stream(&mut **stream, memory, pieces)?,
            Object::File(open) if !open.can_seek() => {
                memory.drain(pieces, |bytes| open.file.write_at(bytes, 0))?
            }
            Object::File(open) => {
                if flags.contains(FdFlags::APPEND) {
                    open.position = open.file.filestat()?.size;
                }
                let at = open.position;
                let written = write_file(open, flags, &mut self.quota, memory, pieces, at)?;
                open.position = at.saturating_add(written.into());
                written
            }
        };
        Ok(memory.write_u32(result, written)?)
    }

    pub(super) fn fd_renumber(&mut self, _: &mut GuestMemory<'_>, from: u32, to: u32) -> Answer {
        Ok(self.table.renumber(from, to)?)
    }

    pub(super) fn fd_seek(
        &mut self,
        memory: &mut GuestMemory<'_>,
        fd: u32,
        delta: i64,
        whence: u32,
        result: u32,
    ) -> Answer {
        // To query the position requires a weaker right than to change it.
        let right = match (delta, whence) {
            (0, 1) => Rights::FD_TELL,
            _ => Rights::FD_SEEK,
        };
        let descriptor = self.table.get_mut(fd)?;
        let right = if descriptor.base.contains(Rights::FD_SEEK) {
            Rights::FD_SEEK
        } else {
            right
        };
        let open = descriptor.file(right)?;
        memory.check(result, 8)?;
        let origin = match whence {
            0 => 0,
            1 => open.position,
            2 => open.file.filestat()?.size,
            _ => return Err(Errno::Inval.into()),
        };
        let position = origin
            .checked_add_signed(delta)
            .filter(|&position| position <= MAX_OFFSET)
            .ok_or(Errno::Inval)?;
        open.position = position;
        Ok(memory.write_u64(result, position)?)
    }

    pub(super) fn fd_tell(&mut self, memory: &mut GuestMemory<'_>, fd: u32, result: u32) -> Answer {
        let descriptor = self.table.get_mut(fd)?;
        let right = if descriptor.base.contains(Rights::FD_SEEK) {
            Rights::FD_SEEK
        } else {
            Rights::FD_TELL
        };
        let position = descriptor.file(right)?.position;
        Ok(memory.write_u64(result, position)?)
    }
}

/// Converts a program's descriptor flags.
pub(super) fn fd_flags(flags: u32) -> Result<FdFlags, Errno> {
    u16::try_from(flags)
        .ok()
        .and_then(FdFlags::from_bits)
        .ok_or(Errno::Inval)
}

impl Descriptor {
    /// Returns whether a read would block, for `poll_oneoff`.
    pub(super) fn readiness(&mut self) -> Result<Readiness, Errno> {
        self.require(Rights::POLL_FD_READWRITE)?;
        if let Some(mut stream) = self.object.source() {
            return stream.ready();
        }
        match &self.object {
            Object::File(open) => Ok(Readiness::Ready {
                bytes: open.file.filestat()?.size.saturating_sub(open.position),
                hangup: false,
            }),
            _ => Err(Errno::Badf),
        }
    }

    /// Checks that the descriptor can be written to. Writing never blocks.
    pub(super) fn writable(&self) -> Result<(), Errno> {
        match &self.object {
            Object::Output(_) | Object::File(_) => self.require(Rights::POLL_FD_READWRITE),
            Object::Input(_) | Object::Directory(_) => Err(Errno::Badf),
        }
    }
}
