//! Decimal numbers of 96 bits: sums, products, quotients, rounding and text.
#![no_main]

use rust_decimal::{Decimal, RoundingStrategy};
use support::{Checksum, Random};

/// Computes the interest of `n` accounts.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut random = Random::new(0xdec);
    let mut checksum = Checksum::new();
    let mut total = Decimal::ZERO;
    for _ in 0..n.max(1) {
        let mut balance = Decimal::new(i64::from(random.below(u32::MAX)), 2);
        let rate = Decimal::new(i64::from(1 + random.below(900)), 4);
        for month in 1..=12 {
            let interest = balance * rate / Decimal::from(12);
            balance += interest.round_dp_with_strategy(2, RoundingStrategy::MidpointNearestEven);
            balance -= Decimal::from(month) % (rate * Decimal::from(7));
        }
        let written = balance.to_string();
        checksum.bytes(written.as_bytes());
        let restored: Decimal = written.parse().expect("what was just written");
        total += restored.round_dp(2);
    }
    checksum.bytes(total.to_string().as_bytes());
    checksum.finish()
}
