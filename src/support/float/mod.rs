//! Floating-point functions that give the same bits everywhere.

#[cfg(not(feature = "std"))]
mod libm;
#[cfg(feature = "std")]
mod std;

#[cfg(not(feature = "std"))]
pub use libm::*;
#[cfg(feature = "std")]
pub use std::*;

/// The value, or the canonical NaN in place of any NaN: which NaN an operation gives
/// differs between processors.
#[inline(always)]
pub fn canonical32(value: f32) -> f32 {
    if value.is_nan() { f32::from_bits(0x7fc0_0000) } else { value }
}

/// As [`canonical32`].
#[inline(always)]
pub fn canonical64(value: f64) -> f64 {
    if value.is_nan() { f64::from_bits(0x7ff8_0000_0000_0000) } else { value }
}
