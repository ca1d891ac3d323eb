//! Searches of paths: A*, Dijkstra's and an assignment problem.
#![no_main]

use pathfinding::kuhn_munkres::kuhn_munkres_min;
use pathfinding::matrix::Matrix;
use pathfinding::prelude::{astar, bfs, dijkstra_all, strongly_connected_components};
use support::{Checksum, Random};

/// Searches a maze of `n` rows.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut random = Random::new(0x9a7);
    let mut checksum = Checksum::new();
    let (width, height) = (40, n.max(4) as usize);
    let walls: Vec<bool> = (0..width * height).map(|_| random.chance(25)).collect();
    let near = |&at: &usize| {
        let mut steps = Vec::new();
        if at % width > 0 {
            steps.push(at - 1);
        }
        if at % width + 1 < width {
            steps.push(at + 1);
        }
        if at >= width {
            steps.push(at - width);
        }
        if at + width < walls.len() {
            steps.push(at + width);
        }
        steps.retain(|&step| !walls[step]);
        steps
    };
    let costs = |at: &usize| {
        near(at)
            .into_iter()
            .map(|step| (step, 1 + step as u32 % 7))
            .collect::<Vec<_>>()
    };
    let goal = walls.len() - 1;
    let rest = |&at: &usize| (at.abs_diff(goal) / width) as u32;
    for start in 0..8 {
        let path = astar(&start, costs, rest, |&at| at == goal);
        checksum.word(path.map_or(0, |(_, cost)| u64::from(cost)));
        let path = bfs(&start, near, |&at| at == goal);
        checksum.word(path.map_or(0, |path| path.len() as u64));
    }
    let reached = dijkstra_all(&0, costs);
    checksum.word(reached.values().map(|&(_, cost)| u64::from(cost)).sum());
    let all: Vec<usize> = (0..walls.len()).collect();
    checksum.word(strongly_connected_components(&all, near).len() as u64);
    let weights: Vec<Vec<i32>> = (0..30)
        .map(|_| (0..30).map(|_| random.below(100) as i32).collect())
        .collect();
    let weights = Matrix::from_rows(weights).expect("rows of one length");
    let (total, pairs) = kuhn_munkres_min(&weights);
    checksum.word(total as u64);
    pairs.iter().for_each(|&pair| checksum.word(pair as u64));
    checksum.finish()
}
