//! What every workload shares: input made inside the module, and a checksum of
//! everything that the workload produced.
//!
//! Nothing here, and nothing in a workload, may depend on a clock, on real
//! randomness or on the iteration order of a hash map: `run(n)` is a function
//! of `n` alone, however often an instance has run it before.

mod checksum;
mod random;
pub mod text;

pub use checksum::Checksum;
pub use random::Random;
