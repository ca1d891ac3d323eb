//! Satisfiability: clause learning on random formulas.
#![no_main]

use batsat::{BasicSolver, Lit, SolverInterface, lbool};
use support::{Checksum, Random};

/// Solves `n` formulas of 60 variables.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut random = Random::new(0x5a7);
    let mut checksum = Checksum::new();
    for _ in 0..n.max(1) {
        let mut solver = BasicSolver::default();
        let variables: Vec<_> = (0..60).map(|_| solver.new_var_default()).collect();
        for _ in 0..250 {
            let literal = |_| Lit::new(*random.pick(&variables), random.chance(50));
            let mut clause: Vec<Lit> = (0..3).map(literal).collect();
            solver.add_clause_reuse(&mut clause);
        }
        let is_satisfied = solver.solve_limited(&[]) == lbool::TRUE;
        checksum.word(u64::from(is_satisfied));
        if is_satisfied {
            for &variable in &variables {
                checksum.word(u64::from(solver.value_var(variable) == lbool::TRUE));
            }
        }
    }
    checksum.finish()
}
