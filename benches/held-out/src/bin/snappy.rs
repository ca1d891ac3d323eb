//! Snappy: copies of bytes that a hash table finds.
#![no_main]

use snap::raw::{Decoder, Encoder};
use support::{Checksum, Random, text};

/// Compresses and decompresses `n` KiB.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut random = Random::new(0x5a9);
    let mut checksum = Checksum::new();
    for _ in 0..n.max(1) {
        let mut input = text::prose(&mut random, 768).into_bytes();
        input.extend(random.bytes(256));
        let packed = Encoder::new().compress_vec(&input).expect("a short input");
        checksum.bytes(&packed);
        let restored = Decoder::new()
            .decompress_vec(&packed)
            .expect("what was just made");
        assert_eq!(restored, input);
    }
    checksum.finish()
}
