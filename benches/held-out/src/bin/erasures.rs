//! Error correction: products in a field of 256 elements, inverted matrices.
#![no_main]

use reed_solomon_erasure::galois_8::ReedSolomon;
use support::{Checksum, Random};

/// Encodes `n` groups of shards and reconstructs lost ones.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut random = Random::new(0xe4a);
    let mut checksum = Checksum::new();
    let code = ReedSolomon::new(10, 4).expect("a valid number of shards");
    for _ in 0..n.max(1) {
        let mut shards: Vec<Vec<u8>> = (0..14).map(|_| random.bytes(512)).collect();
        code.encode(&mut shards).expect("shards of one length");
        shards[10..].iter().for_each(|shard| checksum.bytes(shard));
        let mut damaged: Vec<Option<Vec<u8>>> = shards.iter().cloned().map(Some).collect();
        for _ in 0..4 {
            damaged[random.index(14)] = None;
        }
        code.reconstruct(&mut damaged).expect("enough shards");
        assert!(damaged.into_iter().flatten().eq(shards));
    }
    checksum.finish()
}
