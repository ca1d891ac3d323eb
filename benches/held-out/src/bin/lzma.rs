//! LZMA and XZ: a binary range coder with adaptive probabilities.
#![no_main]

use support::{Checksum, Random, text};

/// Compresses and decompresses `n` KiB in both formats.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut random = Random::new(0x12a);
    let mut checksum = Checksum::new();
    let input = text::prose(&mut random, n.max(1) as usize * 1024);
    let mut packed = Vec::new();
    lzma_rs::lzma_compress(&mut input.as_bytes(), &mut packed).expect("writing to memory");
    checksum.bytes(&packed);
    let mut restored = Vec::new();
    lzma_rs::lzma_decompress(&mut packed.as_slice(), &mut restored).expect("what was just made");
    assert_eq!(restored, input.as_bytes());
    let (mut packed, mut restored) = (Vec::new(), Vec::new());
    lzma_rs::xz_compress(&mut input.as_bytes(), &mut packed).expect("writing to memory");
    lzma_rs::xz_decompress(&mut packed.as_slice(), &mut restored).expect("what was just made");
    checksum.bytes(&packed);
    checksum.bytes(&restored);
    checksum.finish()
}
