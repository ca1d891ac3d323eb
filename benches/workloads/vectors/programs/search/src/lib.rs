//! Searches in text: comparisons of bytes, bit masks of lanes.

use memchr::{memchr, memchr_iter, memchr2_iter, memchr3_iter, memmem, memrchr};
use support::{Checksum, Random, text};

const SIZE: usize = 24 * 1024;

/// Searches 24 KiB of text `n` times for bytes and for words.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut random = Random::new(0x5ea);
    let mut checksum = Checksum::new();
    let mut haystack = text::prose(&mut random, SIZE).into_bytes();
    let finders = ["extraordinarily thread", "selvage, over", "needle in"].map(memmem::Finder::new);
    for _ in 0..n.max(1) {
        let position = random.index(haystack.len());
        haystack[position] = b'a' + random.below(26) as u8;
        let start = random.index(64);
        let haystack = &haystack[start..];

        for finder in &finders {
            let sum: usize = finder.find_iter(haystack).sum();
            checksum.word(sum as u64);
        }
        let reversed = memmem::rfind(haystack, b"warp weft");
        checksum.word(reversed.unwrap_or(0) as u64);
        checksum.word(memchr_iter(b'\n', haystack).count() as u64);
        checksum.word(memchr2_iter(b'Q', b'x', haystack).sum::<usize>() as u64);
        checksum.word(memchr3_iter(b'\t', b'Z', b'z', haystack).sum::<usize>() as u64);
        checksum.word(memchr(b'\r', haystack).unwrap_or(1) as u64);
        checksum.word(memrchr(b'#', haystack).unwrap_or(2) as u64);
        checksum.word(memchr_iter(b'e', haystack).count() as u64);
    }
    checksum.finish()
}
