//! Bytes and text: byte loads, bulk copies, table look-ups.

use support::{Checksum, Random, text};

/// Computes the CRC-32 of `n` KiB with a table of 256 words.
#[unsafe(no_mangle)]
pub extern "C" fn crc(n: i32) -> i64 {
    let mut table = [0u32; 256];
    for (byte, entry) in table.iter_mut().enumerate() {
        *entry = (0..8).fold(byte as u32, |word, _| {
            (word >> 1) ^ if word & 1 != 0 { 0xedb8_8320 } else { 0 }
        });
    }
    let input = Random::new(0xcc).bytes(n as usize * 1024);
    let crc = input.iter().fold(!0u32, |crc, byte| {
        (crc >> 8) ^ table[usize::from(crc as u8 ^ byte)]
    });
    i64::from(!crc)
}

/// Computes the edit distance of two texts of sixteen times `n` characters: quadratic.
#[unsafe(no_mangle)]
pub extern "C" fn edit_distance(n: i32) -> i64 {
    let len = n as usize * 16;
    let left = text::prose(&mut Random::new(1), len);
    let right = text::prose(&mut Random::new(2), len);
    let right = &right.as_bytes()[..len];
    let mut row: Vec<u32> = (0..=len as u32).collect();
    for (i, a) in left.bytes().take(len).enumerate() {
        let mut diagonal = row[0];
        row[0] = i as u32 + 1;
        for (j, b) in right.iter().enumerate() {
            let substituted = diagonal + u32::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    i64::from(row[len])
}

/// Moves parts of a buffer, a thousand times `n` of them, with `memory.copy` and
/// `memory.fill` or the loops that replace them.
#[unsafe(no_mangle)]
pub extern "C" fn copies(n: i32) -> i64 {
    let mut random = Random::new(0xc0);
    let mut buffer = random.bytes(1 << 14);
    for _ in 0..n * 1000 {
        let len = 1 + random.index(600);
        let (from, to) = (random.index(15_000), random.index(15_000));
        buffer.copy_within(from..from + len, to);
        if random.chance(10) {
            buffer[from..from + 32].fill(len as u8);
        }
    }
    let mut checksum = Checksum::new();
    checksum.bytes(&buffer);
    checksum.finish()
}
