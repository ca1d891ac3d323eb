//! Compressed sets: bit maps in three forms, and automata over sorted words.
#![no_main]

use fst::automaton::{Automaton, Str, Subsequence};
use fst::{IntoStreamer, Map, MapBuilder, Streamer};
use roaring::RoaringBitmap;
use support::{Checksum, Random, text};

/// Combines sets of `n` elements.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut random = Random::new(0x5e75);
    let mut checksum = Checksum::new();
    let n = n.max(1) as u32;
    let sparse: RoaringBitmap = (0..n).map(|_| random.below(10_000_000)).collect();
    let dense: RoaringBitmap = (0..n).map(|_| random.below(n * 2)).collect();
    let runs: RoaringBitmap = (0..n / 50).flat_map(|at| at * 100..at * 100 + 60).collect();
    for set in [
        &sparse & &dense,
        &dense | &runs,
        &runs - &dense,
        &sparse ^ &runs,
    ] {
        checksum.word(set.len());
        checksum.word(set.iter().fold(0, |sum, it| sum * 3 + u64::from(it)));
        let mut bytes = Vec::new();
        set.serialize_into(&mut bytes).expect("writing to memory");
        checksum.bytes(&bytes);
        checksum.word(u64::from(set.select(set.len() as u32 / 2).unwrap_or(0)));
    }

    let mut words: Vec<String> = (0..n)
        .map(|_| {
            format!(
                "{}{}{}",
                text::word(&mut random),
                text::word(&mut random),
                random.below(50)
            )
        })
        .collect();
    words.sort();
    words.dedup();
    let mut builder = MapBuilder::memory();
    for (word, index) in words.iter().zip(0..) {
        builder.insert(word, index).expect("sorted words");
    }
    let map = Map::new(builder.into_inner().expect("memory")).expect("an automaton");
    checksum.bytes(map.as_fst().as_bytes());
    for word in words.iter().step_by(3) {
        checksum.word(map.get(word).unwrap_or(u64::MAX));
    }
    let search = Subsequence::new("ste7").union(Str::new("the").starts_with());
    let mut found = map.search(search).into_stream();
    while let Some((word, index)) = found.next() {
        checksum.bytes(word);
        checksum.word(index);
    }
    let mut range = map.range().ge("m").lt("s").into_stream();
    while let Some((_, index)) = range.next() {
        checksum.word(index);
    }
    checksum.finish()
}
