//! Arrays of several dimensions: views, broadcasts, sums along axes.
#![no_main]

use ndarray::{Array1, Array2, Array3, Axis, s};
use support::{Checksum, Random};

/// Transforms arrays of up to `n` rows.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut random = Random::new(0xa44a);
    let mut checksum = Checksum::new();
    let n = n.max(4) as usize;
    let a = Array2::from_shape_fn((n, n), |_| random.unit());
    let b = Array2::from_shape_fn((n, n), |_| random.unit() - 0.5);
    let product = a.dot(&b.t());
    checksum.float(product.sum());
    let means = product.mean_axis(Axis(0)).expect("rows");
    let centred = &product - &means;
    checksum.float(centred.mapv(f64::abs).sum());
    for row in centred.slice(s![..;2, 1..;3]).rows() {
        checksum.float(row.dot(&row));
    }
    let cube = Array3::from_shape_fn((8, n, n), |(x, y, z)| (x * y) as f64 - z as f64);
    for axis in 0..3 {
        let sums = cube.sum_axis(Axis(axis));
        checksum.float(sums.diag().iter().fold(0.0, |sum, value| sum * 0.5 + value));
    }
    let vector = Array1::linspace(-1.0, 1.0, n);
    checksum.float(
        product
            .dot(&vector)
            .iter()
            .copied()
            .fold(f64::MIN, f64::max),
    );
    checksum.finish()
}
