//! Zstandard: finite-state entropy codes, in a coder and a decoder.
#![no_main]

use std::io::Read;

use ruzstd::decoding::StreamingDecoder;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use support::{Checksum, Random, text};

/// Compresses and decompresses `n` KiB.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut random = Random::new(0x257d);
    let mut checksum = Checksum::new();
    let input = text::prose(&mut random, n.max(1) as usize * 1024);
    let packed = compress_to_vec(input.as_bytes(), CompressionLevel::Fastest);
    checksum.bytes(&packed);
    let mut restored = Vec::new();
    let mut decoder = StreamingDecoder::new(packed.as_slice()).expect("a frame");
    decoder
        .read_to_end(&mut restored)
        .expect("a frame that was just made");
    assert_eq!(restored, input.as_bytes());
    checksum.finish()
}
