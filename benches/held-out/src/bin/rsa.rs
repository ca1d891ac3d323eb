//! RSA: primes, modular powers and signatures with numbers of some hundred bits.
#![no_main]

use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;
use rsa::traits::PublicKeyParts;
use rsa::{Pkcs1v15Encrypt, RsaPrivateKey};
use support::{Checksum, Random};

/// Creates `n` keys, and encrypts and decrypts with them.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut random = Random::new(0x45a);
    let mut checksum = Checksum::new();
    for _ in 0..n.max(1) {
        let mut source = ChaCha8Rng::seed_from_u64(random.bits());
        let key = RsaPrivateKey::new(&mut source, 256).expect("a key");
        let public = key.to_public_key();
        checksum.bytes(&public.n().to_bytes_be());
        for _ in 0..4 {
            let message = random.bytes(16);
            let sealed = public.encrypt(&mut source, Pkcs1v15Encrypt, &message);
            let sealed = sealed.expect("a short message");
            checksum.bytes(&sealed);
            let opened = key.decrypt(Pkcs1v15Encrypt, &sealed);
            assert_eq!(opened.expect("what was just sealed"), message);
        }
    }
    checksum.finish()
}
