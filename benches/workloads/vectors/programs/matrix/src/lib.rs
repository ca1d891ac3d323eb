//! Products of matrices in `f32` and `f64`: packed panels, and a kernel that keeps a tile of sums in
//! locals. All numbers are small integers, so that sums are exact in any order.

use support::{Checksum, Random};

const SIZE: usize = 72;

/// Multiplies matrices with 72 rows `n` times in both types.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut random = Random::new(0x3a7);
    let mut checksum = Checksum::new();
    let mut numbers = || -> Vec<f64> {
        (0..SIZE * SIZE)
            .map(|_| f64::from(random.below(17)) - 8.0)
            .collect()
    };
    let (a, b) = (numbers(), numbers());
    let [single_a, single_b] =
        [&a, &b].map(|matrix| -> Vec<f32> { matrix.iter().map(|&number| number as f32).collect() });
    let mut c = vec![0.0; SIZE * SIZE];
    let mut single_c = vec![0.0; SIZE * SIZE];
    for round in 0..n.max(1) as usize {
        // Other sizes have incomplete tiles. Transposed matrices have other strides.
        let size = SIZE - round % 4;
        let (row, column) = if round % 2 == 0 {
            (SIZE as isize, 1)
        } else {
            (1, SIZE as isize)
        };
        // SAFETY: all elements of the matrices with `size` rows and these strides are in the
        // vectors, which have `SIZE * SIZE` elements.
        unsafe {
            matrixmultiply::sgemm(
                size,
                size,
                size,
                1.0,
                single_a.as_ptr(),
                row,
                column,
                single_b.as_ptr(),
                SIZE as isize,
                1,
                (round % 2) as f32,
                single_c.as_mut_ptr(),
                SIZE as isize,
                1,
            );
            matrixmultiply::dgemm(
                size,
                size,
                size,
                2.0,
                a.as_ptr(),
                row,
                column,
                b.as_ptr(),
                SIZE as isize,
                1,
                0.0,
                c.as_mut_ptr(),
                SIZE as isize,
                1,
            );
        }
        checksum.float(f64::from(single_c[(round * 31) % (size * size)]));
        checksum.float(c[(round * 17) % (size * size)]);
    }
    c.iter().for_each(|&number| checksum.float(number));
    checksum.finish()
}
