//! SHA-256 and SHA-512: the schedule of the message in lanes, the rounds in scalars.

use sha2::{Digest, Sha256, Sha512};
use support::{Checksum, Random};

const SIZE: usize = 8 * 1024;

/// Hashes 8 KiB `n` times by both functions, with the last digest as beginning.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut random = Random::new(0x54a);
    let mut checksum = Checksum::new();
    let mut input: Vec<u8> = (0..SIZE / 8)
        .flat_map(|_| random.bits().to_le_bytes())
        .collect();
    for _ in 0..n.max(1) {
        let digest = Sha256::digest(&input);
        input[..32].copy_from_slice(&digest);
        let digest = Sha512::digest(&input);
        input[32..96].copy_from_slice(&digest);
        checksum.bytes(&digest);
    }
    checksum.finish()
}
