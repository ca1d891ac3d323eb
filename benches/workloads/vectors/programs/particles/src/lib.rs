//! Several numbers at a time: particles in `f32`, a fractal in `f64` with masks, and prices of options
//! with exponentials and logarithms. Each lane computes what a scalar would.

use support::{Checksum, Random};
use wide::{f32x4, f32x8, f64x2};

/// Positions and velocities of particles, eight in each group.
struct Group {
    position: [f32x8; 3],
    velocity: [f32x8; 3],
}

fn step(groups: &mut [Group]) {
    let bodies: Vec<[f32; 3]> = groups
        .iter()
        .flat_map(|group| {
            let [x, y, z] = group.position.map(f32x8::to_array);
            (0..2).map(move |lane| [x[lane], y[lane], z[lane]])
        })
        .collect();
    for group in groups.iter_mut() {
        let mut force = [f32x8::ZERO; 3];
        for body in &bodies {
            let [x, y, z] =
                std::array::from_fn(|axis| f32x8::splat(body[axis]) - group.position[axis]);
            let square = x * x + y * y + z * z + f32x8::splat(0.05);
            let inverse = f32x8::ONE / (square * square.sqrt());
            force[0] += x * inverse;
            force[1] += y * inverse;
            force[2] += z * inverse;
        }
        for axis in 0..3 {
            group.velocity[axis] += force[axis] * f32x8::splat(1e-4);
            group.position[axis] += group.velocity[axis];
        }
    }
}

/// Returns how many iterations points of the Mandelbrot set take.
fn mandelbrot(x: f64x2, y: f64x2) -> f64x2 {
    let (mut real, mut imaginary, mut count) = (f64x2::ZERO, f64x2::ZERO, f64x2::ZERO);
    for _ in 0..60 {
        let (real_square, imaginary_square) = (real * real, imaginary * imaginary);
        let inside = (real_square + imaginary_square).simd_le(f64x2::splat(4.0));
        if inside.none() {
            break;
        }
        count += inside & f64x2::ONE;
        imaginary = (real + real) * imaginary + y;
        real = real_square - imaginary_square + x;
    }
    count
}

/// Returns prices of options by a formula with `exp`, `ln` and a polynomial.
fn prices(spot: f32x4, strike: f32x4, years: f32x4) -> f32x4 {
    let deviation = f32x4::splat(0.3) * years.sqrt();
    let first = ((spot / strike).ln() + f32x4::splat(0.065) * years) / deviation;
    let normal = |value: f32x4| {
        let magnitude = value.abs();
        let k = f32x4::ONE / (f32x4::ONE + f32x4::splat(0.231_641_9) * magnitude);
        let sum = k
            * (f32x4::splat(0.319_381_5)
                + k * (f32x4::splat(-0.356_563_8)
                    + k * (f32x4::splat(1.781_477_9) + k * f32x4::splat(-1.821_256))));
        let tail =
            sum * f32x4::splat(0.398_942_3) * (magnitude * magnitude * f32x4::splat(-0.5)).exp();
        value.simd_le(f32x4::ZERO).select(tail, f32x4::ONE - tail)
    };
    spot * normal(first) - strike * (years * f32x4::splat(-0.02)).exp() * normal(first - deviation)
}

/// Moves 64 particles `n` times, and computes `n` rows of a fractal and `n` sets of prices.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut random = Random::new(0x9a7);
    let mut checksum = Checksum::new();
    let mut lanes = || f32x8::new(std::array::from_fn(|_| random.unit() as f32 * 4.0 - 2.0));
    let mut groups: Vec<Group> = (0..8)
        .map(|_| Group {
            position: std::array::from_fn(|_| lanes()),
            velocity: [f32x8::ZERO; 3],
        })
        .collect();
    for round in 0..n.max(1) {
        step(&mut groups);

        let y = f64x2::splat(f64::from(round % 64) / 32.0 - 1.0);
        for column in 0..24 {
            let x = f64::from(column) / 10.0 - 2.0;
            let [left, right] = mandelbrot(f64x2::new([x, x + 0.05]), y).to_array();
            checksum.word((left * 64.0 + right) as u64);
        }

        for set in 0..32 {
            let spot = f32x4::new([90.0, 100.0, 110.0, 120.0 + set as f32]);
            let years = f32x4::splat(0.1 + (round % 32) as f32 / 16.0);
            let price = prices(spot, f32x4::splat(80.0 + 2.0 * set as f32), years);
            checksum.float(f64::from(price.to_array()[set % 4]));
        }
    }
    for group in &groups {
        for axis in group.position {
            for value in axis.to_array() {
                checksum.float(f64::from(value));
            }
        }
    }
    checksum.finish()
}
