//! Calls: deep recursion, and calls through tables.

use std::hint::black_box;

use support::{Checksum, Random};

#[inline(never)]
fn ackermann(m: u32, n: u32) -> u32 {
    match (m, n) {
        (0, n) => n + 1,
        (m, 0) => ackermann(m - 1, 1),
        (m, n) => ackermann(m - 1, ackermann(m, n - 1)),
    }
}

/// Computes Ackermann's function of 2 and 300 `n` times: recursion six hundred deep.
#[unsafe(no_mangle)]
pub extern "C" fn calls_deep(n: i32) -> i64 {
    (0..n)
        .map(|_| i64::from(ackermann(black_box(2), black_box(300))))
        .sum()
}

trait Shape {
    fn area(&self) -> f64;
    fn grow(&mut self, by: f64);
}

struct Square(f64);
struct Disc(f64);
struct Ring {
    inner: f64,
    outer: f64,
}

impl Shape for Square {
    fn area(&self) -> f64 {
        self.0 * self.0
    }

    fn grow(&mut self, by: f64) {
        self.0 += by;
    }
}

impl Shape for Disc {
    fn area(&self) -> f64 {
        std::f64::consts::PI * self.0 * self.0
    }

    fn grow(&mut self, by: f64) {
        self.0 *= 1.0 + by;
    }
}

impl Shape for Ring {
    fn area(&self) -> f64 {
        Disc(self.outer).area() - Disc(self.inner).area()
    }

    fn grow(&mut self, by: f64) {
        self.outer += by;
        self.inner += by / 2.0;
    }
}

/// Makes a thousand times `n` virtual calls on shapes in a random order.
#[unsafe(no_mangle)]
pub extern "C" fn calls_indirect(n: i32) -> i64 {
    let mut random = Random::new(0xca11);
    let mut shapes: Vec<Box<dyn Shape>> = (0..97)
        .map(|_| -> Box<dyn Shape> {
            match random.below(3) {
                0 => Box::new(Square(random.unit())),
                1 => Box::new(Disc(random.unit())),
                _ => Box::new(Ring {
                    inner: random.unit(),
                    outer: 1.0 + random.unit(),
                }),
            }
        })
        .collect();
    let mut total = 0.0;
    let len = shapes.len();
    for i in 0..n as usize * 500 {
        let shape = &mut shapes[i * 31 % len];
        total += shape.area();
        shape.grow(1e-9);
    }
    let mut checksum = Checksum::new();
    checksum.float(total);
    checksum.finish()
}
