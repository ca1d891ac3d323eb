//! Bodies that attract each other: `f64` arithmetic with square roots and divisions.

use support::{Checksum, Random};

const BODIES: usize = 6;
const STEP: f64 = 1e-3;

#[derive(Clone, Copy)]
struct Body {
    position: [f64; 3],
    velocity: [f64; 3],
    mass: f64,
}

#[expect(
    clippy::needless_range_loop,
    reason = "several vectors are indexed in step"
)]
fn advance(bodies: &mut [Body; BODIES]) {
    for i in 0..BODIES {
        for j in i + 1..BODIES {
            let mut apart = [0.0; 3];
            // Softened, so that colliding bodies do not fly off.
            let mut square = 0.01;
            for axis in 0..3 {
                apart[axis] = bodies[i].position[axis] - bodies[j].position[axis];
                square += apart[axis] * apart[axis];
            }
            let pull = STEP / (square * square.sqrt());
            let (mine, theirs) = (bodies[i].mass, bodies[j].mass);
            for axis in 0..3 {
                bodies[i].velocity[axis] -= apart[axis] * theirs * pull;
                bodies[j].velocity[axis] += apart[axis] * mine * pull;
            }
        }
    }
    for body in bodies {
        for axis in 0..3 {
            body.position[axis] += body.velocity[axis] * STEP;
        }
    }
}

/// Computes a hundred times `n` steps of six bodies.
#[unsafe(no_mangle)]
pub extern "C" fn nbody(n: i32) -> i64 {
    let mut random = Random::new(0x4b0d);
    let mut bodies = [(); BODIES].map(|()| Body {
        position: [(); 3].map(|()| random.unit() * 8.0 - 4.0),
        velocity: [(); 3].map(|()| random.unit() - 0.5),
        mass: 0.1 + random.unit(),
    });
    for _ in 0..n * 100 {
        advance(&mut bodies);
    }
    let mut checksum = Checksum::new();
    for body in &bodies {
        body.position
            .iter()
            .chain(&body.velocity)
            .for_each(|&value| checksum.float(value));
    }
    checksum.finish()
}
