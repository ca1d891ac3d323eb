//! Fourier transforms: long bodies of `f64` arithmetic behind `dyn Fft`, twiddle
//! factors with sine and cosine, permutations.

use rustfft::{FftPlanner, num_complex::Complex};
use support::{Checksum, Random};

fn absorb(checksum: &mut Checksum, values: &[Complex<f64>]) {
    for value in values {
        checksum.float(value.re);
        checksum.float(value.im);
    }
}

/// Convolves and transforms signals of lengths near `n`: a power of two, a product of
/// small primes, and a prime.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let n = n.max(8) as usize;
    let mut random = Random::new(0xff);
    let mut checksum = Checksum::new();
    let mut planner = FftPlanner::new();
    let prime = (n..).find(|n| (2..).take_while(|d| d * d <= *n).all(|d| n % d != 0));

    for len in [
        n.next_power_of_two(),
        n.next_multiple_of(30),
        prime.expect("there is one"),
    ] {
        let forward = planner.plan_fft_forward(len);
        let inverse = planner.plan_fft_inverse(len);
        let signal: Vec<Complex<f64>> = (0..len)
            .map(|_| Complex::new(random.unit() - 0.5, random.unit() - 0.5))
            .collect();
        let mut spectrum = signal.clone();
        forward.process(&mut spectrum);
        absorb(&mut checksum, &spectrum);

        for value in &mut spectrum {
            *value = *value * value.conj() / len as f64;
        }
        inverse.process(&mut spectrum);
        absorb(&mut checksum, &spectrum);
        checksum.float(
            spectrum
                .iter()
                .map(|value| value.norm())
                .fold(0.0, f64::max),
        );
    }
    checksum.finish()
}
