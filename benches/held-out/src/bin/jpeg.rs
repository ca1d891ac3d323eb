//! JPEG: cosine transforms, quantisation and Huffman codes.
#![no_main]

use jpeg_decoder::Decoder;
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use support::{Checksum, Random};

/// Encodes and decodes an image of `n` pixels in width.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut random = Random::new(0x19e6);
    let mut checksum = Checksum::new();
    let (width, height) = (n.max(8) as u16, 64);
    let pixels: Vec<u8> = (0..usize::from(width) * height * 3)
        .map(|at| {
            ((at / 3 % usize::from(width)) * (at / 900) + at % 3 * 40) as u8 / 2
                + random.below(20) as u8
        })
        .collect();
    for (quality, progressive) in [(50, false), (90, true)] {
        let mut file = Vec::new();
        let mut encoder = Encoder::new(&mut file, quality);
        encoder.set_progressive(progressive);
        encoder.set_sampling_factor(SamplingFactor::F_2_2);
        encoder
            .encode(&pixels, width, height as u16, ColorType::Rgb)
            .expect("a valid size");
        checksum.bytes(&file);
        let restored = Decoder::new(file.as_slice()).decode();
        checksum.bytes(&restored.expect("what was just encoded"));
    }
    checksum.finish()
}
