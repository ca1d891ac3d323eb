//! Mutations of modules.

use crate::random::Random;

/// Numbers in LEB128 that are maxima, or one above.
const EXTREMES: [&[u8]; 10] = [
    &[0x7f],
    &[0x80, 0x01],
    &[0xff, 0xff, 0x03],
    &[0x80, 0x80, 0x04],
    &[0xff, 0xff, 0xff, 0xff, 0x07],
    &[0xff, 0xff, 0xff, 0xff, 0x0f],
    &[0x80, 0x80, 0x80, 0x80, 0x08],
    &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
    &[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01],
    &[
        0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80,
    ],
];

/// Bytes with a meaning in many places: `end`, block types, prefixes, value types.
const TELLING: [u8; 16] = [
    0x00, 0x01, 0x02, 0x03, 0x05, 0x0b, 0x0e, 0x10, 0x11, 0x40, 0x60, 0x70, 0x7e, 0x7f, 0xfc, 0xff,
];

/// Returns a mutated copy of `module`. Some mutations insert parts of `other`.
pub fn mutate(module: &[u8], other: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = module.to_vec();
    // Some mutants are truncated. Of the others, some are changed in several places.
    match random.below(6) {
        0 => bytes.truncate(random.below(bytes.len() + 1)),
        _ => {
            for _ in 0..[1, 1, 1, 2, 3, 8][random.below(6)] {
                change(&mut bytes, other, random);
            }
        }
    }
    bytes
}

/// Ranges of opcodes whose instructions have the same types, so that one can replace another.
const ALIKE: [(u8, u8); 8] = [
    (0x46, 0x4f),
    (0x51, 0x5a),
    (0x5b, 0x60),
    (0x61, 0x66),
    (0x6a, 0x78),
    (0x7c, 0x8a),
    (0x92, 0x98),
    (0xa0, 0xa6),
];

/// Replaces the first byte from `at` on that may be such an opcode by another of its range. If it
/// is one, the module stays valid.
fn exchange_operator(bytes: &mut [u8], at: usize, random: &mut Random) {
    for byte in &mut bytes[at..] {
        if let Some((first, last)) = ALIKE
            .iter()
            .find(|(first, last)| (first..=last).contains(&&*byte))
        {
            *byte = first + random.below(usize::from(last - first) + 1) as u8;
            return;
        }
    }
}

fn change(bytes: &mut Vec<u8>, other: &[u8], random: &mut Random) {
    if bytes.is_empty() {
        bytes.extend_from_slice(other);
        return;
    }
    // The header is seldom changed, because errors there are detected at once.
    let first = if bytes.len() > 8 && !random.once_in(50) {
        8
    } else {
        0
    };
    let at = first + random.below(bytes.len() - first);
    match random.below(14) {
        0 => bytes[at] ^= 1 << random.below(8),
        1 => bytes[at] = random.next() as u8,
        2 => bytes[at] = TELLING[random.below(TELLING.len())],
        3 => bytes[at] = bytes[at].wrapping_add(if random.once_in(2) { 1 } else { 0xff }),
        4 => bytes.insert(at, TELLING[random.below(TELLING.len())]),
        5 => {
            let end = bytes.len().min(at + 1 + random.below(8));
            bytes.drain(at..end);
        }
        6 => {
            let end = bytes.len().min(at + 1 + random.below(2));
            bytes.splice(
                at..end,
                EXTREMES[random.below(EXTREMES.len())].iter().copied(),
            );
        }
        7 => {
            let end = bytes.len().min(at + 1 + random.below(32));
            let part = bytes[at..end].to_vec();
            let to = first + random.below(bytes.len() - first);
            bytes.splice(to..to, part);
        }
        8 => {
            let from = random.below(other.len());
            let end = other.len().min(from + 1 + random.below(32));
            bytes.splice(at..at, other[from..end].iter().copied());
        }
        _ => exchange_operator(bytes, at, random),
    }
}
