//! The Keccak permutation over 25 lanes of 64 bits, in rolled loops.

use support::Checksum;

/// Returns the round constants, from the generator that defines them: an eight-bit
/// linear feedback shift register.
fn constants() -> [u64; 24] {
    let mut register = 1u8;
    [(); 24].map(|()| {
        let mut constant = 0;
        for power in 0..7 {
            if register & 1 != 0 {
                constant |= 1u64 << ((1u32 << power) - 1);
            }
            register = (register << 1) ^ if register & 0x80 != 0 { 0x71 } else { 0 };
        }
        constant
    })
}

fn permute(lanes: &mut [u64; 25], constants: &[u64; 24]) {
    for constant in constants {
        let mut parity = [0; 5];
        for (i, lane) in lanes.iter().enumerate() {
            parity[i % 5] ^= lane;
        }
        for (i, lane) in lanes.iter_mut().enumerate() {
            *lane ^= parity[(i + 4) % 5] ^ parity[(i + 1) % 5].rotate_left(1);
        }

        let (mut x, mut y, mut carried) = (1, 0, lanes[1]);
        for step in 0..24u32 {
            (x, y) = (y, (2 * x + 3 * y) % 5);
            let rotated = carried.rotate_left((step + 1) * (step + 2) / 2 % 64);
            carried = std::mem::replace(&mut lanes[5 * y + x], rotated);
        }

        for row in lanes.chunks_exact_mut(5) {
            let old = [row[0], row[1], row[2], row[3], row[4]];
            for (i, lane) in row.iter_mut().enumerate() {
                *lane = old[i] ^ (!old[(i + 1) % 5] & old[(i + 2) % 5]);
            }
        }
        lanes[0] ^= constant;
    }
}

/// Executes ten times `n` permutations.
#[unsafe(no_mangle)]
pub extern "C" fn keccak(n: i32) -> i64 {
    let constants = constants();
    let mut lanes = [0; 25];
    permute(&mut lanes, &constants);
    assert_eq!(lanes[0], 0xf125_8f79_40e1_dde7, "the published first lane");
    for _ in 1..n * 10 {
        permute(&mut lanes, &constants);
    }
    let mut checksum = Checksum::new();
    lanes.iter().for_each(|&lane| checksum.word(lane));
    checksum.finish()
}
