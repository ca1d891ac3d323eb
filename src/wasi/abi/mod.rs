//! The functions of `wasi_snapshot_preview1`, independent of a host.
//!
//! * Input: numbers from the program, its memory, and a [`host`](super::host).
//! * Output: error numbers, and results in the program's memory.
//! * Never: a pointer or length that is used without a check; an allocation whose size the
//!   program chooses; a panic; an operation for which the descriptor has no right.
//!
//! [`functions`] lists all 46 functions with their types. Each is a method of
//! [`WasiCtx`](super::WasiCtx), in the file of its family. A function checks descriptors first,
//! then rights, flags and pointers, before it does anything: a call that fails has no effect.

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

pub(crate) use descriptor::{Descriptor, DescriptorTable, Object, OpenDirectory, OpenFile};
pub(crate) use functions::{MODULE, decode_retry, static_name};

#[cfg(backstitch_threads)]
pub(crate) use functions::add_shared_to_linker;
pub(crate) use poll::Starts;
#[cfg(feature = "wasi")]
pub(crate) use types::flags;

use crate::support::error::Error;

/// The result of a function.
pub(crate) type Answer = Result<(), Refusal>;

/// The reason why a function has no result.
pub(crate) enum Refusal {
    /// The function fails with an error number.
    Errno(Errno),
    /// The function would block, and the context suspends instead. It has not done anything yet.
    Blocked(Wait),
    /// The program ends.
    End(Error),
}

/// The condition that a blocked function waits for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wait {
    /// Longest time to wait, in nanoseconds.
    pub nanoseconds: Option<u64>,
    /// True if it waits for input.
    pub input: bool,
}

impl From<Errno> for Refusal {
    fn from(errno: Errno) -> Refusal {
        Refusal::Errno(errno)
    }
}
