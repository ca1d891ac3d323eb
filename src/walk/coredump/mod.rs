//! Core dumps: the whole state of a store in one file.
//!
//! Input: a store in which nothing runs, or whose code waits for the host. Outputs: a [`Capture`]
//! of its stacks, which stays valid, and then, through a [`Writer`], a file. Never allowed: a
//! copy of a memory, or a byte that depends on anything but the guest's actions.
//!
//! The file is a WebAssembly module that is never instantiated, in the [core dump format][format]
//! of the tool conventions, with one custom section of Backstitch's own ([`extension`]) for what
//! that format cannot express. [`reader`] reads the dumps of any writer.
//!
//! ```text
//!   capture    the list of frames, and the slots of their stacks
//!   contents   the rest of the store, for the extension
//!   objects    the objects of the heap: which are reachable, their numbers and contents
//!   graph      the references between objects: who keeps what alive, and heap snapshots
//!   shown      selection of memories and globals
//!   snapshot   what a program needs to go on
//!   memory     selection of the bytes of memories
//!   writer     the sections in order      bytes   numbers and strings in them
//! ```
//!
//! [format]: https://github.com/WebAssembly/tool-conventions/blob/main/Coredump.md

mod bytes;
mod capture;
mod contents;
// The reader exports a part of these types.
#[allow(unused_imports)]
pub mod extension;
pub mod graph;
mod memory;
mod objects;
pub mod reader;
mod shown;
mod snapshot;
mod writer;

pub use capture::{Capture, Cause, value_of};
#[cfg(feature = "debug")]
pub use capture::{FrameValues, Maps};
#[cfg(feature = "debug")]
pub use contents::value;
pub use snapshot::HostPart;
pub use writer::{Options, Writer};
