//! WASI preview 1: what a command-line program imports.
//!
//! Flows in: the calls of a program that imports `wasi_snapshot_preview1`. Flows out: what its
//! host does for it, and error numbers. Must never be: anything that the embedder has not
//! given; a path that leaves a directory that was given; a name of the engine's inside, which
//! this is a user of through [`api`](crate).
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
//! All but [`System`] needs no `std`.
//!
//! # Why
//!
//! * Rights are what a program asked for, and a few that allow no more than those; `read` and
//!   `write` are strict. Programs exist that ask for too little, since other runtimes ignore
//!   rights, and for bits that do not exist.
//! * A path leaves its directory with [`Errno::Perm`], the system's own number where it has
//!   one, an absolute path too.
//! * A directory's entries are sorted, so that no file system's order shows.

mod abi;
mod context;
mod deterministic;
mod exit;
mod host;
mod minimal;
mod pipe;
#[cfg(feature = "wasi")]
mod system;

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
pub use pipe::{MemoryInputPipe, MemoryOutputPipe};
#[cfg(feature = "wasi")]
pub use system::{DirPerms, FilePerms, System, SystemDirectory, SystemInput, SystemOutput};
