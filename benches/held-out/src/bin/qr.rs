//! QR codes: segments, Reed-Solomon codes, masks and penalties.
#![no_main]

use qrcode::{EcLevel, QrCode};
use support::{Checksum, Random, text};

/// Encodes `n` texts.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut random = Random::new(0x94);
    let mut checksum = Checksum::new();
    let levels = [EcLevel::L, EcLevel::M, EcLevel::Q, EcLevel::H];
    for _ in 0..n.max(1) {
        let mut content = text::prose(&mut random, 0);
        content.truncate(10 + random.index(20));
        content += &random.below(1_000_000).to_string();
        let code = QrCode::with_error_correction_level(&content, *random.pick(&levels));
        for colour in code.expect("a short text").to_colors() {
            checksum.word(colour.select(1, 0));
        }
    }
    checksum.finish()
}
