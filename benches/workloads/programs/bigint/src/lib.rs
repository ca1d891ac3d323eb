//! Big integers: carries across 32-bit digits, Karatsuba and Toom-3 recursion,
//! long division, radix conversion.

use num_bigint::{BigInt, BigUint};
use num_integer::Integer;
use num_traits::{One, Zero};
use support::{Checksum, Random};

fn factorial(n: u32) -> BigUint {
    (2..=n).fold(BigUint::one(), |product, factor| product * factor)
}

fn fibonacci(n: u32) -> BigUint {
    let (mut a, mut b) = (BigUint::zero(), BigUint::one());
    for _ in 0..n {
        a += &b;
        std::mem::swap(&mut a, &mut b);
    }
    a
}

/// Computes π with Machin's formula, in fixed point with `digits` decimals.
fn pi(digits: u32) -> BigInt {
    let unit = BigInt::from(10u32).pow(digits + 10);
    let arctangent = |inverse: u32| {
        let square = BigInt::from(inverse * inverse);
        let mut term = &unit / inverse;
        let mut sum = term.clone();
        let mut divisor = 1u32;
        while !term.is_zero() {
            term = -(term / &square);
            divisor += 2;
            sum += &term / divisor;
        }
        sum
    };
    (arctangent(5) * 16 - arctangent(239) * 4) / BigInt::from(10u64.pow(10))
}

/// Computes with numbers of roughly `n` decimal digits.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let n = n.max(1) as u32;
    let mut random = Random::new(0xb1);
    let mut checksum = Checksum::new();

    let product = factorial(n / 2 + 10);
    checksum.bytes(product.to_string().as_bytes());
    let sequence = fibonacci(n * 4);
    checksum.bytes(sequence.to_str_radix(36).as_bytes());
    checksum.bytes(pi(n).to_string().as_bytes());

    let left = BigUint::from_bytes_le(&random.bytes(n as usize));
    let right = BigUint::from_bytes_le(&random.bytes(n as usize / 3 + 1));
    let wide = &left * &left + &right;
    let (quotient, remainder) = wide.div_rem(&right);
    checksum.bytes(&quotient.to_bytes_be());
    checksum.bytes(&remainder.to_bytes_be());
    checksum.bytes(&left.gcd(&product).to_bytes_le());
    checksum.bytes(&wide.sqrt().to_bytes_le());

    let modulus = BigUint::from_bytes_le(&random.bytes(24 + n as usize / 50)) | BigUint::one();
    checksum.bytes(&left.modpow(&right, &modulus).to_bytes_le());
    let parsed: BigInt = format!("-{wide}").parse().expect("digits");
    checksum.bytes(&(parsed >> 7u32).to_signed_bytes_le());
    checksum.finish()
}
