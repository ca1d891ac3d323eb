//! Access to the program's memory. Every access is checked, and no allocation has a size that
//! the program chooses.

use super::errno::Errno;
use core::ops::Range;
use core::str;

/// Largest number of pieces of a read or write. Most systems have the same limit.
const MAX_PIECES: u32 = 1024;

/// Largest length of a path, in bytes.
pub(crate) const MAX_PATH: u32 = 4096;

/// The memory of the program during one call.
pub(crate) struct GuestMemory<'a> {
    bytes: &'a mut [u8],
}

/// An array of pieces (`iovec`s). All were inside the memory when this value was made.
#[derive(Clone, Copy)]
pub(crate) struct Pieces {
    array: u32,
    count: u32,
}

impl<'a> GuestMemory<'a> {
    pub(crate) fn new(bytes: &'a mut [u8]) -> GuestMemory<'a> {
        GuestMemory { bytes }
    }

    fn range(&self, pointer: u32, len: u32) -> Result<Range<usize>, Errno> {
        let start = usize::try_from(pointer).map_err(|_| Errno::Fault)?;
        let len = usize::try_from(len).map_err(|_| Errno::Fault)?;
        let end = start.checked_add(len).ok_or(Errno::Fault)?;
        if end > self.bytes.len() {
            return Err(Errno::Fault);
        }
        Ok(start..end)
    }

    pub(crate) fn slice(&self, pointer: u32, len: u32) -> Result<&[u8], Errno> {
        let range = self.range(pointer, len)?;
        Ok(&self.bytes[range])
    }

    pub(crate) fn slice_mut(&mut self, pointer: u32, len: u32) -> Result<&mut [u8], Errno> {
        let range = self.range(pointer, len)?;
        Ok(&mut self.bytes[range])
    }

    fn array<const N: usize>(&self, pointer: u32) -> Result<[u8; N], Errno> {
        let slice = self.slice(pointer, N as u32)?;
        slice.try_into().map_err(|_| Errno::Fault)
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

    pub(crate) fn write(&mut self, pointer: u32, bytes: &[u8]) -> Result<(), Errno> {
        let len = u32::try_from(bytes.len()).map_err(|_| Errno::Fault)?;
        self.slice_mut(pointer, len)?.copy_from_slice(bytes);
        Ok(())
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
    pub(crate) fn path(&self, pointer: u32, len: u32) -> Result<&str, Errno> {
        let bytes = self.text(pointer, len)?;
        if bytes.is_empty() {
            return Err(Errno::Noent);
        }
        // Paths start at the descriptor's directory, and an absolute path would leave it.
        if bytes.starts_with('/') {
            return Err(Errno::Perm);
        }
        Ok(bytes)
    }

    /// Reads a text with the rules of a path, except that it may be empty or absolute.
    pub(crate) fn text(&self, pointer: u32, len: u32) -> Result<&str, Errno> {
        let bytes = self.slice(pointer, len)?;
        if len > MAX_PATH {
            return Err(Errno::Nametoolong);
        }
        let text = str::from_utf8(bytes).map_err(|_| Errno::Ilseq)?;
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

    /// Returns the first piece that is not empty, or an empty slice.
    pub(crate) fn first_piece(&mut self, pieces: Pieces) -> Result<&mut [u8], Errno> {
        for index in 0..pieces.count {
            let (pointer, len) = self.piece(pieces, index)?;
            if len > 0 {
                return self.slice_mut(pointer, len);
            }
        }
        Ok(&mut [])
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
            read(memory.slice_mut(pointer, len)?)
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
            write(memory.slice(pointer, len)?)
        })
    }

    fn transfer(
        &mut self,
        pieces: Pieces,
        mut one: impl FnMut(&mut Self, u32, u32) -> Result<usize, Errno>,
    ) -> Result<u32, Errno> {
        let mut total = 0_u32;
        for index in 0..pieces.count {
            let (pointer, len) = self.piece(pieces, index)?;
            if len == 0 {
                continue;
            }
            let done = match one(self, pointer, len) {
                Ok(done) => u32::try_from(done).unwrap_or(len).min(len),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_beyond_the_end_is_reached() {
        let mut bytes = [7; 16];
        let mut memory = GuestMemory::new(&mut bytes);
        assert_eq!(memory.read_u32(12), Ok(0x0707_0707));
        assert_eq!(memory.read_u32(13), Err(Errno::Fault));
        assert_eq!(memory.read_u64(u32::MAX), Err(Errno::Fault));
        assert_eq!(memory.write_u32(13, 0), Err(Errno::Fault));
        assert_eq!(memory.slice(16, 0), Ok(&[][..]));
        assert_eq!(memory.slice(17, 0), Err(Errno::Fault));
        assert_eq!(memory.slice(1, u32::MAX), Err(Errno::Fault));
    }

    #[test]
    fn pieces_are_checked_before_they_are_used() {
        let mut bytes = [0; 32];
        let mut memory = GuestMemory::new(&mut bytes);
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
        let mut memory = GuestMemory::new(&mut bytes);
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
        let memory = GuestMemory::new(&mut bytes);
        assert_eq!(memory.path(0, 3), Ok("a/b"));
        assert_eq!(memory.path(0, 4), Err(Errno::Inval));
        assert_eq!(memory.path(0, 0), Err(Errno::Noent));
        assert_eq!(memory.path(4, 2), Err(Errno::Perm));
        assert_eq!(memory.path(6, 1), Err(Errno::Ilseq));
        assert_eq!(memory.path(6, 2), Err(Errno::Fault));
        assert_eq!(memory.text(0, 0), Ok(""));
        let mut long = [b'x'; MAX_PATH as usize + 1];
        let memory = GuestMemory::new(&mut long);
        assert!(memory.path(0, MAX_PATH).is_ok());
        assert_eq!(memory.path(0, MAX_PATH + 1), Err(Errno::Nametoolong));
    }
}
