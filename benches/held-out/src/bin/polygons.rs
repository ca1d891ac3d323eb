//! Geometry in the plane: intersections and unions of polygons, hulls, simplification.
#![no_main]

use geo::algorithm::{
    Area, BooleanOps, Centroid, Contains, ConvexHull, Simplify, TriangulateEarcut,
};
use geo::{Coord, LineString, Point, Polygon};
use support::{Checksum, Random};

/// Combines `n` pairs of polygons.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut random = Random::new(0x9e0);
    let mut checksum = Checksum::new();
    for _ in 0..n.max(1) {
        let (a, b) = (star(&mut random), star(&mut random));
        for shape in [a.intersection(&b), a.union(&b), a.difference(&b)] {
            checksum.float((shape.unsigned_area() * 1e6).round());
            checksum.word(shape.0.len() as u64);
        }
        let hull = a.convex_hull();
        checksum.float((hull.unsigned_area() * 1e6).round());
        checksum.word(a.simplify(&0.2).exterior().0.len() as u64);
        checksum.word(b.earcut_triangles().len() as u64);
        let centre = b.centroid().unwrap_or(Point::new(0.0, 0.0));
        checksum.word(u64::from(a.contains(&centre)));
    }
    checksum.finish()
}

fn star(random: &mut Random) -> Polygon<f64> {
    let centre = (random.unit() * 2.0, random.unit() * 2.0);
    let corners = 12 + random.index(40);
    let ring: Vec<Coord<f64>> = (0..corners)
        .map(|corner| {
            let angle = corner as f64 / corners as f64 * std::f64::consts::TAU;
            let radius = 0.5 + random.unit() * 2.0;
            Coord {
                x: centre.0 + angle.cos() * radius,
                y: centre.1 + angle.sin() * radius,
            }
        })
        .collect();
    Polygon::new(LineString::new(ring), Vec::new())
}
