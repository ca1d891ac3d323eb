//! Vectors of 128 bits and the instructions on them: WebAssembly's SIMD and relaxed SIMD.
//!
//! * [`V128`] is a vector, and [`ops`] has one function for each instruction.
//! * `plain` has all functions on arrays of lanes, for every target. The tests compare the other
//!   forms with it.
//!
//! All functions give the same bits on all targets. Every NaN that arithmetic returns is the
//! canonical one. Relaxed instructions have one meaning, which does not depend on the processor:
//! * Those that the specification's deterministic profile defines to be another instruction have
//!   no function here: `relaxed_swizzle`, `relaxed_trunc`, `relaxed_laneselect` (`bitselect`),
//!   `relaxed_min`, `relaxed_max`, `relaxed_q15mulr_s` (`q15mulr_sat_s`).
//! * The relaxed dot products take both operands as signed and saturate the sum of two products,
//!   as in the deterministic profile.
//! * `relaxed_madd` and `relaxed_nmadd` round the product and then the sum.

#[cfg(all(target_arch = "aarch64", target_endian = "little", not(miri)))]
mod aarch64;
mod instructions;
mod lanes;
mod level;
pub mod ops;
mod plain;
#[cfg(test)]
mod tests;
mod v128;
#[cfg(all(target_arch = "x86_64", not(miri)))]
mod x86_64;

#[cfg(target_arch = "x86_64")]
#[cfg_attr(
    not(backstitch_avx2),
    allow(unused_imports, reason = "there is one level")
)]
pub use level::Avx2;
pub use level::{Baseline, Level};
#[cfg(backstitch_become)]
pub use v128::Half;
pub use v128::{Saved, V128};
