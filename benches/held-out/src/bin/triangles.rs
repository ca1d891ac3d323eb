//! Triangulations: Delaunay's in two ways, and that of polygons.
#![no_main]

use delaunator::Point;
use spade::{DelaunayTriangulation, Point2, Triangulation};
use support::{Checksum, Random};

/// Triangulates `n` points.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut random = Random::new(0xde1a);
    let mut checksum = Checksum::new();
    let points: Vec<Point> = (0..n.max(3))
        .map(|_| Point {
            x: random.unit() * 100.0,
            y: random.unit() * 60.0,
        })
        .collect();
    let result = delaunator::triangulate(&points);
    result
        .triangles
        .iter()
        .for_each(|&index| checksum.word(index as u64));
    let mut triangulation = DelaunayTriangulation::<Point2<f64>>::new();
    for point in &points {
        triangulation
            .insert(Point2::new(point.x, point.y))
            .expect("a finite point");
    }
    checksum.word(triangulation.num_inner_faces() as u64);
    for edge in triangulation.undirected_edges() {
        checksum.float((edge.length_2() * 1e6).round());
    }
    let ring: Vec<f64> = (0..n.max(3))
        .flat_map(|at| {
            let angle = f64::from(at) / f64::from(n.max(3)) * std::f64::consts::TAU;
            let radius = 1.0 + random.unit();
            [angle.cos() * radius, angle.sin() * radius]
        })
        .collect();
    let ears = earcutr::earcut(&ring, &[], 2).expect("a polygon");
    ears.iter().for_each(|&index| checksum.word(index as u64));
    checksum.finish()
}
