//! The server for debuggers: GDB's remote protocol, with LLDB's packets for WebAssembly.
//!
//! * Input: bytes of a client, and a [`Debuggee`]: a program, or what is left of one.
//! * Output: the answers, and calls of the debuggee that run it.
//! * Rules: whatever a client sends gets an answer. Nothing that it sends causes a panic, or an
//!   allocation larger than [`MAX_PACKET`] in proportion.
//!
//! ```text
//!  bytes ──► packet     packets with checksums       ◄──► connection   a stream of bytes
//!        ──► server     the session: who waits for whom
//!        ──► query      packets of LLDB that `gdbstub` does not know
//!        ──► adapter    all other packets, by `gdbstub`
//!              │
//!              ▼
//!            target     the trait `Debuggee`    address   memories and code as addresses
//!            dump       a core dump             stop      why it stopped, as a packet
//!            live       a running program       stacks    threads and frames at one moment
//!            recorded   a recording             image     modules, with these stacks
//! ```
//!
//! # Why
//!
//! `gdbstub` ends the session for a packet that it cannot parse, reports every stop in the same way,
//! and can allocate as much as a client asks for. Therefore, packets are received here, `gdbstub` sees
//! only complete ones, and an error in it is an answer and a new state machine.

mod adapter;
mod address;
mod connection;
mod dump;
mod image;
mod live;
mod packet;
mod query;
mod recorded;
mod server;
mod stacks;
mod stop;
mod target;
#[cfg(feature = "std")]
mod tcp;

pub use connection::Connection;
pub use dump::Dump;
pub use live::Live;
pub use packet::MAX_PACKET;
pub use recorded::Recorded;
pub use server::{End, Server, State};
pub use target::{
    Action, DebugError, Debuggee, Direction, Frame, Location, Resumption, Stop, ThreadId,
    WatchKind, Watchpoint,
};
