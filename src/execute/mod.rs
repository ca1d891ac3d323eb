//! Execution: the handlers of all cells, and the driver that runs them.
//!
//! Flows in: published code, a stack with a call on it, the store. Flows out: results, traps,
//! suspensions. Must never be: a WebAssembly instruction, or the embedder's `T`.
//!
//! An op's meaning is defined once: as its row in the table (`code::table`), or as a function in
//! `numeric`, `memory`, `shared`, `atomic`, `vector`, `object`, `allocation`, `cast`, `transfer`,
//! `control`, `call`, `continuation`, `service` or `object_service`.
//! [`handlers`] composes these with operand places into cells, and each backend in [`dispatch`]
//! makes handlers of the cells. Where a level of instructions beyond the baseline pays
//! (`support::vector::Level`), a backend has a second set of handlers for cells on vectors.
//!
//! ```text
//!   execution    calls from the host            first_frame   the frame that they begin with
//!   driver       runs handlers until they exit  chain_guard   links an execution into the chain
//!   host_call    calls of host functions        polling       fuel, interruptions, epochs
//!   switching    continuations                  unwind        exceptions
//!   waiting      waits at addresses             stepping      one cell at a time
//!   profile      counts of cells                observed     announced accesses
//! ```
//!
//! # Invariants of running code
//!
//! * **X1** `ip` is the address of a cell of published code or of a fixed cell, and the handler
//!   that runs is the handler of that cell. A cell that can continue with the next one is
//!   followed by one. Slot operands are within the frame's extent.
//! * **X2** `ctx` is the context of the running store, and no Rust reference to it exists. The
//!   store and everything that it points to outlive the run.
//! * **X3** `mem` and `len` are the present memory 0 of the running instance. Whatever changes it
//!   exits from running code first, and they are loaded when code continues. Other threads may make
//!   a memory larger that is not exclusive: then `len` is at most its size.
//! * **X4** Where an `i32` is in the accumulator, its upper 32 bits are zero.
//!
//! S1 to S4 (`stack`) and H1 to H5 (`heap`) hold as well.
//!
//! # Rules for handlers
//!
//! Only scalars and vectors of 128 bits; nothing with a `Drop`; no address of a local in a call that
//! is not inlined; no call that needs a native frame in a hot path. Slow work exits from running
//! code ([`Step::Exit`](regs::Step::Exit)) and is done by the driver.

mod allocation;
mod atomic;
mod bulk;
mod call;
mod cast;
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
mod object;
mod object_service;
mod observed;
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
#[cfg(backstitch_threads)]
mod shared;
mod stepping;
mod switching;
mod transfer;
mod unwind;
#[cfg(feature = "simd")]
mod vector;
mod waiting;

pub use dispatch::{Dispatch, DispatchError};
pub use execution::{Execution, ExecutionError, Outcome, Suspension, call, prepare};
pub use observed::Access;
#[cfg(feature = "profile")]
pub use profile::DispatchCounts;
pub use stepping::has_steps;
pub use switching::{begin as begin_continuation, fits as continuation_fits};
pub use waiting::{Wait, notify};
#[cfg(backstitch_threads)]
pub use waiting::{Waited, wait_in_host};
