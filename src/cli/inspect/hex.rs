//! A range of a memory as addresses, bytes and characters.

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
            Some((memory, range)) => (number(memory)?, range),
            None => (0, text),
        };
        let (address, len) = match range.split_once(':') {
            Some((address, len)) => (number(address)?, number(len)?),
            None => (number(range)?, 256),
        };
        let memory = u32::try_from(memory).map_err(|_| format!("there is no memory {memory}"))?;
        Ok(Range {
            memory,
            address,
            len,
        })
    }
}

/// Parses a number, decimal or hexadecimal after `0x`.
pub(crate) fn number(text: &str) -> Result<u64, String> {
    let number = match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16),
        None => text.parse(),
    };
    number.map_err(|_| format!("`{text}` is not a number, decimal or `0x` hexadecimal"))
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
