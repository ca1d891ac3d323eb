//! Writing numbers and strings in WebAssembly's binary format, directly to the output.

use crate::support::error::Error;
use crate::support::write::Write;

/// Result of a write.
pub type Result<T = (), E = Error> = core::result::Result<T, E>;

/// Writes a byte.
pub fn byte(out: &mut dyn Write, byte: u8) -> Result {
    out.write_all(&[byte])
}

/// Writes a flag, as a byte.
pub fn flag(out: &mut dyn Write, flag: bool) -> Result {
    byte(out, u8::from(flag))
}

/// Writes a 32-bit number, as unsigned LEB128.
pub fn index(out: &mut dyn Write, index: u32) -> Result {
    number(out, u64::from(index))
}

/// Writes a number, as unsigned LEB128.
pub fn number(out: &mut dyn Write, mut value: u64) -> Result {
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

/// Writes a string, preceded by its length.
pub fn string(out: &mut dyn Write, string: &str) -> Result {
    number(out, string.len() as u64)?;
    out.write_all(string.as_bytes())
}

/// Writes a number, as signed LEB128.
pub fn signed(out: &mut dyn Write, mut value: i64) -> Result {
    let mut bytes = [0; 10];
    let mut len = 0;
    loop {
        let low = value as u8 & 0x7f;
        value >>= 7;
        let sign = low & 0x40 != 0;
        let more = !matches!((value, sign), (0, false) | (-1, true));
        bytes[len] = low | u8::from(more) << 7;
        len += 1;
        if !more {
            return out.write_all(&bytes[..len]);
        }
    }
}
