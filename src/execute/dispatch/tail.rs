//! Tail calls on stable Rust: the last act of a handler is an indirect call of the same
//! signature, which LLVM turns into a jump. All registers are arguments.
//!
//! Nothing in the language promises the jump. So this backend exists only on targets where
//! it has been seen (the list is in `build.rs`), the release build is disassembled by a
//! test, and making an engine runs a probe.

use crate::execute::cell::Cell;
use crate::execute::regs::{Regs, Step};
use crate::stack::{Context, LivePoint};

/// Defines what depends on the calling convention. The System V one has a register for
/// each of ours; the unwinding variant costs nothing and does not abort on a panic.
macro_rules! define {
    ($abi:literal) => {
        /// A handler.
        pub type Handler = unsafe extern $abi fn(
            *const u64,
            *mut u64,
            *mut u8,
            usize,
            *mut Context,
            u64,
            f32,
            f64,
        );

        /// The handler of a cell.
        ///
        /// # Safety
        ///
        /// X1 to X3.
        pub unsafe extern $abi fn handler<C: Cell>(
            ip: *const u64,
            fp: *mut u64,
            mem: *mut u8,
            len: usize,
            ctx: *mut Context,
            acc: u64,
            f32acc: f32,
            f64acc: f64,
        ) {
            let mut r = Regs { ip, fp, mem, len, ctx, acc, f32acc, f64acc };
            // SAFETY: X1 to X3; the next cell begins with its handler.
            unsafe {
                let next = match C::run(&mut r) {
                    Step::Next | Step::Jump => *r.ip.cast::<Handler>(),
                    Step::Exit => {
                        return leave(
                            r.ip, r.fp, r.mem, r.len, r.ctx, r.acc, r.f32acc, r.f64acc,
                        );
                    }
                };
                next(r.ip, r.fp, r.mem, r.len, r.ctx, r.acc, r.f32acc, r.f64acc)
            }
        }

        /// Where running code ends: leaves the registers to the driver.
        #[cold]
        #[inline(never)]
        unsafe extern $abi fn leave(
            ip: *const u64,
            fp: *mut u64,
            mem: *mut u8,
            len: usize,
            ctx: *mut Context,
            acc: u64,
            f32acc: f32,
            f64acc: f64,
        ) {
            let r = Regs { ip, fp, mem, len, ctx, acc, f32acc, f64acc };
            // SAFETY: X2.
            unsafe { r.save() };
        }
    };
}

#[cfg(target_arch = "x86_64")]
define!("sysv64-unwind");
#[cfg(not(target_arch = "x86_64"))]
define!("C-unwind");

/// Runs the cell at `ip` and those that follow, until one leaves.
///
/// # Safety
///
/// X1 to X3.
pub unsafe fn run(r: Regs) {
    // SAFETY: X1: the cell begins with its handler.
    unsafe {
        Regs::say_live(r.ctx, LivePoint::ARGUMENTS);
        let first = *r.ip.cast::<Handler>();
        first(r.ip, r.fp, r.mem, r.len, r.ctx, r.acc, r.f32acc, r.f64acc);
        Regs::say_live(r.ctx, LivePoint::SAVED);
    }
}
