//! Base64 and hexadecimal digits: tables in registers, shuffles of bytes, tests of whole vectors.

use base64_simd::{STANDARD, URL_SAFE_NO_PAD};
use hex_simd::AsciiCase;
use support::{Checksum, Random};

const SIZE: usize = 6 * 1024;

/// Encodes and decodes 6 KiB `n` times in four alphabets, and finds errors.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut random = Random::new(0x64);
    let mut checksum = Checksum::new();
    let mut input: Vec<u8> = (0..SIZE / 8)
        .flat_map(|_| random.bits().to_le_bytes())
        .collect();
    for round in 0..n.max(1) {
        let position = random.index(input.len());
        input[position] ^= random.bits() as u8;
        let source = &input[..SIZE - random.index(48)];

        for alphabet in [STANDARD, URL_SAFE_NO_PAD] {
            let mut text = alphabet.encode_type::<Vec<u8>>(source);
            let decoded = alphabet.decode_type::<Vec<u8>>(&text);
            let decoded = decoded.expect("what was just encoded");
            checksum.word(u64::from(decoded[random.index(decoded.len())]));
            let position = random.index(text.len());
            checksum.word(u64::from(text[position]));
            text[position] = b'!';
            checksum.word(u64::from(alphabet.check(&text).is_err()));
        }
        for case in [AsciiCase::Lower, AsciiCase::Upper] {
            let mut text = hex_simd::encode_type::<Vec<u8>>(source, case);
            let decoded = hex_simd::decode_type::<Vec<u8>>(&text);
            let decoded = decoded.expect("what was just encoded");
            checksum.word(u64::from(decoded[random.index(decoded.len())]));
            let position = random.index(text.len());
            checksum.word(u64::from(text[position]));
            text[position] = b'g';
            checksum.word(u64::from(hex_simd::check(&text).is_err()));
        }
        if round % 64 == 0 {
            checksum.bytes(&STANDARD.encode_type::<Vec<u8>>(source));
        }
    }
    checksum.finish()
}
