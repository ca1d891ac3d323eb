//! A grid of hexagons on the globe: projections, neighbours and hierarchies.
#![no_main]

use h3o::{LatLng, Resolution};
use support::{Checksum, Random};

/// Visits the cells around `n` places.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut random = Random::new(0x43);
    let mut checksum = Checksum::new();
    for _ in 0..n.max(1) {
        let place = LatLng::new(random.unit() * 170.0 - 85.0, random.unit() * 360.0 - 180.0);
        let place = place.expect("a place on the globe");
        let cell = place.to_cell(Resolution::Nine);
        checksum.word(u64::from(cell));
        for other in cell.grid_disk::<Vec<_>>(2) {
            let centre = LatLng::from(other);
            checksum.float((centre.lat() * 1e6).round() + (centre.lng() * 1e6).round());
            checksum.word(
                other
                    .children(Resolution::Ten)
                    .map(u64::from)
                    .fold(0, u64::wrapping_add),
            );
            checksum.word(other.parent(Resolution::Five).map_or(0, u64::from));
        }
        checksum.word(cell.boundary().len() as u64);
    }
    checksum.finish()
}
