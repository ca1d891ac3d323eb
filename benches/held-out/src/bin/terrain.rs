//! Procedural noise: gradients, cells and fractal sums.
#![no_main]

use noise::{Fbm, MultiFractal, NoiseFn, OpenSimplex, Perlin, RidgedMulti, Worley};
use support::Checksum;

/// Samples `n` rows of a terrain.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut checksum = Checksum::new();
    let (perlin, simplex) = (Perlin::new(1), OpenSimplex::new(2));
    let cells = Worley::new(3).set_frequency(2.0);
    let sum = Fbm::<Perlin>::new(4).set_octaves(5).set_lacunarity(2.1);
    let ridges = RidgedMulti::<Perlin>::new(5).set_octaves(4);
    for y in 0..n.max(1) {
        for x in 0..32 {
            let place = [f64::from(x) * 0.13, f64::from(y) * 0.17];
            let value = perlin.get(place) + simplex.get([place[0], place[1], 0.5]);
            checksum.float(value + cells.get(place));
            checksum.float(sum.get(place) - ridges.get(place));
        }
    }
    checksum.finish()
}
