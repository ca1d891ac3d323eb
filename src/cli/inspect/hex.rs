//! A range of a memory as addresses, bytes and characters.

use crate::cli::quantity;
use backstitch::CoreDumpError;
use backstitch::coredump::Memory;
use std::io::{self, Write};
use std::str::FromStr;

/// Number of bytes per row.
const ROW: usize = 16;

/// A range of a memory: `ADDR`, `ADDR:LEN`, or either after `MEMORY@`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) memory: u32,
    pub(crate) address: u64,
    pub(crate) len: u64,
}

impl Range {
    /// Returns the part of the range that is within a memory.
    ///
    /// # Errors
    ///
    /// If no part of it is.
    pub(crate) fn clipped(self, memory: &Memory<'_>) -> Result<Range, CoreDumpError> {
        let rest = memory.size().saturating_sub(self.address);
        if rest == 0 && self.len > 0 {
            self.end_in(memory)?;
        }
        Ok(Range {
            len: self.len.min(rest),
            ..self
        })
    }

    /// Returns the address behind the range.
    ///
    /// # Errors
    ///
    /// If the range is not within the memory.
    pub(crate) fn end_in(&self, memory: &Memory<'_>) -> Result<u64, CoreDumpError> {
        let end = self.address.checked_add(self.len);
        end.filter(|end| *end <= memory.size())
            .ok_or(CoreDumpError::OutOfBounds {
                address: self.address,
                len: self.len,
                size: memory.size(),
            })
    }
}

impl FromStr for Range {
    type Err = String;

    fn from_str(text: &str) -> Result<Range, String> {
        let (memory, range) = match text.split_once('@') {
            Some((memory, range)) => (quantity::count::<u32>(memory)?, range),
            None => (0, text),
        };
        let (address, len) = match range.split_once(':') {
            Some((address, len)) => (quantity::size(address)?, quantity::size(len)?),
            None => (quantity::size(range)?, 256),
        };
        Ok(Range {
            memory,
            address,
            len,
        })
    }
}

/// Prints a range of a memory. Rows that repeat the previous one are replaced by one `*`, as in
/// `hexdump`. Bytes that the dump does not keep are `??`.
pub(crate) fn print(
    memory: &Memory<'_>,
    range: Range,
    out: &mut dyn Write,
) -> io::Result<Result<(), CoreDumpError>> {
    // The whole range is checked before anything is printed.
    let end = match range.end_in(memory) {
        Ok(end) => end,
        Err(error) => return Ok(Err(error)),
    };
    let digits = if end > 1 << 32 { 16 } else { 8 };
    let (mut last, mut skipped) = (String::new(), false);
    let mut address = range.address;
    while address < end {
        let len = (end - address).min(ROW as u64) as usize;
        let mut bytes = [0; ROW];
        if let Err(error) = memory.read(address, &mut bytes[..len]) {
            return Ok(Err(error));
        }
        let row = row(memory, address, &bytes[..len]);
        if row == last && address + (len as u64) < end {
            if !skipped {
                writeln!(out, "*")?;
            }
            skipped = true;
        } else {
            writeln!(out, "{address:0digits$x}  {row}")?;
            skipped = false;
            last = row;
        }
        address += len as u64;
    }
    Ok(Ok(()))
}

fn row(memory: &Memory<'_>, address: u64, bytes: &[u8]) -> String {
    let (mut hex, mut text) = (String::new(), String::new());
    for at in 0..ROW {
        if at == ROW / 2 {
            hex.push(' ');
        }
        match bytes.get(at) {
            Some(byte) if memory.is_kept(address + at as u64) => {
                hex.push_str(&format!("{byte:02x} "));
                let is_text = byte.is_ascii_graphic() || *byte == b' ';
                text.push(if is_text { char::from(*byte) } else { '.' });
            }
            Some(_) => {
                hex.push_str("?? ");
                text.push('?');
            }
            None => hex.push_str("   "),
        }
    }
    format!("{hex} |{text}|")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        let range = |memory, address, len| {
            Ok(Range {
                memory,
                address,
                len,
            })
        };
        assert_eq!("0x10:32".parse(), range(0, 16, 32));
        assert_eq!("2@16:0x20".parse(), range(2, 16, 32));
        assert_eq!("1M:4K".parse(), range(0, 1 << 20, 4096));
        assert_eq!("7".parse(), range(0, 7, 256));
        assert_eq!("1@7".parse(), range(1, 7, 256));
        for text in [
            "",
            ":",
            "1:",
            ":1",
            "x",
            "0x",
            "-1",
            "@1",
            "1@",
            "4294967296@0:1",
        ] {
            assert!(text.parse::<Range>().is_err(), "{text}");
        }
    }
}
