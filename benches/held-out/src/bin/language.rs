//! Natural language: hyphenation, stems of words and filled lines.
#![no_main]

use hypher::{Lang, hyphenate};
use rust_stemmers::{Algorithm, Stemmer};
use support::{Checksum, Random, text};
use textwrap::{Options, WrapAlgorithm};

/// Processes `n` paragraphs.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut random = Random::new(0x1a9);
    let mut checksum = Checksum::new();
    let stemmers = [
        Algorithm::English,
        Algorithm::German,
        Algorithm::Russian,
        Algorithm::French,
    ]
    .map(Stemmer::create);
    for _ in 0..n.max(1) {
        let paragraph = text::prose(&mut random, 400);
        for word in paragraph.split(|character: char| !character.is_alphabetic()) {
            for part in hyphenate(word, Lang::English).chain(hyphenate(word, Lang::German)) {
                checksum.word(part.len() as u64);
            }
            for stemmer in &stemmers {
                checksum.bytes(stemmer.stem(&word.to_lowercase()).as_bytes());
            }
        }
        let options =
            Options::new(30 + random.index(40)).wrap_algorithm(WrapAlgorithm::new_optimal_fit());
        for line in textwrap::wrap(&paragraph, options) {
            checksum.bytes(line.as_bytes());
        }
    }
    checksum.finish()
}
