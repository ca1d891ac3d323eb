//! Code shared by the workloads: generation of input inside the module, and a
//! checksum of all results.
//!
//! Nothing here and nothing in a workload may depend on a clock, on real randomness or
//! on the iteration order of a hash map: `run(n)` is a function of `n` alone, no matter
//! how often an instance has run it before.

mod checksum;
mod random;
pub mod text;

pub use checksum::Checksum;
pub use random::Random;
