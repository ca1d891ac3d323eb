//! Digests: MD5, SHA-1, RIPEMD, Whirlpool and BLAKE2.
#![no_main]

use blake2::{Blake2b512, Blake2s256};
use md5::{Digest, Md5};
use ripemd::Ripemd160;
use sha1::Sha1;
use support::{Checksum, Random};
use whirlpool::Whirlpool;

/// Digests `n` messages with each function.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut random = Random::new(0xd16e);
    let mut checksum = Checksum::new();
    for _ in 0..n.max(1) {
        let length = random.index(2000);
        let message = random.bytes(length);
        checksum.bytes(&Md5::digest(&message));
        checksum.bytes(&Sha1::digest(&message));
        checksum.bytes(&Ripemd160::digest(&message));
        checksum.bytes(&Whirlpool::digest(&message));
        checksum.bytes(&Blake2b512::digest(&message));
        checksum.bytes(&Blake2s256::digest(&message));
    }
    checksum.finish()
}
