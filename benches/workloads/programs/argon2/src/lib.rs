//! Argon2: 64-bit multiply-add mixing over a memory that is read in an
//! unpredictable order.

use argon2::{Algorithm, Argon2, Params, Version};
use support::Checksum;

/// Derives keys with `n` KiB of memory (at least eight), with each of the three variants.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut checksum = Checksum::new();
    let memory = n.max(8) as u32;
    for (algorithm, passes) in [
        (Algorithm::Argon2d, 1),
        (Algorithm::Argon2i, 1),
        (Algorithm::Argon2id, 2),
    ] {
        let params = Params::new(memory, passes, 1, Some(64)).expect("parameters in range");
        let hasher = Argon2::new(algorithm, Version::V0x13, params);
        let mut key = [0; 64];
        hasher
            .hash_password_into(b"a stitch in time", b"saves nine, salted", &mut key)
            .expect("inputs in range");
        checksum.bytes(&key);
    }
    checksum.finish()
}
