//! Access to the program's memory. Every access is checked, and no allocation has a size that
//! the program chooses.

use super::errno::Errno;
use crate::api::{MemoryContents, RecordedWrites};
use alloc::borrow::Cow;
use core::ops::Range;
use core::str;

/// Largest number of pieces of a read or write. Most systems have the same limit.
const MAX_PIECES: u32 = 1024;

/// Largest length of a path, in bytes.
pub(crate) const MAX_PATH: u32 = 4096;

/// Number of bytes that are copied at once to or from a memory that other threads access.
const CHUNK: u32 = 8192;

/// The memory of the program during one call.
pub(crate) struct GuestMemory<'a> {
    contents: MemoryContents<'a>,
    /// Recorder of the writes, if the program is recorded.
    writes: Option<RecordedWrites<'a>>,
}

/// An array of pieces (`iovec`s). All were inside the memory when this value was made.
#[derive(Clone, Copy)]
pub(crate) struct Pieces {
    array: u32,
    count: u32,
}

impl<'a> GuestMemory<'a> {
    pub(crate) fn new(
        contents: MemoryContents<'a>,
        writes: Option<RecordedWrites<'a>>,
    ) -> GuestMemory<'a> {
        GuestMemory { contents, writes }
    }

    fn range(&self, pointer: u32, len: u32) -> Result<Range<usize>, Errno> {
        let start = usize::try_from(pointer).map_err(|_| Errno::Fault)?;
        let len = usize::try_from(len).map_err(|_| Errno::Fault)?;
        let end = start.checked_add(len).ok_or(Errno::Fault)?;
        let size = match &self.contents {
            MemoryContents::Borrowed(bytes) => bytes.len(),
            #[cfg(backstitch_threads)]
            MemoryContents::Shared(memory) => memory.data_size(),
        };
        if end > size {
            return Err(Errno::Fault);
        }
        Ok(start..end)
    }

    /// Copies bytes of the memory.
    fn read(&self, pointer: u32, buffer: &mut [u8]) -> Result<(), Errno> {
        let len = u32::try_from(buffer.len()).map_err(|_| Errno::Fault)?;
        let range = self.range(pointer, len)?;
        match &self.contents {
            MemoryContents::Borrowed(bytes) => {
                buffer.copy_from_slice(&bytes[range]);
                Ok(())
            }
            #[cfg(backstitch_threads)]
            MemoryContents::Shared(memory) => {
                let read = memory.read(range.start, buffer);
                read.map_err(|_| Errno::Fault)
            }
        }
    }

    /// Copies bytes to the memory.
    pub(crate) fn write(&mut self, pointer: u32, bytes: &[u8]) -> Result<(), Errno> {
        let len = u32::try_from(bytes.len()).map_err(|_| Errno::Fault)?;
        let range = self.range(pointer, len)?;
        match &mut self.contents {
            MemoryContents::Borrowed(all) => {
                if let Some(writes) = &mut self.writes {
                    writes.wrote(range.start, bytes);
                }
                all[range].copy_from_slice(bytes);
                Ok(())
            }
            #[cfg(backstitch_threads)]
            MemoryContents::Shared(memory) => {
                let written = memory.write(range.start, bytes);
                written.map_err(|_| Errno::Fault)
            }
        }
    }

    /// Lets `produce` write to a range, and returns the number of bytes that it says it has written.
    /// If other threads access the memory, it may be called for parts of the range in turn, until it
    /// writes less than a part.
    #[cfg_attr(
        not(backstitch_threads),
        allow(
            irrefutable_let_patterns,
            reason = "without threads, all memories are borrowed"
        )
    )]
    fn produce<E: From<Errno>>(
        &mut self,
        pointer: u32,
        len: u32,
        mut produce: impl FnMut(&mut [u8]) -> Result<usize, E>,
    ) -> Result<u32, E> {
        let range = self.range(pointer, len)?;
        if let MemoryContents::Borrowed(bytes) = &mut self.contents {
            let Some(writes) = &mut self.writes else {
                return Ok(count(produce(&mut bytes[range])?, len));
            };
            // A producer may use more of the range than it says.
            let start = range.start;
            let before = bytes[range.clone()].to_vec();
            let produced = produce(&mut bytes[range.clone()]);
            let done = match &produced {
                Ok(done) => (*done).min(before.len()),
                Err(_) => 0,
            };
            let (written, rest) = bytes[range].split_at(done);
            writes.wrote(start, written);
            if rest != &before[done..] {
                writes.wrote(start + done, rest);
            }
            return Ok(count(produced?, len));
        }
        self.in_chunks(pointer, len, |memory, at, buffer| {
            let done = produce(buffer)?;
            memory.write(at, &buffer[..done.min(buffer.len())])?;
            Ok(done)
        })
    }

    /// Lets `consume` read a range, and returns the number of bytes that it says it has read, as
    /// [`GuestMemory::produce`] does.
    #[cfg_attr(
        not(backstitch_threads),
        allow(
            irrefutable_let_patterns,
            reason = "without threads, all memories are borrowed"
        )
    )]
    fn consume(
        &mut self,
        pointer: u32,
        len: u32,
        mut consume: impl FnMut(&[u8]) -> Result<usize, Errno>,
    ) -> Result<u32, Errno> {
        let range = self.range(pointer, len)?;
        if let MemoryContents::Borrowed(bytes) = &self.contents {
            return Ok(count(consume(&bytes[range])?, len));
        }
        self.in_chunks(pointer, len, |memory, at, buffer| {
            memory.read(at, buffer)?;
            consume(buffer)
        })
    }

    /// Calls `one` with the addresses of the parts of a range and a buffer of their size, until it
    /// transfers less than a part. An error after the first part ends the transfer.
    fn in_chunks<E>(
        &mut self,
        pointer: u32,
        len: u32,
        mut one: impl FnMut(&mut Self, u32, &mut [u8]) -> Result<usize, E>,
    ) -> Result<u32, E> {
        let mut buffer = [0; CHUNK as usize];
        let mut total = 0;
        loop {
            let part = (len - total).min(CHUNK);
            let done = match one(self, pointer + total, &mut buffer[..part as usize]) {
                Ok(done) => count(done, part),
                Err(error) if total == 0 => return Err(error),
                Err(_) => return Ok(total),
            };
            total += done;
            if done < part || total == len {
                return Ok(total);
            }
        }
    }

    /// Fills a range by `fill`, which writes all bytes that it is given.
    pub(crate) fn fill_range(
        &mut self,
        pointer: u32,
        len: u32,
        mut fill: impl FnMut(&mut [u8]) -> Result<(), Errno>,
    ) -> Result<(), Errno> {
        let done = self.produce(pointer, len, |bytes| fill(bytes).map(|()| bytes.len()))?;
        if done < len { Err(Errno::Io) } else { Ok(()) }
    }

    fn array<const N: usize>(&self, pointer: u32) -> Result<[u8; N], Errno> {
        let mut bytes = [0; N];
        self.read(pointer, &mut bytes)?;
        Ok(bytes)
    }

    pub(crate) fn read_u8(&self, pointer: u32) -> Result<u8, Errno> {
        self.array(pointer).map(u8::from_le_bytes)
    }

    pub(crate) fn read_u16(&self, pointer: u32) -> Result<u16, Errno> {
        self.array(pointer).map(u16::from_le_bytes)
    }

    pub(crate) fn read_u32(&self, pointer: u32) -> Result<u32, Errno> {
        self.array(pointer).map(u32::from_le_bytes)
    }

    pub(crate) fn read_u64(&self, pointer: u32) -> Result<u64, Errno> {
        self.array(pointer).map(u64::from_le_bytes)
    }

    pub(crate) fn write_u32(&mut self, pointer: u32, value: u32) -> Result<(), Errno> {
        self.write(pointer, &value.to_le_bytes())
    }

    pub(crate) fn write_u64(&mut self, pointer: u32, value: u64) -> Result<(), Errno> {
        self.write(pointer, &value.to_le_bytes())
    }

    /// Checks a result's address before the function has any effect.
    pub(crate) fn check(&self, pointer: u32, len: u32) -> Result<(), Errno> {
        self.range(pointer, len).map(drop)
    }

    /// Reads a path: UTF-8, without NUL, not empty, not absolute, of limited length.
    pub(crate) fn path(&self, pointer: u32, len: u32) -> Result<Cow<'_, str>, Errno> {
        let text = self.text(pointer, len)?;
        if text.is_empty() {
            return Err(Errno::Noent);
        }
        // Paths start at the descriptor's directory, and an absolute path would leave it.
        if text.starts_with('/') {
            return Err(Errno::Perm);
        }
        Ok(text)
    }

    /// Reads a text with the rules of a path, except that it may be empty or absolute.
    pub(crate) fn text(&self, pointer: u32, len: u32) -> Result<Cow<'_, str>, Errno> {
        let range = self.range(pointer, len)?;
        if len > MAX_PATH {
            return Err(Errno::Nametoolong);
        }
        let text = match &self.contents {
            MemoryContents::Borrowed(bytes) => str::from_utf8(&bytes[range]).map(Cow::Borrowed),
            #[cfg(backstitch_threads)]
            MemoryContents::Shared(_) => {
                let mut bytes = alloc::vec![0; range.len()];
                self.read(pointer, &mut bytes)?;
                let text = alloc::string::String::from_utf8(bytes);
                text.map(Cow::Owned).map_err(|error| error.utf8_error())
            }
        };
        let text = text.map_err(|_| Errno::Ilseq)?;
        if text.contains('\0') {
            return Err(Errno::Inval);
        }
        Ok(text)
    }

    /// Reads an array of pieces. Checks that each piece is inside the memory and that the sum of
    /// their lengths fits in 32 bits.
    pub(crate) fn pieces(&self, array: u32, count: u32) -> Result<Pieces, Errno> {
        if count > MAX_PIECES {
            return Err(Errno::Inval);
        }
        self.check(array, count * 8)?;
        let pieces = Pieces { array, count };
        let mut total = 0_u32;
        for index in 0..count {
            let (pointer, len) = self.piece(pieces, index)?;
            self.check(pointer, len)?;
            total = total.checked_add(len).ok_or(Errno::Inval)?;
        }
        Ok(pieces)
    }

    fn piece(&self, pieces: Pieces, index: u32) -> Result<(u32, u32), Errno> {
        let at = pieces.array.checked_add(index * 8).ok_or(Errno::Fault)?;
        let len_at = at.checked_add(4).ok_or(Errno::Fault)?;
        Ok((self.read_u32(at)?, self.read_u32(len_at)?))
    }

    /// Fills the first piece that is not empty, by one read. Returns the number of bytes read.
    pub(crate) fn fill_first<E: From<Errno>>(
        &mut self,
        pieces: Pieces,
        read: impl FnOnce(&mut [u8]) -> Result<usize, E>,
    ) -> Result<u32, E> {
        for index in 0..pieces.count {
            let (pointer, len) = self.piece(pieces, index)?;
            if len == 0 {
                continue;
            }
            let mut read = Some(read);
            return self.produce(pointer, len, |buffer| match read.take() {
                Some(read) => read(buffer),
                // A second read could block.
                None => Ok(0),
            });
        }
        Ok(0)
    }

    /// Fills the pieces in turn, until a read returns less than the piece's length. If an error
    /// follows a successful read, returns the bytes read before it.
    ///
    /// A piece may overlap the array of pieces, so each piece is read and checked again when its
    /// turn comes.
    pub(crate) fn fill(
        &mut self,
        pieces: Pieces,
        mut read: impl FnMut(&mut [u8]) -> Result<usize, Errno>,
    ) -> Result<u32, Errno> {
        self.transfer(pieces, |memory, pointer, len| {
            memory.produce(pointer, len, &mut read)
        })
    }

    /// Writes the pieces in turn, until a write takes less than the piece's length. If an error
    /// follows a successful write, returns the bytes written before it.
    pub(crate) fn drain(
        &mut self,
        pieces: Pieces,
        mut write: impl FnMut(&[u8]) -> Result<usize, Errno>,
    ) -> Result<u32, Errno> {
        self.transfer(pieces, |memory, pointer, len| {
            memory.consume(pointer, len, &mut write)
        })
    }

    fn transfer(
        &mut self,
        pieces: Pieces,
        mut one: impl FnMut(&mut Self, u32, u32) -> Result<u32, Errno>,
    ) -> Result<u32, Errno> {
        let mut total = 0_u32;
        for index in 0..pieces.count {
            let (pointer, len) = self.piece(pieces, index)?;
            if len == 0 {
                continue;
            }
            let done = match one(self, pointer, len) {
                Ok(done) => done,
                Err(errno) if total == 0 => return Err(errno),
                Err(_) => break,
            };
            total = total.saturating_add(done);
            if done < len {
                break;
            }
        }
        Ok(total)
    }
}

/// Returns a number of bytes of a transfer of `len` bytes.
fn count(done: usize, len: u32) -> u32 {
    u32::try_from(done).unwrap_or(len).min(len)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_beyond_the_end_is_reached() {
        let mut bytes = [7; 16];
        let mut memory = GuestMemory::new(MemoryContents::Borrowed(&mut bytes), None);
        assert_eq!(memory.read_u32(12), Ok(0x0707_0707));
        assert_eq!(memory.read_u32(13), Err(Errno::Fault));
        assert_eq!(memory.read_u64(u32::MAX), Err(Errno::Fault));
        assert_eq!(memory.write_u32(13, 0), Err(Errno::Fault));
        assert_eq!(memory.check(16, 0), Ok(()));
        assert_eq!(memory.check(17, 0), Err(Errno::Fault));
        assert_eq!(memory.check(1, u32::MAX), Err(Errno::Fault));
    }

    #[test]
    fn pieces_are_checked_before_they_are_used() {
        let mut bytes = [0; 32];
        let mut memory = GuestMemory::new(MemoryContents::Borrowed(&mut bytes), None);
        memory.write_u32(4, 32).unwrap();
        assert!(memory.pieces(0, 1).is_ok());
        memory.write_u32(4, 33).unwrap();
        assert_eq!(memory.pieces(0, 1).err(), Some(Errno::Fault));
        assert_eq!(memory.pieces(0, 1025).err(), Some(Errno::Inval));
        assert_eq!(memory.pieces(32, 1).err(), Some(Errno::Fault));
        assert_eq!(memory.pieces(u32::MAX, 1024).err(), Some(Errno::Fault));
        assert!(memory.pieces(32, 0).is_ok());
    }

    #[test]
    fn a_piece_over_the_array_of_pieces_is_checked_again() {
        let mut bytes = [0; 32];
        let mut memory = GuestMemory::new(MemoryContents::Borrowed(&mut bytes), None);
        // The first piece overlaps the entry of the second.
        memory.write_u32(0, 8).unwrap();
        memory.write_u32(4, 8).unwrap();
        memory.write_u32(8, 16).unwrap();
        memory.write_u32(12, 4).unwrap();
        let pieces = memory.pieces(0, 2).unwrap();
        let read = memory.fill(pieces, |bytes| {
            bytes.fill(0xff);
            Ok(bytes.len())
        });
        assert_eq!(read, Ok(8));
    }

    #[test]
    fn paths_have_rules() {
        let mut bytes = *b"a/b\0/x\xff";
        let memory = GuestMemory::new(MemoryContents::Borrowed(&mut bytes), None);
        assert_eq!(memory.path(0, 3), Ok("a/b".into()));
        assert_eq!(memory.path(0, 4), Err(Errno::Inval));
        assert_eq!(memory.path(0, 0), Err(Errno::Noent));
        assert_eq!(memory.path(4, 2), Err(Errno::Perm));
        assert_eq!(memory.path(6, 1), Err(Errno::Ilseq));
        assert_eq!(memory.path(6, 2), Err(Errno::Fault));
        assert_eq!(memory.text(0, 0), Ok("".into()));
        let mut long = [b'x'; MAX_PATH as usize + 1];
        let memory = GuestMemory::new(MemoryContents::Borrowed(&mut long), None);
        assert!(memory.path(0, MAX_PATH).is_ok());
        assert_eq!(memory.path(0, MAX_PATH + 1), Err(Errno::Nametoolong));
    }
}
