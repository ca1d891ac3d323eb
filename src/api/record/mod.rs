//! Recordings of what a store's host does, and replays without that host.
//!
//! ```text
//!   recorder   Recorder: starts a recording      replayer   Replayer: runs a log
//!   writer     events of the host to bytes       player     bytes to actions of the host
//!   references functions and values              host       calls of its functions
//!   changes    of borrowed memories              actions    its other actions
//!                                                advance    code that the host runs
//!   format, header, values                       parts of a log, both ways
//!   timeline   Timeline: goes to any instruction of a log, forwards and backwards
//!   checkpoints, branch                          copies of a replay, from which it goes on
//! ```
//!
//! The host is all that is outside of WebAssembly. A log contains what it does, in order: the calls
//! that it makes, what it writes and creates in between, and how its functions return. What
//! WebAssembly does follows from that, so it is not in the log, except for a hash of the arguments
//! of host functions and of the numbers of instructions, by which a replay is checked.

mod actions;
mod advance;
mod branch;
mod changes;
mod checkpoints;
mod format;
mod header;
mod host;
mod player;
mod recorder;
mod references;
mod replayer;
mod timeline;
mod values;
mod writer;

pub use recorder::Recorder;
pub use replayer::{Divergence, ReplayState, Replayed, ReplayedCall, Replayer};
pub use timeline::{Breakpoint, Timeline, TimelineOptions, TimelineWrite, TimelineWriter};
