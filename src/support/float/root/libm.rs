//! Square roots for targets without `std`.

/// Returns the square root.
#[inline(always)]
pub fn sqrt32(value: f32) -> f32 {
    libm::sqrtf(value)
}

/// Returns the square root.
#[inline(always)]
pub fn sqrt64(value: f64) -> f64 {
    libm::sqrt(value)
}
