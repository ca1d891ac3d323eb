//! ECDSA on the curve P-256: field elements of four 64-bit words.
#![no_main]

use p256::ecdsa::signature::{Signer, Verifier};
use p256::ecdsa::{Signature, SigningKey, VerifyingKey};
use support::{Checksum, Random};

/// Signs and verifies `n` messages.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut random = Random::new(0x256);
    let mut checksum = Checksum::new();
    for _ in 0..n.max(1) {
        let key = SigningKey::from_slice(&random.bytes(32)).expect("a number below the order");
        let message = random.bytes(100);
        let signature: Signature = key.sign(&message);
        checksum.bytes(&signature.to_bytes());
        let public = VerifyingKey::from(&key);
        checksum.word(u64::from(public.verify(&message, &signature).is_ok()));
        checksum.word(u64::from(public.verify(&message[1..], &signature).is_ok()));
    }
    checksum.finish()
}
