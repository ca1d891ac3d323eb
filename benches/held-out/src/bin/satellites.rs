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
        "1 08195U 75081A   06176.33215444  .00000099  00000-0  11873-3 0   813",
        "2 08195  64.1586 279.0717 6877146 264.7651  20.2257  2.00491383225656",
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
