//! BLAKE3: four chunks are hashed at once, one in each lane. 32-bit additions, exclusive ors,
//! rotations, and transposed loads.

use support::{Checksum, Random};

const SIZE: usize = 32 * 1024;

/// Hashes 32 KiB `n` times, each time with the last output as key.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut random = Random::new(0x5b3);
    let mut checksum = Checksum::new();
    let input: Vec<u8> = (0..SIZE / 8)
        .flat_map(|_| random.bits().to_le_bytes())
        .collect();
    let mut key = [0; 32];
    let mut output = [0; 256];
    for _ in 0..n.max(1) {
        let mut hasher = blake3::Hasher::new_keyed(&key);
        hasher.update(&input);
        hasher.finalize_xof().fill(&mut output);
        key.copy_from_slice(&output[..32]);
        checksum.bytes(&output);
    }
    checksum.finish()
}
