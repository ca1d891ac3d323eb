//! XXH3: multiplications of 32-bit lanes to 64 bits, shuffles, additions.

use support::{Checksum, Random};
use xxhash_rust::xxh3::{Xxh3, xxh3_64_with_seed, xxh3_128_with_seed};

const SIZE: usize = 32 * 1024;

/// Hashes 32 KiB `n` times: at once, in pieces, and to 128 bits.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut random = Random::new(0x443);
    let mut checksum = Checksum::new();
    let input: Vec<u8> = (0..SIZE / 8)
        .flat_map(|_| random.bits().to_le_bytes())
        .collect();
    let mut seed = 1;
    for _ in 0..n.max(1) {
        let (start, end) = (random.index(64), input.len() - random.index(64));
        seed = xxh3_64_with_seed(&input[start..end], seed);
        checksum.word(seed);

        let mut hasher = Xxh3::with_seed(seed);
        for piece in input.chunks(1000 + random.index(1000)) {
            hasher.update(piece);
        }
        checksum.word(hasher.digest());

        let wide = xxh3_128_with_seed(&input[..end], seed);
        checksum.word(wide as u64);
        checksum.word((wide >> 64) as u64);
    }
    checksum.finish()
}
