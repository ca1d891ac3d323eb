//! Square roots with `std`: the processor's instruction, if it has one.

/// Returns the square root.
#[inline(always)]
pub fn sqrt32(value: f32) -> f32 {
    value.sqrt()
}

/// Returns the square root.
#[inline(always)]
pub fn sqrt64(value: f64) -> f64 {
    value.sqrt()
}
