//! WASI preview 1: the system interface that command-line programs import.
//!
//! * Input: calls of a program that imports `wasi_snapshot_preview1`.
//! * Output: the host's actions, and an error number for each call.
//! * Never: access to anything that the embedder has not given to the program; a path that
//!   leaves its directory; use of the engine's internals (this module uses the public
//!   [`api`](crate) only).
//!
//! # Layers
//!
//! ```text
//!   program ── 46 functions ──► abi    pointers, flags, rights, descriptors, errno
//!                                │
//!                                ▼
//!                              host    the traits: Host, InputStream, OutputStream,
//!                                │             File, Directory
//!              ┌─────────────────┼──────────────────┐
//!              ▼                 ▼                  ▼
//!           System         Deterministic      Minimal, or the embedder's own
//!        the operating    a virtual clock,      what a board has;
//!        system, by       seeded randomness,    the rest is ENOSYS
//!        `cap-std`        files in memory
//! ```
//!
//! Everything except [`System`] works without `std`.
//!
//! [`threads`] runs the threads of a program one at a time, on one thread of the operating system.
//! `ParallelProgram` gives each thread one of its own; it needs `std`.
//!
//! `saved` writes the state of a context as bytes, `restorer` makes a context of them.
//!
//! # Pointers
//!
//! A pointer, buffer or array that is not completely inside the memory makes a call fail with
//! [`Errno::Fault`] (`EFAULT`). It does not trap, and the call has no other effect. This holds
//! for every parameter of every function that is a pointer: `args_*`, `environ_*`, `clock_*`,
//! `fd_fdstat_get`, `fd_filestat_get`, `fd_pread`, `fd_prestat_*`, `fd_pwrite`, `fd_read`,
//! `fd_readdir`, `fd_seek`, `fd_tell`, `fd_write`, `path_*`, `poll_oneoff` and `random_get`;
//! and for the pieces of reads and writes. The length of a buffer is the one that the program
//! gives, even if less is written to it. Errors of descriptors, rights and flags come first: so
//! the `sock_*` functions, whose descriptor is never a socket, do not look at their pointers.
//!
//! If a program does not export a memory as `memory`, its execution ends with an error when it
//! calls a function with pointers.
//!
//! # Descriptors that cannot seek
//!
//! Pipes, devices, terminals and the standard streams have no position. `fd_advise`,
//! `fd_allocate`, `fd_pread`, `fd_pwrite`, `fd_seek` and `fd_tell` fail with
//! [`Errno::Spipe`] and take no bytes; `fd_filestat_set_size` fails with [`Errno::Inval`]. On
//! directories, all of these fail with [`Errno::Badf`].
//!
//! # Why
//!
//! * A descriptor has the rights that the program requested, and a few more that allow nothing
//!   beyond those. `FD_READ` and `FD_WRITE` are strict. Some programs request too few rights,
//!   because other runtimes ignore them, and some set bits that have no meaning.
//! * A path that leaves its directory fails with [`Errno::Perm`], which is not the number of the
//!   system's own "permission denied". So does an absolute path.
//! * Directory entries are sorted, so that the order of the file system is not visible.

mod abi;
mod context;
mod deterministic;
mod exit;
mod host;
mod minimal;
mod named;
#[cfg(backstitch_threads)]
mod parallel;
mod pipe;
#[cfg(feature = "validate")]
mod replay;
mod restorer;
mod saved;
#[cfg(feature = "wasi")]
mod system;
pub mod threads;

pub use abi::{
    Blocked, Clock, Errno, FdFlags, FileStat, FileType, LookupFlags, OpenFlags, Retried, Rights,
    SetTime, TimeFlags, TracedCall, add_to_linker,
};
pub use context::{WasiCtx, WasiCtxBuilder};
pub use deterministic::{Deterministic, MemoryDirectory, ScriptedInput, VirtualTime};
pub use exit::{I32Exit, WaitedTooLong};
pub use host::{
    Directory, DirectoryEntry, File, Host, InputStream, OpenOptions, Opened, OutputStream,
    Readiness,
};
pub use minimal::{Minimal, MinimalInput, MinimalOutput};
pub use named::Named;
#[cfg(backstitch_threads)]
pub use parallel::ParallelProgram;
pub use pipe::{MemoryInputPipe, MemoryOutputPipe};
#[cfg(feature = "validate")]
pub use replay::{OutputKind, ReplayedOutput, traced, traced_retry};
pub use restorer::WasiCtxRestorer;
#[cfg(feature = "wasi")]
pub use system::{DirPerms, FilePerms, System, SystemDirectory, SystemInput, SystemOutput};
pub use threads::{Program, Threads};
