//! Core dumps: everything that a store holds, as one file.
//!
//! The file is a WebAssembly module that is never instantiated, in the format of the tool
//! conventions' [core dumps][format], with one custom section of our own for what that
//! cannot say ([`extension`]). [`reader`] reads it, whoever has written it.
//!
//! [format]: https://github.com/WebAssembly/tool-conventions/blob/main/Coredump.md

// The half that writes is the writer's.
#[allow(dead_code, unused_imports)]
pub mod extension;
pub mod reader;
