//! Dispatch: three backends by which one handler continues with the next.
//!
//! Each has a generic function `handler`, whose instances for all cells are in the tables of
//! [`handlers`], and a function `run` that begins with the cell at `ip`.

#[cfg(backstitch_become)]
pub mod r#become;
pub mod looped;
#[cfg_attr(feature = "profile", path = "part/counted.rs")]
#[cfg_attr(not(feature = "profile"), path = "part/plain.rs")]
pub mod part;
#[cfg(all(backstitch_tail, not(debug_assertions)))]
pub mod tail;

use super::handlers;
use super::regs::Regs;
use crate::code::HandlerTable;
use crate::stack::{Context, Exit};
use crate::support::vector::V128;
use core::ptr;
use core::sync::atomic::{AtomicPtr, Ordering};
use thiserror::Error as ThisError;

/// A dispatch backend: the way in which the handler of one instruction continues with the next.
/// All give the same results.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dispatch {
    /// Each handler returns the next one, to a loop. Correct on every target and in every build.
    Loop,
    /// Each handler ends with a call of the next one, which LLVM turns into a jump. Exists on
    /// targets where this is known to work, in builds with optimisation and without debug
    /// assertions.
    Tail,
    /// Each handler ends with a guaranteed tail call. Requires the feature `become` and a nightly
    /// compiler.
    Become,
}

/// Error of a dispatch backend that cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ThisError)]
pub enum DispatchError {
    /// This build does not have the backend.
    #[error(
        "this build has no {0:?} dispatch (it needs optimisation, no debug assertions and a \
         target where it is known to work; `Dispatch::Loop` is always there)"
    )]
    Unavailable(Dispatch),
    /// The compiler has not turned the handlers' calls into jumps. The numbers are bytes of native
    /// stack and instructions.
    #[error(
        "the compiler did not turn the handlers' tail calls into jumps: {0} bytes of native \
         stack went in {1} instructions (use `Dispatch::Loop`)"
    )]
    NativeStack(usize, u64),
}

impl Dispatch {
    /// Returns the fastest backend of this build.
    pub fn best() -> Dispatch {
        if cfg!(backstitch_become) {
            Dispatch::Become
        } else if cfg!(all(backstitch_tail, not(debug_assertions))) {
            Dispatch::Tail
        } else {
            Dispatch::Loop
        }
    }

    /// Returns the backend's handlers, after a probe has shown that they work in this build. A
    /// process probes a backend once, unless it uses several in turn.
    ///
    /// # Errors
    ///
    /// An error if this build does not have the backend, or its handlers use native stack.
    pub(crate) fn handlers(self) -> Result<&'static HandlerTable, DispatchError> {
        let table: &'static HandlerTable = match self {
            Dispatch::Loop => &handlers::LOOP,
            #[cfg(all(backstitch_avx2, not(debug_assertions)))]
            Dispatch::Tail if std::is_x86_feature_detected!("avx2") => &handlers::TAIL_AVX2,
            #[cfg(all(backstitch_tail, not(debug_assertions)))]
            Dispatch::Tail => &handlers::TAIL,
            #[cfg(backstitch_become)]
            Dispatch::Become => &handlers::BECOME,
            #[allow(unreachable_patterns, reason = "where all backends exist")]
            other => return Err(DispatchError::Unavailable(other)),
        };
        /// The table that was probed last.
        static PROBED: AtomicPtr<HandlerTable> = AtomicPtr::new(ptr::null_mut());
        let address = ptr::from_ref(table).cast_mut();
        if PROBED.load(Ordering::Relaxed) != address {
            probe(table)?;
            PROBED.store(address, Ordering::Relaxed);
        }
        Ok(table)
    }
}

/// Runs code with the handlers of `table` until it exits.
///
/// # Safety
///
/// X1 to X3, and the code is made of the handlers of `table`.
#[inline]
pub(super) unsafe fn run(table: &HandlerTable, r: Regs) {
    // SAFETY: as promised.
    unsafe {
        #[cfg(all(backstitch_tail, not(debug_assertions)))]
        if ptr::eq(table, &raw const handlers::TAIL) {
            return tail::run(r);
        }
        #[cfg(all(backstitch_avx2, not(debug_assertions)))]
        if ptr::eq(table, &raw const handlers::TAIL_AVX2) {
            return tail::run(r);
        }
        #[cfg(backstitch_become)]
        if ptr::eq(table, &raw const handlers::BECOME) {
            return r#become::run(r);
        }
        debug_assert!(ptr::eq(table, &raw const handlers::LOOP));
        looped::run(r);
    }
}

/// Number of instructions that a probe runs.
const PROBE_STEPS: u64 = 2_000;
/// Number of bytes of native stack that a probe may use: some for itself, but less than a return
/// address for each instruction.
const PROBE_STACK: usize = 8_192;

/// Tests that handlers do not use native stack: runs a chain of them and compares the native stack
/// pointers of the first and the last one.
#[inline(never)]
fn probe(table: &'static HandlerTable) -> Result<(), DispatchError> {
    let mut context = Context::for_probe();
    let r = Regs {
        ip: table.fixed.probe.address(),
        fp: ptr::null_mut(),
        mem: ptr::null_mut(),
        len: 0,
        ctx: &raw mut context,
        acc: PROBE_STEPS,
        f32acc: 0.0,
        f64acc: 0.0,
        v128acc: V128::ZERO,
    };
    let here = (&raw const r).addr();
    // SAFETY: the probe's cell stays at `ip`, reads no operands and counts `acc` down to
    // its exit.
    unsafe { run(table, r) };
    debug_assert_eq!(context.exit, Exit::Probe);
    let used = here.abs_diff(context.native_stack);
    if used > PROBE_STACK {
        return Err(DispatchError::NativeStack(used, PROBE_STEPS));
    }
    Ok(())
}
