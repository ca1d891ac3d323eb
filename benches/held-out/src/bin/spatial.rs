//! Spatial indices: an R-tree of boxes and a tree of points in three dimensions.
#![no_main]

use kiddo::{KdTree, SquaredEuclidean};
use rstar::primitives::Rectangle;
use rstar::{AABB, RTree};
use support::{Checksum, Random};

/// Indexes and searches `n` objects.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut random = Random::new(0x5a7);
    let mut checksum = Checksum::new();
    let mut tree: RTree<Rectangle<[f64; 2]>> = RTree::new();
    let mut points: KdTree<f64, 3> = KdTree::new();
    for index in 0..n.max(1) as u64 {
        let (x, y) = (random.unit() * 100.0, random.unit() * 100.0);
        tree.insert(Rectangle::from_corners(
            [x, y],
            [x + random.unit(), y + random.unit()],
        ));
        points.add(&[x, y, random.unit() * 100.0], index);
    }
    for _ in 0..n.max(1) / 2 {
        let (x, y) = (random.unit() * 100.0, random.unit() * 100.0);
        let area = AABB::from_corners([x, y], [x + 5.0, y + 5.0]);
        checksum.word(tree.locate_in_envelope_intersecting(area).count() as u64);
        let nearest = tree.nearest_neighbor([x, y]).expect("an object");
        checksum.float(nearest.lower()[0]);
        for neighbour in points.nearest_n::<SquaredEuclidean>(&[x, y, 50.0], 4) {
            checksum.word(neighbour.item);
            checksum.float(neighbour.distance);
        }
    }
    checksum.finish()
}
