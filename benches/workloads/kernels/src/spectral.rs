//! The spectral norm of a part of an infinite matrix: conversions and divisions.

use support::Checksum;

fn element(row: usize, column: usize) -> f64 {
    let diagonal = (row + column) as u32;
    1.0 / f64::from(diagonal * (diagonal + 1) / 2 + row as u32 + 1)
}

fn multiply(vector: &[f64], element: impl Fn(usize, usize) -> f64) -> Vec<f64> {
    (0..vector.len())
        .map(|row| {
            vector
                .iter()
                .enumerate()
                .map(|(column, value)| element(row, column) * value)
                .sum()
        })
        .collect()
}

/// Computes the norm of the leading `n` by `n` part in ten rounds of power iteration: quadratic.
#[unsafe(no_mangle)]
pub extern "C" fn spectral_norm(n: i32) -> i64 {
    let mut left = vec![1.0; n as usize];
    let mut right = left.clone();
    for _ in 0..10 {
        right = multiply(&multiply(&left, element), |row, column| {
            element(column, row)
        });
        left = multiply(&multiply(&right, element), |row, column| {
            element(column, row)
        });
    }
    let (mut dot, mut square) = (0.0, 0.0);
    for (a, b) in left.iter().zip(&right) {
        dot += a * b;
        square += b * b;
    }
    let mut checksum = Checksum::new();
    checksum.float((dot / square).sqrt());
    checksum.finish()
}
