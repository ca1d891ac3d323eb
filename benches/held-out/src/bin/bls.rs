//! Pairings on the curve BLS12-381: towers of fields of 381 bits.
#![no_main]

use bls12_381::{G1Affine, G1Projective, G2Affine, G2Projective, Scalar, pairing};
use support::{Checksum, Random};

/// Checks the bilinearity of `n` pairings.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut random = Random::new(0xb15);
    let mut checksum = Checksum::new();
    for _ in 0..n.max(1) {
        let (a, b) = (Scalar::from(random.bits()), Scalar::from(random.bits()));
        let first = G1Affine::from(G1Projective::generator() * a);
        let second = G2Affine::from(G2Projective::generator() * b);
        checksum.bytes(&first.to_compressed());
        checksum.bytes(&second.to_compressed());
        let left = pairing(&first, &second);
        let right = pairing(&G1Affine::generator(), &G2Affine::generator()) * (a * b);
        checksum.word(u64::from(left == right));
    }
    checksum.finish()
}
