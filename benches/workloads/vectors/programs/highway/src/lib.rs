//! HighwayHash: 64-bit lanes, multiplications of their halves, shuffles of bytes.

use highway::{HighwayHash, HighwayHasher, Key};
use support::{Checksum, Random};

const SIZE: usize = 16 * 1024;

/// Hashes 16 KiB `n` times, to 64, 128 and 256 bits.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut random = Random::new(0x414);
    let mut checksum = Checksum::new();
    let input: Vec<u8> = (0..SIZE / 8)
        .flat_map(|_| random.bits().to_le_bytes())
        .collect();
    let mut key = Key([1, 2, 3, 4]);
    for _ in 0..n.max(1) {
        key = Key(HighwayHasher::new(key).hash256(&input));
        key.0.iter().for_each(|&word| checksum.word(word));

        let mut hasher = HighwayHasher::new(key);
        let (head, tail) = input.split_at(random.index(SIZE));
        hasher.append(head);
        checksum.word(hasher.clone().finalize64());
        hasher.append(tail);
        hasher
            .finalize128()
            .iter()
            .for_each(|&word| checksum.word(word));
    }
    checksum.finish()
}
