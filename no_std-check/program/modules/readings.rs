//! A guest in Rust that sorts readings, and panics on an index out of bounds.
//!
//! Built by `build` beside this file, with pages of one byte, so that its memory is not
//! larger than its stack and its data.

#![no_std]

use core::fmt::{self, Write};
use core::panic::PanicInfo;

#[link(wasm_import_module = "board")]
unsafe extern "C" {
    fn print(text: *const u8, len: usize);
}

/// The board's output.
struct Board;

impl Write for Board {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        // SAFETY: the text is in memory while the host reads it.
        unsafe { print(text.as_ptr(), text.len()) };
        Ok(())
    }
}

#[panic_handler]
fn panic(info: &PanicInfo) -> ! {
    let _ = write!(Board, "panic: {}", info.message());
    core::arch::wasm32::unreachable()
}

/// Returns all readings in the order in which the sensor delivers them.
fn readings() -> [i32; 64] {
    let mut state = 0x2545_f491_u32;
    core::array::from_fn(|_| {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        (state >> 20) as i32 - 2048
    })
}

/// Returns the reading with a rank.
#[inline(never)]
fn ranked(rank: usize) -> i32 {
    let mut readings = readings();
    readings.sort_unstable();
    *pick(&readings, rank)
}

#[inline(never)]
fn pick(readings: &[i32], rank: usize) -> &i32 {
    &readings[rank]
}

/// Returns the reading with a rank; 0 is the lowest.
#[unsafe(no_mangle)]
pub extern "C" fn reading(rank: usize) -> i32 {
    ranked(rank)
}

/// Returns a checksum of the sorted readings (FNV-1a of 64 bits).
#[unsafe(no_mangle)]
pub extern "C" fn checksum() -> u64 {
    let mut readings = readings();
    readings.sort_unstable();
    let bytes = readings.iter().flat_map(|reading| reading.to_le_bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |sum, byte| {
        (sum ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
    })
}

/// Prints the lowest reading, the median and the highest.
#[unsafe(no_mangle)]
pub extern "C" fn report() {
    let _ = write!(Board, "lowest {}, median {}, highest {}", ranked(0), ranked(32), ranked(63));
}
