//! The `become` backend: guaranteed tail calls, on nightly Rust.

use crate::execute::cell::Cell;
use crate::execute::regs::{Regs, Step};
use crate::stack::{Context, LivePoint};

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
        ) {
            let mut r = Regs { ip, fp, mem, len, ctx, acc, f32acc, f64acc };
            // SAFETY: X1 to X3; the next cell begins with its handler.
            unsafe {
                let next: Handler = match C::run(&mut r) {
                    Step::Next | Step::Jump => *r.ip.cast::<Handler>(),
                    Step::Exit => leave,
                };
                let Regs { ip, fp, mem, len, ctx, acc, f32acc, f64acc } = r;
                become next(ip, fp, mem, len, ctx, acc, f32acc, f64acc)
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
        ) {
            let r = Regs { ip, fp, mem, len, ctx, acc, f32acc, f64acc };
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
        first(r.ip, r.fp, r.mem, r.len, r.ctx, r.acc, r.f32acc, r.f64acc);
        Regs::say_live(r.ctx, LivePoint::SAVED);
    }
}
