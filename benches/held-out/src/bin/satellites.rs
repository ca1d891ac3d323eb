//! Orbits of satellites: series of sines in double precision.
#![no_main]

use sgp4::{Constants, Elements};
use support::{Checksum, Random};

/// Propagates two orbits to `n` times.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut random = Random::new(0x594);
    let mut checksum = Checksum::new();
    let near = (
        "1 25544U 98067A   20194.88612269 -.00002218  00000-0 -31515-4 0  9992",
        "2 25544  51.6461 221.2784 0001413  89.1723 280.4612 15.49507896236008",
    );
    let far = (
        "1 11801U          80230.29629788  .01431103  00000-0  14311-1      13",
        "2 11801  46.7916 230.4354 7318036  47.4722  10.4117  2.28537848    13",
    );
    for (first, second) in [near, far] {
        let elements = Elements::from_tle(first.as_bytes(), second.as_bytes());
        let constants = Constants::from_elements(&elements.expect("valid elements"));
        let constants = constants.expect("an orbit");
        for _ in 0..n.max(1) {
            let time = sgp4::MinutesSinceEpoch(random.unit() * 2000.0);
            if let Ok(state) = constants.propagate(time) {
                state
                    .position
                    .iter()
                    .for_each(|it| checksum.float((it * 1e6).round()));
                state
                    .velocity
                    .iter()
                    .for_each(|it| checksum.float((it * 1e9).round()));
            }
        }
    }
    checksum.finish()
}
