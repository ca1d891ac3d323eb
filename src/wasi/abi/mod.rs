//! The functions of `wasi_snapshot_preview1`, without a host.
//!
//! Flows in: numbers from the program, its memory, what a [`host`](super::host) offers. Flows
//! out: error numbers, and results in the program's memory. Must never be: a pointer or a
//! length that is used without a check, room whose size the program chooses, a panic, an
//! operation whose right the descriptor does not have.
//!
//! [`functions`] lists all 46 with their types; each is a method of
//! [`WasiCtx`](super::WasiCtx), in the file of its family. Descriptors are looked at first,
//! then rights, flags, pointers, and only then is anything done: a call that fails has
//! changed nothing.

mod arguments;
mod clock;
mod descriptor;
mod directory;
mod errno;
mod file;
mod functions;
mod memory;
mod path;
mod poll;
mod process;
mod socket;
mod types;

pub use errno::Errno;
pub use functions::{Blocked, Retried, TracedCall, add_to_linker};
pub use types::{
    Clock, FdFlags, FileStat, FileType, LookupFlags, OpenFlags, Rights, SetTime, TimeFlags,
};

pub(crate) use descriptor::{Descriptor, DescriptorTable};
pub(crate) use poll::Starts;
#[cfg(feature = "wasi")]
pub(crate) use types::flags;

use crate::support::error::Error;

/// How a function ends.
pub(crate) type Answer = Result<(), Refusal>;

/// Why a function does not succeed.
pub(crate) enum Refusal {
    /// The program is told.
    Errno(Errno),
    /// It would have to wait, and the embedder wants to know. Nothing is done yet.
    Blocked(Wait),
    /// The program ends.
    End(Error),
}

/// What a function would have to wait for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wait {
    /// For so long at most.
    pub nanoseconds: Option<u64>,
    /// For input.
    pub input: bool,
}

impl From<Errno> for Refusal {
    fn from(errno: Errno) -> Refusal {
        Refusal::Errno(errno)
    }
}
