//! SHA-2 and SHA-3: unrolled 32-bit and 64-bit rounds with many live locals.

use sha2::{Sha256, Sha512};
use sha3::{Digest, Sha3_256, Sha3_512};
use support::{Checksum, Random};

fn digest<D: Digest>(input: &[u8], random: &mut Random, checksum: &mut Checksum) {
    let mut hasher = D::new();
    let mut rest = input;
    while !rest.is_empty() {
        let (piece, tail) = rest.split_at(rest.len().min(1 + random.index(500)));
        hasher.update(piece);
        rest = tail;
    }
    checksum.bytes(&hasher.finalize());
}

/// Hashes `n` KiB with four functions, in pieces of uneven length.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut random = Random::new(0x5a);
    let input = random.bytes(n.max(1) as usize * 1024);
    let mut checksum = Checksum::new();
    digest::<Sha256>(&input, &mut random, &mut checksum);
    digest::<Sha512>(&input, &mut random, &mut checksum);
    digest::<Sha3_256>(&input, &mut random, &mut checksum);
    digest::<Sha3_512>(&input, &mut random, &mut checksum);
    checksum.finish()
}
