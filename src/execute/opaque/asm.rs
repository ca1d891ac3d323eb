//! Values that the compiler knows nothing of, at the cost of no instruction.

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

/// The same address; on x86-64, in one register, however it was made.
///
/// Intel's cores hand what a store has written straight to the load that reads it, within
/// a cycle, if neither address has an index register. Otherwise it goes through the store
/// buffer, which takes seven (measured on a Xeon of 3.5 GHz). Slots are mostly read soon
/// after they were written, and often the next instruction waits for that.
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
