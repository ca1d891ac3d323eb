//! Alignment of sequences by dynamic programming: sixteen cells of a block at once in saturating
//! 16-bit arithmetic, shifts of lanes, look-ups of scores.

use block_aligner::{cigar::Cigar, scan_block::*, scores::*};
use support::{Checksum, Random};

/// Lengths of blocks.
const BLOCK: std::ops::RangeInclusive<usize> = 32..=128;

fn mutated(random: &mut Random, sequence: &[u8], alphabet: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for &letter in sequence {
        match random.below(12) {
            0 => out.push(*random.pick(alphabet)),
            1 => {}
            2 => out.extend([letter, *random.pick(alphabet)]),
            _ => out.push(letter),
        }
    }
    out
}

/// Aligns `n` pairs of sequences of nucleotides and of amino acids.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut random = Random::new(0xd2a);
    let mut checksum = Checksum::new();
    let gaps = Gaps {
        open: -11,
        extend: -1,
    };
    for round in 0..n.max(1) {
        let alphabet: &[u8] = if round % 2 == 0 {
            b"ACGT"
        } else {
            b"ARNDCQEGHILKMFPSTWYV"
        };
        let len = 150 + random.index(250);
        let first: Vec<u8> = (0..len).map(|_| *random.pick(alphabet)).collect();
        let second = mutated(&mut random, &first, alphabet);
        let result = if round % 2 == 0 {
            let q = PaddedBytes::from_bytes::<NucMatrix>(&first, *BLOCK.end());
            let r = PaddedBytes::from_bytes::<NucMatrix>(&second, *BLOCK.end());
            let mut block = Block::<true, false>::new(q.len(), r.len(), *BLOCK.end());
            block.align(&q, &r, &NW1, gaps, BLOCK, 0);
            let result = block.res();
            let mut cigar = Cigar::new(result.query_idx, result.reference_idx);
            block
                .trace()
                .cigar(result.query_idx, result.reference_idx, &mut cigar);
            checksum.bytes(cigar.to_string().as_bytes());
            result
        } else {
            let q = PaddedBytes::from_bytes::<AAMatrix>(&first, *BLOCK.end());
            let r = PaddedBytes::from_bytes::<AAMatrix>(&second, *BLOCK.end());
            let mut block = Block::<false, true>::new(q.len(), r.len(), *BLOCK.end());
            block.align(&q, &r, &BLOSUM62, gaps, BLOCK, 80);
            block.res()
        };
        checksum.word(i64::from(result.score).cast_unsigned());
        checksum.word(result.query_idx as u64);
        checksum.word(result.reference_idx as u64);
    }
    checksum.finish()
}
