//! CoreMark: lists, matrices, a state machine and CRCs.
//!
//! The crate's own driver needs a clock, which this target does not have, so this
//! workload runs the parts itself, and the embedder measures the time. The three CRCs
//! are compared with those that CoreMark publishes for its 2K performance run, so a
//! wrong result causes a trap as well as a wrong checksum.

use coremark::{
    list::core_list_init,
    matrix::core_init_matrix,
    state::core_init_state,
    types::{
        ALL_ALGORITHMS_MASK, CoreResults, LIST_KNOWN_CRC, MATRIX_KNOWN_CRC, NUM_ALGORITHMS,
        STATE_KNOWN_CRC, TOTAL_DATA_SIZE,
    },
    util::crcu16,
};
use support::Checksum;

/// Number of the published run: seeds 0, 0, 0x66 over 2,000 bytes.
const PERFORMANCE_2K: usize = 3;

/// Runs `n` iterations.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let size = TOTAL_DATA_SIZE / NUM_ALGORITHMS;
    let mut results = CoreResults {
        seed3: 0x66,
        size,
        iterations: n.max(1) as u32,
        execs: ALL_ALGORITHMS_MASK,
        state_mem: core_init_state(size, 0),
        ..CoreResults::default()
    };
    core_init_matrix(size, 0, &mut results.mat);
    let mut list = core_list_init(size, 0);

    for iteration in 0..results.iterations {
        for finder in [1, -1] {
            let crc = list.bench(&mut results, finder);
            results.crc = crcu16(crc, results.crc);
        }
        if iteration == 0 {
            results.crclist = results.crc;
        }
    }
    assert_eq!(results.crclist, LIST_KNOWN_CRC[PERFORMANCE_2K]);
    assert_eq!(results.crcmatrix, MATRIX_KNOWN_CRC[PERFORMANCE_2K]);
    assert_eq!(results.crcstate, STATE_KNOWN_CRC[PERFORMANCE_2K]);

    let mut checksum = Checksum::new();
    checksum.word(u64::from(results.crc));
    checksum.word(u64::from(results.iterations));
    checksum.finish()
}
