//! An editor's text: a tree of chunks with counts of characters and lines.
#![no_main]

use ropey::Rope;
use support::{Checksum, Random, text};

/// Makes `n` changes.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut random = Random::new(0x409e);
    let mut checksum = Checksum::new();
    let mut rope = Rope::from_str(&text::prose(&mut random, 20_000));
    for _ in 0..n.max(1) {
        let at = random.index(rope.len_chars());
        match random.below(4) {
            0 => {
                let end = rope.len_chars().min(at + random.index(60));
                rope.remove(at..end);
            }
            1 => rope.insert_char(at, 'é'),
            2 => {
                let line = rope.char_to_line(at);
                checksum.bytes(rope.line(line).to_string().as_bytes());
            }
            _ => rope.insert(at, &text::prose(&mut random, 20)),
        }
        checksum.word(rope.char_to_byte(rope.len_chars() / 2) as u64);
    }
    for chunk in rope.chunks() {
        checksum.bytes(chunk.as_bytes());
    }
    checksum.finish()
}
