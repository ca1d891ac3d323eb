//! LZ4: a byte-level matcher and copier. Loads and stores of every width, short
//! loops, bounds checks.

use std::io::{Read, Write};

use lz4_flex::{
    block::{compress_prepend_size, decompress_size_prepended},
    frame::{FrameDecoder, FrameEncoder},
};
use support::{Checksum, Random, text};

/// Compresses and decompresses `n` KiB, half prose and half noise with repeats.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut random = Random::new(0x1a4);
    let len = n.max(1) as usize * 1024;
    let mut input = text::prose(&mut random, len / 2).into_bytes();
    while input.len() < len {
        let noise = random.bytes(48);
        for _ in 0..1 + random.index(4) {
            input.extend_from_slice(&noise[random.index(24)..]);
        }
    }

    let mut checksum = Checksum::new();
    let block = compress_prepend_size(&input);
    checksum.bytes(&block);
    let restored = decompress_size_prepended(&block).expect("a block that was just made");
    assert_eq!(restored, input);

    let mut encoder = FrameEncoder::new(Vec::new());
    for chunk in input.chunks(1 + input.len() / 7) {
        encoder.write_all(chunk).expect("writing to memory");
    }
    let frame = encoder.finish().expect("writing to memory");
    checksum.bytes(&frame);
    let mut restored = Vec::new();
    FrameDecoder::new(frame.as_slice())
        .read_to_end(&mut restored)
        .expect("a frame that was just made");
    checksum.bytes(&restored);
    checksum.finish()
}
