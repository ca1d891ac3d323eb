//! Fourier transforms in `f32`: complex products in lanes, shuffles, long bodies. The
//! results are convolutions of integers, which are rounded: transforms with vectors add in another
//! order than others.

use rustfft::{FftPlanner, num_complex::Complex};
use support::{Checksum, Random};

/// Lengths of signals, with different decompositions.
const LENGTHS: [usize; 6] = [512, 384, 1024, 496, 2048, 256];

fn signal(random: &mut Random, len: usize) -> Vec<Complex<f32>> {
    (0..len)
        .map(|_| Complex::new(random.below(31) as f32 - 15.0, 0.0))
        .collect()
}

/// Convolves signals `n` times.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut random = Random::new(0xff7);
    let mut checksum = Checksum::new();
    let mut planner = FftPlanner::new();
    let signals = LENGTHS.map(|len| [signal(&mut random, len), signal(&mut random, len)]);
    for round in 0..n.max(1) as usize {
        let len = LENGTHS[round % LENGTHS.len()];
        let [mut a, mut b] = signals[round % LENGTHS.len()].clone();
        a.rotate_left(round % len);
        b[round * 5 % len].re = (round % 16) as f32;

        let forward = planner.plan_fft_forward(len);
        forward.process(&mut a);
        forward.process(&mut b);
        for (a, b) in a.iter_mut().zip(&b) {
            *a *= *b;
        }
        planner.plan_fft_inverse(len).process(&mut a);
        for value in a.iter().step_by(11) {
            checksum.word((value.re / len as f32).round() as i64 as u64);
        }
    }
    checksum.finish()
}
