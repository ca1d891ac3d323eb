//! BLAKE3, portable: long straight-line 32-bit arithmetic with rotations, and a
//! tree of chunks.

use support::{Checksum, Random};

/// Hashes `n` KiB: plain, keyed, with key derivation, and with extendable output.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut random = Random::new(0xb3);
    let input = random.bytes(n.max(1) as usize * 1024);
    let mut checksum = Checksum::new();

    let digest = blake3::hash(&input);
    checksum.bytes(digest.as_bytes());
    checksum.bytes(blake3::keyed_hash(digest.as_bytes(), &input).as_bytes());
    checksum.bytes(&blake3::derive_key("backstitch workloads", &input));

    let mut hasher = blake3::Hasher::new();
    let mut rest = input.as_slice();
    while !rest.is_empty() {
        let (piece, tail) = rest.split_at(rest.len().min(1 + random.index(3000)));
        hasher.update(piece);
        rest = tail;
    }
    let mut output = vec![0; input.len() / 4];
    hasher.finalize_xof().fill(&mut output);
    checksum.bytes(&output);
    checksum.finish()
}
