//! Core dumps: everything that a store holds, as one file.
//!
//! Flows in: a store in which nothing runs, or whose code waits for the host. Flows out:
//! first a [`Capture`] of its stacks, which stays true, and then, through a [`Writer`], a file.
//! Must never be: a copy of a memory, or a byte that depends on
//! anything but what the guest has done.
//!
//! The file is a WebAssembly module that is never instantiated, in the format of the tool
//! conventions' [core dumps][format], with one custom section of our own for what that
//! cannot say ([`extension`]). [`reader`] reads it, whoever has written it.
//!
//! ```text
//!   capture    which frames there are, and the slots of their stacks
//!   contents   what else the store holds, for the extension
//!   memory     which bytes of memories are written
//!   writer     the sections, one after the other      bytes   … and the numbers in them
//! ```
//!
//! [format]: https://github.com/WebAssembly/tool-conventions/blob/main/Coredump.md

mod bytes;
mod capture;
mod contents;
// The reader has its own types.
#[allow(unused_imports)]
pub mod extension;
mod memory;
pub mod reader;
mod writer;

pub use capture::{Capture, Cause};
pub use writer::{Options, Writer};
