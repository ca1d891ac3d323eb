//! The sieve of Eratosthenes.

use support::Checksum;

/// Computes the primes below a thousand times `n`.
#[unsafe(no_mangle)]
pub extern "C" fn sieve(n: i32) -> i64 {
    let limit = n as usize * 1000;
    let mut composite = vec![false; limit];
    let mut checksum = Checksum::new();
    for candidate in 2..limit {
        if composite[candidate] {
            continue;
        }
        checksum.word(candidate as u64);
        for multiple in (candidate * candidate..limit).step_by(candidate) {
            composite[multiple] = true;
        }
    }
    checksum.finish()
}
