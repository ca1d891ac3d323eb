//! Values that are opaque to the compiler, without an instruction.

use core::arch::asm;

/// Returns the same number. The compiler keeps it in one register instead of computing it again from
/// its parts, of which handlers would need more registers.
#[inline(always)]
pub fn opaque(mut number: u64) -> u64 {
    // SAFETY: no instruction at all.
    unsafe {
        asm!("/* {0} */", inout(reg) number, options(pure, nomem, nostack, preserves_flags));
    }
    number
}

/// Returns the same address; on x86-64, in one register, however it was computed.
///
/// Intel's cores forward a stored value to the load that reads it within a cycle, if neither address
/// has an index register. Otherwise the value goes through the store buffer, which takes seven cycles
/// (measured on a Xeon of 3.5 GHz). Slots are mostly read soon after they were written, and often the
/// next instruction waits for that. So operands that nothing waits for are read with an index register,
/// which takes an instruction less: `Source::read_indexed`.
///
/// An index register everywhere did not pay, except in counted loops and copies: programs execute
/// 0.85 to 0.90 of the instructions, and in 15 crates and 9 kernels the geometric mean of the times stays
/// (0.605 and 0.653 of wasmi's in two runs in turn, 0.589 and 0.652 with this). But what waits takes
/// longer: iterative Fibonacci numbers 0.96 of wasmi's time instead of 0.64.
#[inline(always)]
#[allow(
    clippy::pointers_in_nomem_asm_block,
    reason = "the address is handed on; nothing is read or written there"
)]
pub fn unindexed(mut address: *mut u64) -> *mut u64 {
    if cfg!(target_arch = "x86_64") {
        // SAFETY: no instruction at all.
        unsafe {
            asm!("/* {0} */", inout(reg) address, options(pure, nomem, nostack, preserves_flags));
        }
    }
    address
}
