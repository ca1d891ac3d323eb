//! Square roots by the system, which means by the processor where it has them.

/// The square root.
#[inline(always)]
pub fn sqrt32(value: f32) -> f32 {
    value.sqrt()
}

/// The square root.
#[inline(always)]
pub fn sqrt64(value: f64) -> f64 {
    value.sqrt()
}
