//! ChaCha20 and Poly1305: messages that are encrypted and authenticated.
#![no_main]

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};
use support::{Checksum, Random, text};

/// Encrypts and decrypts `n` messages of some KiB.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut random = Random::new(0xcc20);
    let mut checksum = Checksum::new();
    let cipher = ChaCha20Poly1305::new_from_slice(&random.bytes(32)).expect("a key");
    for _ in 0..n.max(1) {
        let length = 200 + random.index(4000);
        let message = text::prose(&mut random, length);
        let (nonce, aad) = (random.bytes(12), random.bytes(20));
        let nonce = Nonce::from_slice(&nonce);
        let sealed = Payload {
            msg: message.as_bytes(),
            aad: &aad,
        };
        let mut sealed = cipher.encrypt(nonce, sealed).expect("a short message");
        checksum.bytes(&sealed);
        let opened = cipher.decrypt(
            nonce,
            Payload {
                msg: &sealed,
                aad: &aad,
            },
        );
        assert_eq!(opened.expect("what was just sealed"), message.as_bytes());
        sealed[7] ^= 1;
        let opened = cipher.decrypt(
            nonce,
            Payload {
                msg: &sealed,
                aad: &aad,
            },
        );
        checksum.word(u64::from(opened.is_err()));
    }
    checksum.finish()
}
