//! Words: an ordered hash map of slices, two hash functions, Base64, splitting and joining.

use std::hash::{BuildHasherDefault, Hasher};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use indexmap::IndexMap;
use rustc_hash::FxHasher;
use support::{Checksum, Random, text};
use twox_hash::{XxHash32, XxHash64};

/// Counts, sorts, hashes, encodes and rewrites the words in `n` bytes of prose.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let prose = text::prose(&mut Random::new(0x70), n.max(0) as usize);
    let mut checksum = Checksum::new();
    let mut counts: IndexMap<&str, u64, BuildHasherDefault<FxHasher>> = IndexMap::default();
    for word in prose.lines().flat_map(str::split_whitespace) {
        *counts.entry(word).or_default() += 1;
    }
    counts.sort_by(|a, b, c, d| d.cmp(b).then(a.cmp(c)));
    let mut hash = XxHash64::with_seed(1);
    for (word, count) in &counts {
        hash.write(word.as_bytes());
        checksum.word(*count);
    }
    checksum.word(hash.finish());
    let encoded = STANDARD.encode(&prose);
    let decoded = STANDARD
        .decode(&encoded)
        .expect("the text was just encoded");
    checksum.word(XxHash32::oneshot(3, &decoded).into());
    let words: Vec<String> = prose.split(' ').rev().map(str::to_uppercase).collect();
    checksum.bytes(words.join("_").replace("TH", "þ").as_bytes());
    checksum.finish()
}
