//! Brotli: context models, Huffman codes and a dictionary of words.
#![no_main]

use brotli::enc::BrotliEncoderParams;
use support::{Checksum, Random, text};

/// Compresses and decompresses `n` KiB.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut random = Random::new(0xb407);
    let mut checksum = Checksum::new();
    let input = text::prose(&mut random, n.max(1) as usize * 1024);
    let parameters = BrotliEncoderParams {
        quality: 5,
        lgwin: 18,
        ..Default::default()
    };
    let mut packed = Vec::new();
    brotli::BrotliCompress(&mut input.as_bytes(), &mut packed, &parameters)
        .expect("writing to memory");
    checksum.bytes(&packed);
    let mut restored = Vec::new();
    brotli::BrotliDecompress(&mut packed.as_slice(), &mut restored)
        .expect("a stream that was just made");
    assert_eq!(restored, input.as_bytes());
    checksum.finish()
}
