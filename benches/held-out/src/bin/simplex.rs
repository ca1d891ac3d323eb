//! Linear programs: the simplex method and branches on integers.
#![no_main]

use microlp::{ComparisonOp, OptimizationDirection, Problem};
use support::{Checksum, Random};

/// Solves `n` problems.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut random = Random::new(0x519);
    let mut checksum = Checksum::new();
    for _ in 0..n.max(1) {
        let mut problem = Problem::new(OptimizationDirection::Maximize);
        let variables: Vec<_> = (0..20)
            .map(|_| problem.add_var(random.unit() * 9.0 + 1.0, (0.0, 50.0)))
            .collect();
        for _ in 0..15 {
            let row: Vec<_> = variables
                .iter()
                .map(|&variable| (variable, f64::from(random.below(9)) + 0.5))
                .collect();
            problem.add_constraint(&row, ComparisonOp::Le, 100.0 + f64::from(random.below(400)));
        }
        let solution = problem.solve().expect("a bounded problem with a solution");
        checksum.float((solution.objective() * 1e6).round());
    }
    checksum.finish()
}
