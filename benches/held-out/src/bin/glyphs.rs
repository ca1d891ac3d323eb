//! Fonts: outlines from tables, coverage of pixels in two rasterizers.
#![no_main]

use std::sync::OnceLock;

use ab_glyph::{Font, FontRef, ScaleFont};
use epaint_default_fonts::{HACK_REGULAR, UBUNTU_LIGHT};
use fontdue::FontSettings;
use support::{Checksum, Random, text};

/// A font whose outlines are all prepared in the first call, which takes long.
static PREPARED: OnceLock<fontdue::Font> = OnceLock::new();

/// Draws `n` lines of text.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut random = Random::new(0x91f);
    let mut checksum = Checksum::new();
    let first = FontRef::try_from_slice(UBUNTU_LIGHT).expect("a font");
    let second = PREPARED.get_or_init(|| {
        fontdue::Font::from_bytes(HACK_REGULAR, FontSettings::default()).expect("a font")
    });
    for _ in 0..n.max(1) {
        let line = text::prose(&mut random, 40);
        let size = 10.0 + random.below(20) as f32;
        let scaled = first.as_scaled(size);
        let mut at = 0.0;
        let mut last = None;
        for character in line.chars() {
            let glyph = scaled.scaled_glyph(character);
            at += last.map_or(0.0, |last| scaled.kern(last, glyph.id)) + scaled.h_advance(glyph.id);
            last = Some(glyph.id);
            if let Some(outline) = first.outline_glyph(glyph) {
                let mut sum = 0.0;
                outline.draw(|x, y, coverage| sum += coverage * (x + y * 3) as f32);
                checksum.float(f64::from(sum));
            }
            let (metrics, bitmap) = second.rasterize(character, size);
            checksum.word(metrics.width as u64);
            checksum.bytes(&bitmap);
        }
        checksum.float(f64::from(at));
    }
    checksum.finish()
}
