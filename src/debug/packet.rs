//! Packets: bytes between `$` and `#`, with a checksum.

use alloc::vec::Vec;
use core::mem;

/// Largest number of bytes in a packet of a client, and about the largest in an answer.
pub const MAX_PACKET: usize = 1 << 17;

/// Something complete that a client has sent.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Received {
    /// The contents of a packet.
    Packet(Vec<u8>),
    /// A packet that was too long, or whose checksum is wrong.
    Damaged,
    /// The byte that interrupts a run.
    Interrupt,
    /// The client has not understood the last answer.
    Resend,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Between,
    Contents,
    /// The first digit of the checksum comes next.
    Checksum,
    /// The second digit comes next.
    SecondDigit(Option<u8>),
}

/// Collects the bytes of a client to packets.
#[derive(Debug, Default)]
pub(super) struct Receiver {
    state: State,
    contents: Vec<u8>,
    is_too_long: bool,
    sum: u8,
}

impl Receiver {
    /// Takes a byte. Returns what it completes.
    pub(super) fn push(&mut self, byte: u8) -> Option<Received> {
        match self.state {
            State::Between => match byte {
                b'$' => {
                    *self = Receiver::default();
                    self.state = State::Contents;
                }
                0x03 => return Some(Received::Interrupt),
                b'-' => return Some(Received::Resend),
                _ => {}
            },
            State::Contents if byte == b'#' => self.state = State::Checksum,
            State::Contents => {
                self.sum = self.sum.wrapping_add(byte);
                self.is_too_long |= self.contents.len() >= MAX_PACKET;
                if !self.is_too_long {
                    self.contents.push(byte);
                }
            }
            State::Checksum => self.state = State::SecondDigit(digit(byte)),
            State::SecondDigit(first) => {
                self.state = State::Between;
                let sum = first.zip(digit(byte));
                let sum = sum.map(|(first, second)| first << 4 | second);
                if self.is_too_long || sum != Some(self.sum) {
                    self.contents = Vec::new();
                    return Some(Received::Damaged);
                }
                return Some(Received::Packet(mem::take(&mut self.contents)));
            }
        }
        None
    }
}

/// Returns the packet with the given contents, in which no byte must have a meaning of its own.
pub(super) fn packet(contents: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(contents.len() + 4);
    bytes.push(b'$');
    bytes.extend_from_slice(contents);
    bytes.push(b'#');
    let sum = contents
        .iter()
        .fold(0, |sum: u8, byte| sum.wrapping_add(*byte));
    push_hex(&mut bytes, &[sum]);
    bytes
}

/// Appends bytes as hexadecimal digits.
pub(super) fn push_hex(text: &mut Vec<u8>, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    text.reserve(2 * bytes.len());
    for byte in bytes {
        text.push(DIGITS[usize::from(byte >> 4)]);
        text.push(DIGITS[usize::from(byte & 15)]);
    }
}

/// Reads a hexadecimal number without a sign; `None` if it is not one, or too large.
pub(super) fn number(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0_u64, |number, byte| {
        let digit = digit(*byte)?;
        Some(number.checked_mul(16)? | u64::from(digit))
    })
}

fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn receive(bytes: &[u8]) -> Vec<Received> {
        let mut receiver = Receiver::default();
        bytes
            .iter()
            .filter_map(|byte| receiver.push(*byte))
            .collect()
    }

    #[test]
    fn packets_are_found_among_other_bytes() {
        let received = receive(b"+$qC#b4-\x03nothing$#00$qC#b5$qC#x4$qC#B4");
        let packet = |text: &[u8]| Received::Packet(text.to_vec());
        let expected = [
            packet(b"qC"),
            Received::Resend,
            Received::Interrupt,
            packet(b""),
            Received::Damaged,
            Received::Damaged,
            packet(b"qC"),
        ];
        assert_eq!(received, expected);
    }

    #[test]
    fn long_packets_take_no_memory() {
        let mut receiver = Receiver::default();
        receiver.push(b'$');
        for _ in 0..3 * MAX_PACKET {
            assert_eq!(receiver.push(b'0'), None);
            assert!(receiver.contents.len() <= MAX_PACKET);
        }
        receiver.push(b'#');
        receiver.push(b'0');
        assert_eq!(receiver.push(b'0'), Some(Received::Damaged));
        let received = packet(b"qC")
            .into_iter()
            .find_map(|byte| receiver.push(byte));
        assert_eq!(received, Some(Received::Packet(b"qC".to_vec())));
    }

    #[test]
    fn numbers() {
        assert_eq!(number(b"0"), Some(0));
        assert_eq!(number(b"fFFfffffffffffff"), Some(u64::MAX));
        for wrong in [&b""[..], b"+1", b"-1", b"0x1", b"10000000000000000", b"1 "] {
            assert_eq!(number(wrong), None);
        }
    }
}
