//! Matrix products with three nested loops. The time grows with the cube of `n`.

use std::ops::{Add, Mul};

use support::{Checksum, Random};

fn product<T: Copy + Add<Output = T> + Mul<Output = T>>(
    a: &[T],
    b: &[T],
    zero: T,
    n: usize,
) -> Vec<T> {
    let mut c = vec![zero; n * n];
    for row in 0..n {
        for column in 0..n {
            let mut sum = zero;
            for k in 0..n {
                sum = sum + a[row * n + k] * b[k * n + column];
            }
            c[row * n + column] = sum;
        }
    }
    c
}

/// Multiplies two `n` by `n` matrices of `f64`.
#[unsafe(no_mangle)]
pub extern "C" fn matrix_float(n: i32) -> i64 {
    let n = n as usize;
    let mut random = Random::new(0x3a7);
    let a: Vec<f64> = (0..n * n).map(|_| random.unit() - 0.5).collect();
    let b: Vec<f64> = (0..n * n).map(|_| random.unit() * 9.0).collect();
    let mut checksum = Checksum::new();
    for value in product(&a, &b, 0.0, n) {
        checksum.float(value);
    }
    checksum.finish()
}

/// Multiplies two `n` by `n` matrices of `i32`, with elements that cause no overflow.
#[unsafe(no_mangle)]
pub extern "C" fn matrix_integer(n: i32) -> i64 {
    let n = n as usize;
    let mut random = Random::new(0x3a8);
    let a: Vec<i32> = (0..n * n)
        .map(|_| random.below(1000) as i32 - 500)
        .collect();
    let b: Vec<i32> = (0..n * n).map(|_| random.below(1000) as i32).collect();
    let mut checksum = Checksum::new();
    for value in product(&a, &b, 0, n) {
        checksum.word(value as u64);
    }
    checksum.finish()
}
