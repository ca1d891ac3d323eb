//! Resampling of audio: windowed sinc filters over channels.
#![no_main]

use rubato::{
    FastFixedIn, PolynomialDegree, Resampler, SincFixedIn, SincInterpolationParameters,
    SincInterpolationType, WindowFunction,
};
use support::{Checksum, Random};

/// Resamples `n` chunks of two channels.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut random = Random::new(0x4e5a);
    let mut checksum = Checksum::new();
    let parameters = SincInterpolationParameters {
        sinc_len: 64,
        f_cutoff: 0.95,
        oversampling_factor: 32,
        interpolation: SincInterpolationType::Cubic,
        window: WindowFunction::BlackmanHarris2,
    };
    let mut exact = SincFixedIn::<f32>::new(48_000.0 / 44_100.0, 2.0, parameters, 256, 2)
        .expect("valid parameters");
    let mut fast = FastFixedIn::<f64>::new(0.7, 1.5, PolynomialDegree::Septic, 256, 2)
        .expect("valid parameters");
    for chunk in 0..n.max(1) {
        let wave: Vec<Vec<f64>> = (0..2)
            .map(|channel| {
                (0..256)
                    .map(|at| {
                        (f64::from(chunk * 256 + at) * 0.03 * f64::from(channel + 1)).sin()
                            + random.unit() * 0.1
                    })
                    .collect()
            })
            .collect();
        let narrow: Vec<Vec<f32>> = wave
            .iter()
            .map(|channel| channel.iter().map(|&sample| sample as f32).collect())
            .collect();
        for channel in exact
            .process(&narrow, None)
            .expect("a chunk of the right length")
        {
            channel
                .iter()
                .for_each(|&sample| checksum.float(f64::from(sample)));
        }
        for channel in fast
            .process(&wave, None)
            .expect("a chunk of the right length")
        {
            channel.iter().for_each(|&sample| checksum.float(sample));
        }
    }
    checksum.finish()
}
