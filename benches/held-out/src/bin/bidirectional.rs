//! Scripts of both directions: levels of embedding, reordered lines, opportunities for breaks.
#![no_main]

use support::{Checksum, Random, text};
use unicode_bidi::BidiInfo;
use unicode_linebreak::linebreaks;

/// Orders and breaks `n` paragraphs.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut random = Random::new(0xb1d1);
    let mut checksum = Checksum::new();
    for _ in 0..n.max(1) {
        let mut paragraph = String::new();
        for _ in 0..30 {
            paragraph += match random.below(5) {
                0 => "שלום (עולם) 123, ",
                1 => "مرحبا بالعالم ٤٥ ",
                2 => "日本語のテキスト、",
                3 => "\u{202b}a-b/c $1.5\u{202c} ",
                _ => text::word(&mut random),
            };
        }
        let info = BidiInfo::new(&paragraph, None);
        for part in &info.paragraphs {
            checksum.bytes(info.reorder_line(part, part.range.clone()).as_bytes());
        }
        for (at, kind) in linebreaks(&paragraph) {
            checksum.word(at as u64 * 2 + kind as u64);
        }
    }
    checksum.finish()
}
