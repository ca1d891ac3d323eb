//! Similarity of strings: several distances, and a difference of texts.
#![no_main]

use support::{Checksum, Random, text};

/// Compares `n` pairs of sentences.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut random = Random::new(0x51a);
    let mut checksum = Checksum::new();
    let mut before = text::prose(&mut random, 80);
    for _ in 0..n.max(1) {
        let after = text::prose(&mut random, 80);
        checksum.word(strsim::damerau_levenshtein(&before, &after) as u64);
        checksum.word(strsim::osa_distance(&before, &after) as u64);
        checksum.float(strsim::jaro_winkler(&before, &after));
        checksum.float(strsim::sorensen_dice(&before, &after));
        for chunk in dissimilar::diff(&before, &after) {
            checksum.bytes(format!("{chunk:?}").as_bytes());
        }
        before = after;
    }
    checksum.finish()
}
