//! Numbers, strings and lists as bytes that do not depend on the target, for state that is saved.
//!
//! A number is unsigned LEB128 of up to 64 bits, in its shortest form. A list is its length and its
//! items, an option a flag and its item. What is read may be any bytes: memory is allocated in
//! proportion to their number.

use super::error::{Error, Result};
use super::write::Write;
#[cfg(feature = "wasi-core")]
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

/// Writes a byte.
pub fn byte(out: &mut dyn Write, byte: u8) -> Result<()> {
    out.write_all(&[byte])
}

/// Writes a flag, as the byte 0 or 1.
pub fn flag(out: &mut dyn Write, flag: bool) -> Result<()> {
    byte(out, u8::from(flag))
}

/// Writes a number.
pub fn number(out: &mut dyn Write, mut value: u64) -> Result<()> {
    let mut bytes = [0; 10];
    let mut len = 0;
    loop {
        let more = value > 0x7f;
        bytes[len] = value as u8 & 0x7f | u8::from(more) << 7;
        len += 1;
        value >>= 7;
        if !more {
            return out.write_all(&bytes[..len]);
        }
    }
}

/// Writes a signed number: 0, -1, 1, -2 and so on are written as 0, 1, 2, 3.
pub fn signed(out: &mut dyn Write, value: i64) -> Result<()> {
    number(out, (value << 1 ^ value >> 63).cast_unsigned())
}

/// Writes a length or an index.
pub fn size(out: &mut dyn Write, size: usize) -> Result<()> {
    number(out, size as u64)
}

/// Writes bytes, preceded by their number.
pub fn bytes(out: &mut dyn Write, bytes: &[u8]) -> Result<()> {
    size(out, bytes.len())?;
    out.write_all(bytes)
}

/// Writes a string, preceded by its number of bytes.
pub fn string(out: &mut dyn Write, string: &str) -> Result<()> {
    bytes(out, string.as_bytes())
}

/// Writes a time, as seconds and nanoseconds.
pub fn time(out: &mut dyn Write, time: Duration) -> Result<()> {
    number(out, time.as_secs())?;
    number(out, time.subsec_nanos().into())
}

/// Writes an option, whose item `write` writes.
pub fn option<T>(
    out: &mut dyn Write,
    item: Option<T>,
    write: impl FnOnce(&mut dyn Write, T) -> Result<()>,
) -> Result<()> {
    flag(out, item.is_some())?;
    item.map_or(Ok(()), |item| write(out, item))
}

/// Writes a list, whose items `write` writes.
pub fn list<T>(
    out: &mut dyn Write,
    items: impl ExactSizeIterator<Item = T>,
    mut write: impl FnMut(&mut dyn Write, T) -> Result<()>,
) -> Result<()> {
    size(out, items.len())?;
    for item in items {
        write(out, item)?;
    }
    Ok(())
}

/// The reason why bytes are not what was saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// The bytes do not follow the format.
    At {
        /// Offset from the first byte.
        offset: usize,
        /// The item that was expected before this offset.
        expected: &'static str,
    },
    /// Memory for the contents cannot be allocated.
    OutOfMemory,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Malformed::At { offset, expected } => {
                write!(
                    f,
                    "the saved state is malformed at byte {offset}: expected {expected}"
                )
            }
            Malformed::OutOfMemory => f.write_str("there is no memory for the saved state"),
        }
    }
}

impl core::error::Error for Malformed {}

/// A cursor over bytes that were saved.
#[derive(Debug)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    offset: usize,
}

impl<'a> Reader<'a> {
    /// Creates a reader of all of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader { bytes, offset: 0 }
    }

    /// Returns the error that the item that ends here is not `expected`.
    pub fn malformed(&self, expected: &'static str) -> Error {
        Error::new(Malformed::At {
            offset: self.offset,
            expected,
        })
    }

    /// Returns `item`, or the error that the item that ends here is not `expected`.
    pub fn expect<T>(&self, item: Option<T>, expected: &'static str) -> Result<T> {
        item.ok_or_else(|| self.malformed(expected))
    }

    /// Reads a given number of bytes.
    pub fn take(&mut self, len: u64) -> Result<&'a [u8]> {
        let rest = &self.bytes[self.offset..];
        let taken = usize::try_from(len).ok().and_then(|len| rest.get(..len));
        let taken = self.expect(taken, "more bytes")?;
        self.offset += taken.len();
        Ok(taken)
    }

    /// Reads a byte.
    pub fn byte(&mut self) -> Result<u8> {
        Ok(self.take(1)?[0])
    }

    /// Reads a flag.
    pub fn flag(&mut self) -> Result<bool> {
        match self.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(self.malformed("a flag")),
        }
    }

    /// Reads a number in its shortest form.
    pub fn number(&mut self) -> Result<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            let fits = bits << shift >> shift == bits;
            let is_shortest = byte != 0 || shift == 0;
            if !fits || !is_shortest {
                break;
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(self.malformed("a number of 64 bits"))
    }

    /// Reads a signed number.
    pub fn signed(&mut self) -> Result<i64> {
        let number = self.number()?;
        Ok((number >> 1).cast_signed() ^ -(number & 1).cast_signed())
    }

    /// Reads a number of 32 bits.
    pub fn index(&mut self) -> Result<u32> {
        let number = self.number()?;
        self.expect(u32::try_from(number).ok(), "a number of 32 bits")
    }

    /// Reads bytes that are preceded by their number.
    pub fn bytes(&mut self) -> Result<&'a [u8]> {
        let len = self.number()?;
        self.take(len)
    }

    /// Reads a string.
    pub fn string(&mut self) -> Result<&'a str> {
        let bytes = self.bytes()?;
        self.expect(core::str::from_utf8(bytes).ok(), "UTF-8")
    }

    /// Reads a time.
    pub fn time(&mut self) -> Result<Duration> {
        let (seconds, nanoseconds) = (self.number()?, self.index()?);
        let is_part = nanoseconds < 1_000_000_000;
        self.expect(is_part.then_some(()), "less than a second")?;
        Ok(Duration::new(seconds, nanoseconds))
    }

    /// Reads an option, whose item `read` reads.
    pub fn option<T>(
        &mut self,
        read: impl FnOnce(&mut Reader<'a>) -> Result<T>,
    ) -> Result<Option<T>> {
        match self.flag()? {
            true => read(self).map(Some),
            false => Ok(None),
        }
    }

    /// Reads a list, whose items `read` reads. Each item takes at least one byte.
    pub fn list<T>(
        &mut self,
        mut read: impl FnMut(&mut Reader<'a>) -> Result<T>,
    ) -> Result<Vec<T>> {
        let len = self.number()?;
        let rest = self.bytes.len() - self.offset;
        let len = usize::try_from(len).ok().filter(|&len| len <= rest);
        let len = self.expect(len, "the length of a list")?;
        let mut items = Vec::new();
        for _ in 0..len {
            let reserved = items.try_reserve(1);
            reserved.map_err(|_| Error::new(Malformed::OutOfMemory))?;
            items.push(read(self)?);
        }
        Ok(items)
    }

    /// Reads the head of saved state: a name and a version, which the caller knows.
    pub fn head(&mut self, name: &'static str, version: u64) -> Result<()> {
        if self.bytes[self.offset..].first() != Some(&(name.len() as u8)) || self.string()? != name
        {
            return Err(self.malformed(name));
        }
        match self.number()? {
            found if found == version => Ok(()),
            found => Err(Error::msg(alloc::format!(
                "the saved state `{name}` has version {found}, and only {version} is known"
            ))),
        }
    }

    /// Checks that nothing is left.
    pub fn end(&self) -> Result<()> {
        match self.offset == self.bytes.len() {
            true => Ok(()),
            false => Err(self.malformed("the end")),
        }
    }
}

/// Writes the head of saved state: its name, of fewer than 128 bytes, and its version.
pub fn head(out: &mut dyn Write, name: &'static str, version: u64) -> Result<()> {
    string(out, name)?;
    number(out, version)
}

/// Items that only saved contexts and programs of WASI contain.
#[cfg(feature = "wasi-core")]
impl<'a> Reader<'a> {
    /// Reads an index into a list of `len` items.
    pub fn index_below(&mut self, len: usize, expected: &'static str) -> Result<usize> {
        let number = self.number()?;
        let index = usize::try_from(number).ok().filter(|&index| index < len);
        self.expect(index, expected)
    }

    /// Reads bytes that are preceded by their number into memory of their own.
    pub fn owned_bytes(&mut self) -> Result<Vec<u8>> {
        let bytes = self.bytes()?;
        let mut owned = Vec::new();
        let reserved = owned.try_reserve_exact(bytes.len());
        reserved.map_err(|_| Error::new(Malformed::OutOfMemory))?;
        owned.extend_from_slice(bytes);
        Ok(owned)
    }

    /// Reads a string into memory of its own.
    pub fn owned_string(&mut self) -> Result<String> {
        self.string().map(String::from)
    }

    /// Reads all bytes that are left.
    pub fn rest(&mut self) -> &'a [u8] {
        let rest = &self.bytes[self.offset..];
        self.offset = self.bytes.len();
        rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    #[test]
    fn numbers_are_read_as_they_were_written_and_in_no_other_form() {
        for value in [
            0,
            1,
            127,
            128,
            300,
            u64::from(u32::MAX),
            u64::MAX - 1,
            u64::MAX,
        ] {
            let mut written = Vec::new();
            number(&mut written, value).unwrap();
            let mut reader = Reader::new(&written);
            assert_eq!(reader.number().unwrap(), value);
            reader.end().unwrap();
        }
        let longer: [&[u8]; 4] = [
            &[0x80, 0x00],
            &[0xff, 0x80, 0x00],
            &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02],
            &[0x80],
        ];
        for bytes in longer {
            Reader::new(bytes).number().unwrap_err();
        }
    }

    #[test]
    fn the_length_of_a_list_is_at_most_what_is_left() {
        let mut written = Vec::new();
        number(&mut written, u64::MAX).unwrap();
        let read = Reader::new(&written).list(Reader::byte);
        let error = format!("{}", read.unwrap_err());
        assert!(error.contains("length of a list"));
    }
}
