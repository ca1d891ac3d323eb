//! Satisfiability: clause learning on random formulas.
#![no_main]

use splr::{Certificate, Config, SolveIF, Solver};
use support::{Checksum, Random};

/// Solves formulas of 60 variables, `n` of them.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut random = Random::new(0x5a7);
    let mut checksum = Checksum::new();
    for _ in 0..n.max(1) {
        let clauses: Vec<Vec<i32>> = (0..250)
            .map(|_| {
                (0..3)
                    .map(|_| {
                        let variable = 1 + random.below(60) as i32;
                        if random.chance(50) {
                            variable
                        } else {
                            -variable
                        }
                    })
                    .collect()
            })
            .collect();
        let solver = Solver::try_from((Config::default(), clauses.as_slice()));
        match solver.map(|mut solver| solver.solve()) {
            Ok(Ok(Certificate::SAT(model))) => model
                .iter()
                .for_each(|&literal| checksum.word(i64::from(literal).cast_unsigned())),
            Ok(Ok(Certificate::UNSAT)) => checksum.word(0),
            Ok(Err(_)) | Err(_) => checksum.word(1),
        }
    }
    checksum.finish()
}
