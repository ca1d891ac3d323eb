//! Suppression of noise in speech: a recurrent neural network, transforms and pitch search.
#![no_main]

use nnnoiseless::DenoiseState;
use support::{Checksum, Random};

/// Filters `n` frames of ten milliseconds.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut random = Random::new(0xde40);
    let mut checksum = Checksum::new();
    let mut state = DenoiseState::new();
    let mut output = [0.0; DenoiseState::FRAME_SIZE];
    for frame in 0..n.max(1) {
        let input: Vec<f32> = (0..DenoiseState::FRAME_SIZE)
            .map(|at| {
                let time = (frame as f32).mul_add(480.0, at as f32) / 48_000.0;
                (time * 900.0).sin() * 8000.0 + (random.unit() as f32 - 0.5) * 4000.0
            })
            .collect();
        let voice = state.process_frame(&mut output, &input);
        checksum.float(f64::from(voice));
        output
            .iter()
            .for_each(|&sample| checksum.float(f64::from(sample)));
    }
    checksum.finish()
}
