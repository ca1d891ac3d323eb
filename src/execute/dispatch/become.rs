//! Guaranteed tail calls, on nightly Rust.

use crate::execute::cell::Cell;
use crate::execute::regs::{Regs, Step};
use crate::stack::{Context, LivePoint};

/// Defines what depends on the calling convention. `rust-preserve-none` leaves every
/// register to the handlers.
macro_rules! define {
    ($abi:literal, $live:ident) => {
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

        /// Where handlers have `ip` and `fp`.
        const LIVE: *const LivePoint = LivePoint::$live;

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
                let next: Handler = match C::run(&mut r) {
                    Step::Next | Step::Jump => *r.ip.cast::<Handler>(),
                    Step::Exit => leave,
                };
                let Regs { ip, fp, mem, len, ctx, acc, f32acc, f64acc } = r;
                become next(ip, fp, mem, len, ctx, acc, f32acc, f64acc)
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

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
define!("rust-preserve-none", PRESERVE_NONE);
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
define!("Rust", ARGUMENTS);

/// Runs the cell at `ip` and those that follow, until one leaves.
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
