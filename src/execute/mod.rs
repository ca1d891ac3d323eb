//! What each cell does, and what drives it.
//!
//! Flows in: published code, a stack with a call on it, the store. Flows out: results,
//! traps, suspensions. Nothing here knows a WebAssembly operator or the embedder's `T`.
//!
//! An op's meaning stands once: as its row in the table (`code::table`) or as a function
//! in one of `numeric`, `memory`, `transfer`, `control`, `call`. [`handlers`] composes
//! those with operand places into cells, and each backend in [`dispatch`] makes handlers
//! of the cells.
//!
//! # Invariants of running code
//!
//! * **X1** `ip` is the address of a cell of published code or of a fixed cell, and the
//!   handler that runs is that cell's. Behind a cell that does not end a stretch of code
//!   another one follows. Slot operands lie within the frame's extent.
//! * **X2** `ctx` is the running store's context; no Rust reference to it exists. The
//!   store and everything that it points to outlive the run.
//! * **X3** `mem` and `len` are memory 0 of the running instance, as it is now: whatever
//!   changes that leaves running code, and they are loaded when it is entered again.
//!
//! S1 to S4 (`stack`) and H1 to H4 (`heap`) hold as well.
//!
//! # Rules for handlers
//!
//! Scalars only; nothing with a `Drop`; no address of a local in a call that is not
//! inlined; no call that would need a frame in a hot path. What is slow leaves running
//! code ([`Step::Exit`]) and is done by the driver.

mod bulk;
mod call;
mod cell;
mod chain_guard;
mod clauses;
mod continuation;
mod control;
pub mod dispatch;
mod driver;
mod execution;
mod first_frame;
mod handlers;
mod host_call;
mod memory;
mod numeric;
#[cfg_attr(
    all(
        not(miri),
        any(
            target_arch = "x86_64",
            target_arch = "aarch64",
            target_arch = "riscv64"
        )
    ),
    path = "opaque/asm.rs"
)]
#[cfg_attr(
    not(all(
        not(miri),
        any(
            target_arch = "x86_64",
            target_arch = "aarch64",
            target_arch = "riscv64"
        )
    )),
    path = "opaque/plain.rs"
)]
mod opaque;
mod operand;
mod polling;
#[cfg(feature = "profile")]
mod profile;
mod regs;
mod service;
mod stepping;
mod switching;
mod transfer;
mod unwind;

pub use dispatch::{Dispatch, DispatchError};
pub use execution::{Execution, ExecutionError, Outcome, Suspension, call};
#[cfg(feature = "profile")]
pub use profile::DispatchCounts;
pub use stepping::has_steps;
pub use switching::fits as continuation_fits;
