//! Text that resembles prose: words repeat, sentences and paragraphs end.

use crate::Random;

/// The vocabulary. Frequent words come first.
pub const WORDS: &[&str] = &[
    "the",
    "of",
    "a",
    "to",
    "and",
    "in",
    "thread",
    "is",
    "needle",
    "that",
    "for",
    "cloth",
    "with",
    "on",
    "stitch",
    "as",
    "it",
    "by",
    "from",
    "seam",
    "at",
    "which",
    "pattern",
    "each",
    "loom",
    "over",
    "under",
    "through",
    "hem",
    "fold",
    "knot",
    "edge",
    "cotton",
    "linen",
    "silk",
    "wool",
    "yarn",
    "spool",
    "bobbin",
    "shuttle",
    "weave",
    "warp",
    "weft",
    "selvage",
    "pleat",
    "gather",
    "measure",
    "mark",
    "cut",
    "press",
    "turn",
    "baste",
    "finish",
    "returns",
    "backward",
    "forward",
    "strength",
    "tension",
    "machine",
    "hand",
    "invisible",
    "decorative",
    "reinforcement",
    "extraordinarily",
];

/// Returns a word. Those at the front of the vocabulary are more likely.
pub fn word(random: &mut Random) -> &'static str {
    let bound = 1 + random.index(WORDS.len());
    WORDS[random.index(bound)]
}

/// Appends a sentence to `out`, with its full stop.
pub fn sentence(random: &mut Random, out: &mut String) {
    let words = 4 + random.index(12);
    for position in 0..words {
        let word = word(random);
        if position == 0 {
            let (first, rest) = word.split_at(1);
            out.push_str(&first.to_uppercase());
            out.push_str(rest);
        } else {
            out.push_str(if random.chance(8) { ", " } else { " " });
            out.push_str(word);
        }
    }
    out.push('.');
}

/// Returns paragraphs of prose, at least `len` bytes in total.
pub fn prose(random: &mut Random, len: usize) -> String {
    let mut out = String::with_capacity(len + 256);
    while out.len() < len {
        for _ in 0..3 + random.index(5) {
            sentence(random, &mut out);
            out.push(' ');
        }
        out.push_str("\n\n");
    }
    out
}
