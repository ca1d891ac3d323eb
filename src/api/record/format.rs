//! The format of a log: numbers of events, and the encoding of numbers.
//!
//! `docs/replay.md` in the repository describes it.

use crate::heap::StoreInner;
use crate::module::{ValBits, ValType};
use alloc::string::String;
use alloc::vec::Vec;
use thiserror::Error as ThisError;

/// First bytes of a log.
pub(super) const MAGIC: &[u8; 8] = b"\0stitch\x01";

/// Version of the format.
pub(super) const VERSION: u64 = 2;

/// The most calls that one event stands for, of those that return as they did last.
pub(super) const MOST_QUIET: u8 = 64;

/// Events. The numbers below are calls of host functions.
pub(super) mod event {
    /// Number of the call of host function 0 that returns as it did last, but for the bytes that it
    /// writes. The numbers below are those of functions that are called.
    pub(in super::super) const CALL_AGAIN: u8 = 0x60;
    pub(in super::super) const CALL_HOST: u8 = 0xC0;
    pub(in super::super) const FUNCTION: u8 = 0xC1;
    pub(in super::super) const MODULE: u8 = 0xC2;
    pub(in super::super) const INSTANTIATE: u8 = 0xC3;
    pub(in super::super) const CALL: u8 = 0xC4;
    pub(in super::super) const START: u8 = 0xC5;
    pub(in super::super) const RESUME: u8 = 0xC6;
    pub(in super::super) const RESUME_WITH: u8 = 0xC7;
    pub(in super::super) const TIME_OUT: u8 = 0xC8;
    pub(in super::super) const NAME: u8 = 0xC9;
    pub(in super::super) const DONE: u8 = 0xCA;
    pub(in super::super) const FAILED: u8 = 0xCB;
    pub(in super::super) const SUSPENDED: u8 = 0xCC;
    pub(in super::super) const WRITE: u8 = 0xD0;
    pub(in super::super) const GROW_MEMORY: u8 = 0xD1;
    pub(in super::super) const NEW_MEMORY: u8 = 0xD2;
    pub(in super::super) const NOTIFY: u8 = 0xD3;
    pub(in super::super) const NEW_GLOBAL: u8 = 0xD4;
    pub(in super::super) const SET_GLOBAL: u8 = 0xD5;
    pub(in super::super) const NEW_TABLE: u8 = 0xD6;
    pub(in super::super) const FILL_TABLE: u8 = 0xD7;
    pub(in super::super) const GROW_TABLE: u8 = 0xD8;
    pub(in super::super) const COPY_TABLE: u8 = 0xD9;
    pub(in super::super) const NEW_TAG: u8 = 0xDA;
    pub(in super::super) const SET_FUEL: u8 = 0xDB;
    pub(in super::super) const RESTORE_FUEL: u8 = 0xDC;
    pub(in super::super) const DENY_GROWTH: u8 = 0xDD;
    pub(in super::super) const FAIL_GROWTH: u8 = 0xDE;
    pub(in super::super) const NOTE: u8 = 0xDF;
    pub(in super::super) const LOOK_UP: u8 = 0xCD;
    pub(in super::super) const INTERRUPT: u8 = 0xCE;
    pub(in super::super) const QUIET: u8 = 0xCF;
    pub(in super::super) const RETURN: u8 = 0xE0;
    pub(in super::super) const RETURN_AGAIN: u8 = 0xE1;
    pub(in super::super) const THROW: u8 = 0xE2;
    pub(in super::super) const FAIL: u8 = 0xE4;
    pub(in super::super) const SUSPEND: u8 = 0xE5;
    pub(in super::super) const END: u8 = 0xF0;
}

/// Kinds of references.
pub(super) mod reference {
    pub(in super::super) const NULL: u8 = 0;
    pub(in super::super) const I31: u8 = 1;
    pub(in super::super) const HOST_VALUE: u8 = 2;
    pub(in super::super) const FUNCTION: u8 = 3;
    pub(in super::super) const HOST_FUNCTION: u8 = 4;
    pub(in super::super) const ARGUMENT: u8 = 5;
    pub(in super::super) const EXCEPTION: u8 = 6;
}

/// Kinds of imports.
pub(super) mod import {
    pub(in super::super) const TABLE: u8 = 0;
    pub(in super::super) const MEMORY: u8 = 1;
    pub(in super::super) const GLOBAL: u8 = 2;
    pub(in super::super) const TAG: u8 = 3;
    pub(in super::super) const FUNCTION: u8 = 4;
    pub(in super::super) const HOST_FUNCTION: u8 = 5;
}

/// A write of a host function to a memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct WriteShape {
    pub memory: u32,
    /// Zero if `offset` is an address. Otherwise it is relative to the argument with this number,
    /// from 1.
    pub base: u8,
    pub offset: u64,
    pub len: u64,
}

/// The effects of a call of a host function, without the bytes that it writes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Shape {
    pub writes: Vec<WriteShape>,
    /// The results, as in the log.
    pub results: Vec<u8>,
}

/// The arguments to which addresses may be relative: those that are integers.
pub(super) fn address_of(ty: ValType, bits: ValBits) -> Option<u64> {
    match ty {
        ValType::I32 => Some(u64::from(bits[0] as u32)),
        ValType::I64 => Some(bits[0]),
        _ => None,
    }
}

/// Number of bytes of a memory that its hash leaves out if they are zero.
const BLOCK: usize = 64;

/// A hash of everything that the guest passes to the host. Each event contains 8 bits of it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Check(u64);

impl Check {
    pub(super) fn add(&mut self, value: u64) {
        self.0 = (self.0.rotate_left(5) ^ value).wrapping_mul(0x517c_c1b7_2722_0a95);
    }

    /// Adds a value. Only null is told from other references, whose numbers depend on when the host
    /// releases others.
    pub(super) fn add_value(&mut self, ty: ValType, bits: ValBits) {
        match ty {
            ValType::Ref(_) => self.add(u64::from(bits[0] as u32 == 0)),
            // The rest of the slot has no meaning.
            ValType::I32 | ValType::F32 => self.add(u64::from(bits[0] as u32)),
            ValType::V128 => {
                self.add(bits[0]);
                self.add(bits[1]);
            }
            _ => self.add(bits[0]),
        }
    }

    /// Returns the bits for an event.
    pub(super) fn byte(self) -> u8 {
        (self.0 >> 56) as u8
    }

    /// Adds bytes, most of which may be zero.
    fn add_bytes(&mut self, bytes: &[u8]) {
        let (blocks, rest) = bytes.as_chunks::<BLOCK>();
        for (at, block) in blocks.iter().enumerate() {
            if block != &[0; BLOCK] {
                self.add(at as u64);
                self.add_words(block);
            }
        }
        self.add_words(rest);
    }

    fn add_words(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.add(u64::from_le_bytes(*word));
        }
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        self.add(u64::from_le_bytes(last));
    }
}

/// Returns a hash of the memories and of the globals that are numbers.
pub(super) fn state(store: &StoreInner) -> u64 {
    let mut check = Check::default();
    for memory in store.memories() {
        check.add(memory.pages());
        check.add_bytes(memory.bytes().unwrap_or_default());
    }
    for global in store.globals() {
        check.add_value(global.ty().value, global.get());
    }
    check.0
}

/// Writes a number, as unsigned LEB128.
pub(super) fn write_number(out: &mut Vec<u8>, mut value: u64) {
    while value > 0x7f {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Writes a signed number, as an unsigned one whose lowest bit is the sign.
pub(super) fn write_signed(out: &mut Vec<u8>, value: i64) {
    write_number(out, (value << 1 ^ value >> 63) as u64);
}

/// Writes a text, preceded by its length.
pub(super) fn write_text(out: &mut Vec<u8>, text: &str) {
    write_number(out, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
}

/// Writes the bytes of a write to a memory, whose number is known.
pub(super) fn write_data(out: &mut Vec<u8>, bytes: &[u8]) {
    if let Ok(word) = bytes.try_into() {
        write_number(out, u32::from_le_bytes(word).into());
    } else if let Ok(word) = bytes.try_into() {
        write_number(out, u64::from_le_bytes(word));
    } else {
        out.extend_from_slice(bytes);
    }
}

/// The reason for which the next event of a log cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, ThisError)]
pub(super) enum Unreadable {
    /// The log ends before the end of the event.
    #[error("the recording is cut off")]
    Ends,
    /// The bytes have no meaning.
    #[error("byte {at} of the recording is invalid: {reason}")]
    Invalid {
        /// Offset in the log.
        at: usize,
        /// The reason.
        reason: String,
    },
}

/// A reader of a log.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    /// Offset of the next byte.
    pub at: usize,
}

impl<'a> Reader<'a> {
    /// Creates a reader from an offset on.
    pub(super) fn new(bytes: &'a [u8], at: usize) -> Reader<'a> {
        Reader { bytes, at }
    }

    pub(super) fn invalid(&self, reason: impl Into<String>) -> Unreadable {
        Unreadable::Invalid {
            at: self.at,
            reason: reason.into(),
        }
    }

    pub(super) fn bytes(&mut self, len: u64) -> Result<&'a [u8], Unreadable> {
        let len = usize::try_from(len).map_err(|_| Unreadable::Ends)?;
        let end = self.at.checked_add(len).ok_or(Unreadable::Ends)?;
        let bytes = self.bytes.get(self.at..end).ok_or(Unreadable::Ends)?;
        self.at = end;
        Ok(bytes)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], Unreadable> {
        let bytes = self.bytes(N as u64)?;
        Ok(*bytes.first_chunk().expect("as many bytes were read"))
    }

    pub(super) fn byte(&mut self) -> Result<u8, Unreadable> {
        let [byte] = self.array()?;
        Ok(byte)
    }

    pub(super) fn number(&mut self) -> Result<u64, Unreadable> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                break;
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(self.invalid("a number has more than 64 bits"))
    }

    pub(super) fn index(&mut self) -> Result<u32, Unreadable> {
        let number = self.number()?;
        u32::try_from(number).map_err(|_| self.invalid("a number has more than 32 bits"))
    }

    pub(super) fn size(&mut self) -> Result<usize, Unreadable> {
        let number = self.number()?;
        Ok(usize::try_from(number).unwrap_or(usize::MAX))
    }

    pub(super) fn signed(&mut self) -> Result<i64, Unreadable> {
        let number = self.number()?;
        Ok((number >> 1) as i64 ^ -((number & 1) as i64))
    }

    pub(super) fn text(&mut self) -> Result<&'a str, Unreadable> {
        let len = self.number()?;
        let bytes = self.bytes(len)?;
        str::from_utf8(bytes).map_err(|_| self.invalid("a text is not UTF-8"))
    }

    /// Reads the number of items that follow, each of which takes a byte at least.
    pub(super) fn count(&mut self) -> Result<usize, Unreadable> {
        let count = self.number()?;
        match usize::try_from(count) {
            Ok(count) if count <= self.bytes.len() - self.at => Ok(count),
            _ => Err(Unreadable::Ends),
        }
    }

    /// Returns whether no more bytes follow.
    pub(super) fn is_at_end(&self) -> bool {
        self.at >= self.bytes.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_they_were_written() {
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
            let mut out = Vec::new();
            write_number(&mut out, value);
            write_signed(&mut out, value as i64);
            let mut reader = Reader::new(&out, 0);
            assert_eq!(reader.number(), Ok(value));
            assert_eq!(reader.signed(), Ok(value as i64));
            assert!(reader.is_at_end());
            assert_eq!(reader.byte(), Err(Unreadable::Ends));
        }
        assert!(matches!(
            Reader::new(&[0xff; 11], 0).number(),
            Err(Unreadable::Invalid { .. })
        ));
        assert_eq!(Reader::new(&[9, 0], 0).count(), Err(Unreadable::Ends));
    }
}
