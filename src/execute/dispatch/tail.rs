//! The `tail` backend: tail calls on stable Rust. A handler ends with an indirect call of the same
//! signature, which LLVM turns into a jump. All registers are arguments.
//!
//! The language does not guarantee the jump. So this backend exists only on targets where LLVM is
//! known to make it (the list is in `build.rs`), a test disassembles the release build, and
//! creating the first engine runs a probe.
//!
//! On x86-64 there are two forms of the handlers of ops on vectors: one for every processor, and
//! one for processors with AVX2, which are found when an engine is made.

use crate::execute::cell::Cell;
use crate::execute::regs::{Regs, Step};
use crate::stack::{Context, LivePoint};
#[cfg(backstitch_avx2)]
use crate::support::vector::Avx2;
use crate::support::vector::{Baseline, V128};

/// Defines the items that depend on the calling convention. That of System V has a machine
/// register for each of ours. Its unwinding variant costs nothing and does not abort on a panic.
macro_rules! define {
    ($abi:literal) => {
        /// Function that executes a cell.
        #[allow(
            improper_ctypes_definitions,
            reason = "both sides are Rust, and without the feature `simd` a vector has no size"
        )]
        pub type Handler = unsafe extern $abi fn(
            *const u64,
            *mut u64,
            *mut u8,
            usize,
            *mut Context,
            u64,
            f32,
            f64,
            V128,
        );

        define_handler! { $abi handler Baseline }

        /// Ends a run: saves the registers for the driver.
        #[cold]
        #[inline(never)]
        #[allow(
            improper_ctypes_definitions,
            reason = "both sides are Rust, and without the feature `simd` a vector has no size"
        )]
        unsafe extern $abi fn leave(
            ip: *const u64,
            fp: *mut u64,
            mem: *mut u8,
            len: usize,
            ctx: *mut Context,
            acc: u64,
            f32acc: f32,
            f64acc: f64,
            v128acc: V128,
        ) {
            let r = Regs { ip, fp, mem, len, ctx, acc, f32acc, f64acc, v128acc };
            // SAFETY: X2.
            unsafe { r.save() };
        }
    };
}

/// Defines the handlers of a level.
macro_rules! define_handler {
    ($(#[$attribute:meta])* $abi:literal $handler:ident $level:ident) => {
        /// Handler of a cell.
        ///
        /// # Safety
        ///
        /// X1 to X3, and the processor has the instructions of the level.
        $(#[$attribute])*
        #[allow(
            improper_ctypes_definitions,
            reason = "both sides are Rust, and without the feature `simd` a vector has no size"
        )]
        pub unsafe extern $abi fn $handler<C: Cell>(
            ip: *const u64,
            fp: *mut u64,
            mem: *mut u8,
            len: usize,
            ctx: *mut Context,
            acc: u64,
            f32acc: f32,
            f64acc: f64,
            v128acc: V128,
        ) {
            let mut r = Regs { ip, fp, mem, len, ctx, acc, f32acc, f64acc, v128acc };
            // SAFETY: X1 to X3; the next cell begins with its handler.
            unsafe {
                let next = match C::run::<$level>(&mut r) {
                    Step::Next | Step::Jump => *r.ip.cast::<Handler>(),
                    Step::Exit => {
                        return leave(
                            r.ip, r.fp, r.mem, r.len, r.ctx, r.acc, r.f32acc, r.f64acc, r.v128acc,
                        );
                    }
                };
                next(r.ip, r.fp, r.mem, r.len, r.ctx, r.acc, r.f32acc, r.f64acc, r.v128acc)
            }
        }
    };
}

#[cfg(target_arch = "x86_64")]
define!("sysv64-unwind");
#[cfg(not(target_arch = "x86_64"))]
define!("C-unwind");

#[cfg(backstitch_avx2)]
define_handler! {
    #[target_feature(enable = "avx2")]
    "sysv64-unwind" avx2_handler Avx2
}

/// Runs the cell at `ip` and those that follow, until one exits.
///
/// # Safety
///
/// X1 to X3.
#[inline]
pub unsafe fn run(r: Regs) {
    // SAFETY: X1: the cell begins with its handler.
    unsafe {
        Regs::say_live(r.ctx, LivePoint::ARGUMENTS);
        let first = *r.ip.cast::<Handler>();
        first(
            r.ip, r.fp, r.mem, r.len, r.ctx, r.acc, r.f32acc, r.f64acc, r.v128acc,
        );
        Regs::say_live(r.ctx, LivePoint::SAVED);
    }
}
