//! A value that the compiler knows nothing of, at the cost of no instruction.

use core::arch::asm;

/// The same number. What is computed from it is computed from this very register, not
/// anew from what it was made of: handlers have few registers.
#[inline(always)]
pub fn opaque(mut number: u64) -> u64 {
    // SAFETY: no instruction at all.
    unsafe {
        asm!("/* {0} */", inout(reg) number, options(pure, nomem, nostack, preserves_flags));
    }
    number
}
