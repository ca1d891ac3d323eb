//! Ed25519: field arithmetic with wide products, constant-time table look-ups.

use ed25519_dalek::{Signature, Signer, SigningKey};
use support::{Checksum, Random};

/// Signs and verifies `n` messages, and checks that a changed message is refused.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut random = Random::new(0xed);
    let mut checksum = Checksum::new();
    for round in 0..n.max(1) {
        let mut seed = [0; 32];
        seed.copy_from_slice(&random.bytes(32));
        let key = SigningKey::from_bytes(&seed);
        let mut message = random.bytes(64 + (round as usize % 200));

        let signature: Signature = key.sign(&message);
        checksum.bytes(key.verifying_key().as_bytes());
        checksum.bytes(&signature.to_bytes());
        assert!(
            key.verifying_key()
                .verify_strict(&message, &signature)
                .is_ok()
        );
        if round % 4 == 0 {
            message[round as usize % 64] ^= 1;
            assert!(
                key.verifying_key()
                    .verify_strict(&message, &signature)
                    .is_err()
            );
        }
    }
    checksum.finish()
}
