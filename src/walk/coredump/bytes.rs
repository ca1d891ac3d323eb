//! Writing numbers and strings in WebAssembly's binary format, directly to the output.

pub use crate::support::encoding::{byte, flag, number, string};
use crate::support::error::Error;
use crate::support::write::Write;

/// Result of a write.
pub type Result<T = (), E = Error> = core::result::Result<T, E>;

/// Writes a 32-bit number, as unsigned LEB128.
pub fn index(out: &mut dyn Write, index: u32) -> Result {
    number(out, u64::from(index))
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
