//! Basic types and functions on which all other modules depend: errors, raw allocations, locks,
//! waits of threads, accesses to bytes that threads share, and the arithmetic of floats and vectors.
//!
//! * Input: nothing that is specific to this engine. (Arithmetic follows WebAssembly's rules.)
//! * Output: tools with the same interface with and without `std`.
//! * Never: a dependency on another module of the crate.

#[cfg(feature = "anyhow")]
mod anyhow;
pub mod bits;
pub mod cache;
pub mod encoding;
pub mod epoch;
pub mod error;
pub mod float;
pub mod linear;
#[cfg(backstitch_pages)]
mod pagemap;
#[cfg(backstitch_pages)]
mod pages;
pub mod parallel;
#[cfg(feature = "std")]
pub mod park;
pub mod raw;
#[cfg(feature = "std")]
pub mod read;
pub mod registry;
pub mod relaxed;
pub mod segments;
pub(crate) mod send;
pub mod sha256;
pub mod size_class;
pub mod sync;
pub(crate) mod transparent;
#[cfg_attr(not(feature = "simd"), path = "vector/absent.rs")]
pub mod vector;
pub mod wait_queue;
pub mod words;
pub mod write;
