//! The Mandelbrot set: a float loop with a data-dependent exit.

use support::Checksum;

fn escape(re: f64, im: f64) -> u32 {
    let (mut x, mut y) = (0.0, 0.0);
    for step in 0..100 {
        let (xx, yy) = (x * x, y * y);
        if xx + yy > 4.0 {
            return step;
        }
        y = 2.0 * x * y + im;
        x = xx - yy + re;
    }
    100
}

/// Counts the steps to escape for each point of `n` rows of 64.
#[unsafe(no_mangle)]
pub extern "C" fn mandelbrot(n: i32) -> i64 {
    let mut checksum = Checksum::new();
    for row in 0..n {
        let im = f64::from(row) / f64::from(n) * 2.4 - 1.2;
        for column in 0..64 {
            let re = f64::from(column) / 64.0 * 3.0 - 2.1;
            checksum.word(u64::from(escape(re, im)));
        }
    }
    checksum.finish()
}
