//! Text differences: divide and conquer over two sequences, recursion, vectors
//! indexed by signed diagonals.

use similar::{Algorithm, ChangeTag, TextDiff};
use support::{Checksum, Random, text};

fn edited(random: &mut Random, original: &str) -> String {
    let mut out = String::new();
    for line in original.lines() {
        match random.below(12) {
            0 => {}
            1 => {
                text::sentence(random, &mut out);
                out.push('\n');
                out.push_str(line);
                out.push('\n');
            }
            2 => {
                out.push_str(&line.replace("the", "this"));
                out.push('\n');
            }
            _ => {
                out.push_str(line);
                out.push('\n');
            }
        }
    }
    out
}

/// Compares texts of `n` lines by line, word and character.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut random = Random::new(0xd1f);
    let mut checksum = Checksum::new();
    let mut old = String::new();
    for _ in 0..n.max(1) {
        text::sentence(&mut random, &mut old);
        old.push('\n');
    }
    let new = edited(&mut random, &old);

    for algorithm in [Algorithm::Myers, Algorithm::Patience] {
        let diff = TextDiff::configure()
            .algorithm(algorithm)
            .diff_lines(&old, &new);
        checksum.float(f64::from(diff.ratio()));
        let unified = diff
            .unified_diff()
            .context_radius(2)
            .header("old", "new")
            .to_string();
        checksum.bytes(unified.as_bytes());
    }
    let words = TextDiff::from_words(&old, &new);
    for change in words.iter_all_changes() {
        checksum.word(match change.tag() {
            ChangeTag::Equal => 1,
            ChangeTag::Delete => 2,
            ChangeTag::Insert => 3,
        });
        checksum.bytes(change.value().as_bytes());
    }
    for (before, after) in old.lines().zip(new.lines()).take(n as usize / 4 + 1) {
        let characters = TextDiff::from_chars(before, after);
        checksum.word(characters.ops().len() as u64);
        checksum.float(f64::from(characters.ratio()));
    }
    checksum.finish()
}
