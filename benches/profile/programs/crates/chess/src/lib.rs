//! Chess: generation of moves from magic bitboards, and of the positions that follow.

use cozy_chess::Board;

/// A position with many moves for both sides.
const POSITION: &str = "r3k3/pp2bpp1/2n1pn1p/3pP3/q2P1B2/2P2N2/P3QPPP/R4RK1 w q - 0 1";

/// Returns the number of positions after `depth` moves.
fn positions(board: &Board, depth: i32) -> u64 {
    if depth == 0 {
        return 1;
    }
    let mut count = 0;
    board.generate_moves(|moves| {
        for step in moves {
            let mut next = board.clone();
            next.play_unchecked(step);
            count += positions(&next, depth - 1);
        }
        false
    });
    count
}

/// Counts the positions after `n` moves. The time is exponential in `n`.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let board: Board = POSITION.parse().expect("a legal position");
    positions(&board, n) as i64
}
