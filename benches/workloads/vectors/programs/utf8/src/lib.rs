//! Validation of UTF-8: look-ups of nibbles by shuffles of bytes, saturating subtractions, tests of
//! whole vectors.

use support::{Checksum, Random, text};

const SIZE: usize = 32 * 1024;

fn mixed(random: &mut Random) -> String {
    let mut out = String::new();
    while out.len() < SIZE {
        match random.below(4) {
            0 => out.push_str(text::word(random)),
            1 => {
                out.extend((0..9).map(|_| char::from_u32(0x3b1 + random.below(24)).expect("Greek")))
            }
            2 => out
                .extend((0..9).map(|_| char::from_u32(0x4e00 + random.below(2000)).expect("Han"))),
            _ => out.push(char::from_u32(0x1f600 + random.below(64)).expect("a face")),
        }
        out.push(' ');
    }
    out
}

/// Validates two texts of 32 KiB `n` times, one of them ASCII, and finds errors.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut random = Random::new(0x8f8);
    let mut checksum = Checksum::new();
    let mut ascii = text::prose(&mut random, SIZE).into_bytes();
    let mut mixed = mixed(&mut random).into_bytes();
    for _ in 0..n.max(1) {
        for text in [&mut mixed, &mut ascii] {
            let start = random.index(4);
            checksum.word(simdutf8::basic::from_utf8(&text[start..]).map_or(0, str::len) as u64);

            let position = random.index(text.len());
            let byte = std::mem::replace(&mut text[position], 0x80 | random.bits() as u8);
            match simdutf8::compat::from_utf8(text) {
                Ok(valid) => checksum.word(valid.len() as u64),
                Err(error) => {
                    checksum.word(error.valid_up_to() as u64);
                    checksum.word(error.error_len().unwrap_or(0) as u64);
                }
            }
            text[position] = byte;
        }
    }
    checksum.finish()
}
