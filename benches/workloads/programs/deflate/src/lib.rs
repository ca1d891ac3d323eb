//! DEFLATE: hash chains, Huffman tables and a bit reader that is one large state
//! machine (`br_table`).

use miniz_oxide::{
    deflate::{compress_to_vec, compress_to_vec_zlib},
    inflate::{decompress_to_vec, decompress_to_vec_zlib},
};
use support::{Checksum, Random, text};

/// Compresses `n` KiB of prose and noise at four levels, and decompresses the results.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut random = Random::new(0xdef);
    let len = n.max(1) as usize * 1024;
    let mut input = text::prose(&mut random, len).into_bytes();
    let noise = random.bytes(len / 8);
    input.extend_from_slice(&noise);

    let mut checksum = Checksum::new();
    for level in [0, 1, 6, 9] {
        let raw = compress_to_vec(&input, level);
        checksum.bytes(&raw);
        let restored = decompress_to_vec(&raw).expect("a stream that was just made");
        assert_eq!(restored, input);
    }
    let zlib = compress_to_vec_zlib(&input, 5);
    checksum.bytes(&zlib);
    let restored = decompress_to_vec_zlib(&zlib).expect("a stream that was just made");
    checksum.bytes(&restored);
    checksum.finish()
}
