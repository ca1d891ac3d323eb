//! The `become` backend: guaranteed tail calls, on nightly Rust.
//!
//! Its calling conventions pass vectors in memory, so the accumulator of vectors is passed as two
//! halves, each in the register of a float.

use crate::execute::cell::Cell;
use crate::execute::regs::{Regs, Step};
use crate::stack::{Context, LivePoint};
use crate::support::vector::{Baseline, Half, V128};

/// Defines the items that depend on the calling convention. With `rust-preserve-none`, handlers
/// can use every register.
macro_rules! define {
    ($abi:literal, $live:ident) => {
        /// Function that executes a cell.
        pub type Handler = unsafe extern $abi fn(
            *const u64,
            *mut u64,
            *mut u8,
            usize,
            *mut Context,
            u64,
            f32,
            f64,
            Half,
            Half,
        );

        /// Location of `ip` and `fp` in handlers.
        const LIVE: *const LivePoint = LivePoint::$live;

        /// Handler of a cell.
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
            v128low: Half,
            v128high: Half,
        ) {
            let v128acc = V128::join(v128low, v128high);
            let mut r = Regs { ip, fp, mem, len, ctx, acc, f32acc, f64acc, v128acc };
            // SAFETY: X1 to X3; the next cell begins with its handler.
            unsafe {
                let next: Handler = match C::run::<Baseline>(&mut r) {
                    Step::Next | Step::Jump => *r.ip.cast::<Handler>(),
                    Step::Exit => leave,
                };
                let Regs { ip, fp, mem, len, ctx, acc, f32acc, f64acc, v128acc } = r;
                let (v128low, v128high) = v128acc.split();
                become next(ip, fp, mem, len, ctx, acc, f32acc, f64acc, v128low, v128high)
            }
        }

        /// Ends a run: saves the registers for the driver.
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
            v128low: Half,
            v128high: Half,
        ) {
            let v128acc = V128::join(v128low, v128high);
            let r = Regs { ip, fp, mem, len, ctx, acc, f32acc, f64acc, v128acc };
            // SAFETY: X2.
            unsafe { r.save() };
        }
    };
}

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
define!("rust-preserve-none", PRESERVE_NONE);
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
define!("Rust", ARGUMENTS);

/// Runs the cell at `ip` and those that follow, until one exits.
///
/// # Safety
///
/// X1 to X3.
pub unsafe fn run(r: Regs) {
    // SAFETY: X1: the cell begins with its handler.
    unsafe {
        Regs::say_live(r.ctx, LIVE);
        let first = *r.ip.cast::<Handler>();
        let (low, high) = r.v128acc.split();
        first(
            r.ip, r.fp, r.mem, r.len, r.ctx, r.acc, r.f32acc, r.f64acc, low, high,
        );
        Regs::say_live(r.ctx, LivePoint::SAVED);
    }
}
