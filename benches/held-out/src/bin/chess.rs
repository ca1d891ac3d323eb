//! Chess: legal moves from bit boards, notation, and counts of positions.
#![no_main]

use shakmaty::fen::Fen;
use shakmaty::san::SanPlus;
use shakmaty::{Chess, EnPassantMode, Position, perft};
use support::{Checksum, Random};

/// Plays `n` random moves, and counts what may follow.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut random = Random::new(0xc4e5);
    let mut checksum = Checksum::new();
    let mut position = Chess::default();
    for _ in 0..n.max(1) {
        let moves = position.legal_moves();
        if moves.is_empty() {
            position = Chess::default();
            continue;
        }
        let chosen = random.pick(&moves).clone();
        let notation = SanPlus::from_move(position.clone(), &chosen).to_string();
        checksum.bytes(notation.as_bytes());
        position.play_unchecked(&chosen);
        let board = Fen::from_position(position.clone(), EnPassantMode::Legal).to_string();
        let restored: Fen = board.parse().expect("what was just written");
        checksum.bytes(restored.to_string().as_bytes());
        checksum.word(perft(&position, 2));
    }
    checksum.finish()
}
