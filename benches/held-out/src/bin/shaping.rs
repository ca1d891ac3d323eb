//! Shaping of text: substitutions and positions from the tables of a font.
#![no_main]

use epaint_default_fonts::UBUNTU_LIGHT;
use rustybuzz::{Face, UnicodeBuffer, shape};
use support::{Checksum, Random, text};

/// Shapes `n` lines.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut random = Random::new(0x54a);
    let mut checksum = Checksum::new();
    let face = Face::from_slice(UBUNTU_LIGHT, 0).expect("a font");
    for _ in 0..n.max(1) {
        let mut buffer = UnicodeBuffer::new();
        buffer.push_str(&text::prose(&mut random, 80));
        buffer.push_str(["fi ffl", "Ελληνικά", "Привет", "e\u{301}"][random.index(4)]);
        buffer.guess_segment_properties();
        let glyphs = shape(&face, &[], buffer);
        for (info, position) in glyphs.glyph_infos().iter().zip(glyphs.glyph_positions()) {
            checksum.word(u64::from(info.glyph_id) << 32 | u64::from(info.cluster));
            checksum.word(i64::from(position.x_advance).cast_unsigned());
        }
    }
    checksum.finish()
}
