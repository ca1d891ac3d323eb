//! Points on the two groups of the curve BLS12-381: a field of 381 bits and its extension.
#![no_main]

use bls12_381::{G1Affine, G1Projective, G2Affine, G2Projective, Scalar};
use support::{Checksum, Random};

/// Multiplies and adds `n` points.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut random = Random::new(0xb15);
    let mut checksum = Checksum::new();
    let (mut first, mut second) = (G1Projective::generator(), G2Projective::generator());
    for _ in 0..n.max(1) {
        let scalar = Scalar::from(random.bits()).double();
        first = first * scalar + G1Affine::generator();
        second = second.double() + second;
        checksum.bytes(&G1Affine::from(first).to_compressed());
        checksum.bytes(&G2Affine::from(second).to_compressed());
        checksum.bytes(&scalar.invert().unwrap_or(Scalar::one()).to_bytes());
    }
    checksum.finish()
}
