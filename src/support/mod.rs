//! What every other part rests on and nothing here knows of: errors, raw allocations,
//! locks.
//!
//! Flows in: nothing of WebAssembly. Flows out: small tools with one face, whether `std`
//! is there or not. Must never be: a name of another folder's.

#[cfg(feature = "anyhow")]
mod anyhow;
pub mod cache;
pub mod epoch;
pub mod error;
pub mod float;
pub mod parallel;
pub mod raw;
pub mod registry;
pub(crate) mod send;
pub mod sha256;
pub mod sync;
pub(crate) mod transparent;
pub mod words;
pub mod write;
