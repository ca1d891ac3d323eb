//! Unicode: multi-level property tables, decoding of UTF-8, small sorts.

use support::{Checksum, Random};
use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;

/// Pieces of text in many scripts, with combining marks, joiners, flags and Hangul.
const PIECES: &[&str] = &[
    "stitch ",
    "naïve ",
    "cafe\u{301} ",
    "Ångström ",
    "e\u{323}\u{302}\u{301} ",
    "шов ",
    "нитка, ",
    "ράμμα ",
    "刺繍",
    "裁縫。",
    "바느질 ",
    "\u{1112}\u{1161}\u{11ab} ",
    "सिलाई ",
    "ตะเข็บ",
    "خياطة ",
    "תפר ",
    "👩\u{200d}🔧",
    "🇨🇭🇳🇴 ",
    "👍🏽 ",
    "ﬁne ",
    "①② ",
    "½ ",
    "3.14 ",
    "can't ",
    "\r\n",
    "ﷺ ",
    "Ǆ ",
    "ẞ ",
];

/// Segments, normalises and case-folds a text of `n` times sixteen pieces.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut random = Random::new(0x0c);
    let mut checksum = Checksum::new();
    let text: String = (0..n.max(1) * 16).map(|_| *random.pick(PIECES)).collect();

    for (offset, grapheme) in text.grapheme_indices(true) {
        checksum.word((offset * 64 + grapheme.len()) as u64);
    }
    for word in text.unicode_words() {
        checksum.bytes(word.as_bytes());
    }
    for (offset, piece) in text.split_word_bound_indices() {
        checksum.word((offset * 64 + piece.chars().count()) as u64);
    }
    for sentence in text.unicode_sentences() {
        checksum.word(sentence.len() as u64);
    }
    for normal in [
        text.nfc().collect::<String>(),
        text.nfd().collect(),
        text.nfkc().collect(),
        text.nfkd().collect(),
    ] {
        checksum.bytes(normal.as_bytes());
    }
    checksum.bytes(text.to_lowercase().as_bytes());
    checksum.bytes(text.to_uppercase().as_bytes());
    let backwards: String = text.graphemes(true).rev().collect();
    checksum.bytes(backwards.as_bytes());
    checksum.finish()
}
