//! Floating-point arithmetic and conversions.

use super::super::super::float;
use super::super::super::float::{canonical32, canonical64};
use super::super::lanes::Lanes;
use super::super::v128::V128;
use super::lanewise;
use core::array::from_fn;

lanewise! {
    f32x4_add(a: f32, b: f32) -> [f32; 4] = canonical32(a + b);
    f32x4_sub(a: f32, b: f32) -> [f32; 4] = canonical32(a - b);
    f32x4_mul(a: f32, b: f32) -> [f32; 4] = canonical32(a * b);
    f32x4_div(a: f32, b: f32) -> [f32; 4] = canonical32(a / b);
    f32x4_min(a: f32, b: f32) -> [f32; 4] = min32(a, b);
    f32x4_max(a: f32, b: f32) -> [f32; 4] = max32(a, b);
    f32x4_pmin(a: f32, b: f32) -> [f32; 4] = if b < a { b } else { a };
    f32x4_pmax(a: f32, b: f32) -> [f32; 4] = if a < b { b } else { a };
    f32x4_abs(a: f32) -> [f32; 4] = a.abs();
    f32x4_neg(a: f32) -> [f32; 4] = -a;
    f32x4_sqrt(a: f32) -> [f32; 4] = canonical32(float::sqrt32(a));
    f32x4_ceil(a: f32) -> [f32; 4] = canonical32(float::ceil32(a));
    f32x4_floor(a: f32) -> [f32; 4] = canonical32(float::floor32(a));
    f32x4_trunc(a: f32) -> [f32; 4] = canonical32(float::trunc32(a));
    f32x4_nearest(a: f32) -> [f32; 4] = canonical32(float::nearest32(a));
    f32x4_relaxed_madd(a: f32, b: f32, c: f32) -> [f32; 4] = canonical32(a * b + c);
    f32x4_relaxed_nmadd(a: f32, b: f32, c: f32) -> [f32; 4] = canonical32(-a * b + c);
    f64x2_add(a: f64, b: f64) -> [f64; 2] = canonical64(a + b);
    f64x2_sub(a: f64, b: f64) -> [f64; 2] = canonical64(a - b);
    f64x2_mul(a: f64, b: f64) -> [f64; 2] = canonical64(a * b);
    f64x2_div(a: f64, b: f64) -> [f64; 2] = canonical64(a / b);
    f64x2_min(a: f64, b: f64) -> [f64; 2] = min64(a, b);
    f64x2_max(a: f64, b: f64) -> [f64; 2] = max64(a, b);
    f64x2_pmin(a: f64, b: f64) -> [f64; 2] = if b < a { b } else { a };
    f64x2_pmax(a: f64, b: f64) -> [f64; 2] = if a < b { b } else { a };
    f64x2_abs(a: f64) -> [f64; 2] = a.abs();
    f64x2_neg(a: f64) -> [f64; 2] = -a;
    f64x2_sqrt(a: f64) -> [f64; 2] = canonical64(float::sqrt64(a));
    f64x2_ceil(a: f64) -> [f64; 2] = canonical64(float::ceil64(a));
    f64x2_floor(a: f64) -> [f64; 2] = canonical64(float::floor64(a));
    f64x2_trunc(a: f64) -> [f64; 2] = canonical64(float::trunc64(a));
    f64x2_nearest(a: f64) -> [f64; 2] = canonical64(float::nearest64(a));
    f64x2_relaxed_madd(a: f64, b: f64, c: f64) -> [f64; 2] = canonical64(a * b + c);
    f64x2_relaxed_nmadd(a: f64, b: f64, c: f64) -> [f64; 2] = canonical64(-a * b + c);
    f32x4_convert_i32x4_s(a: i32) -> [f32; 4] = a as f32;
    f32x4_convert_i32x4_u(a: u32) -> [f32; 4] = a as f32;
    i32x4_trunc_sat_f32x4_s(a: f32) -> [i32; 4] = a as i32;
    i32x4_trunc_sat_f32x4_u(a: f32) -> [u32; 4] = a as u32;
}

/// Defines the minimum and the maximum of a type: a NaN if one operand is a NaN, and -0 less
/// than +0.
macro_rules! extrema {
    ($ty:ty, $min:ident, $max:ident, $canonical:ident) => {
        #[inline(always)]
        fn $min(a: $ty, b: $ty) -> $ty {
            if a < b {
                a
            } else if b < a {
                b
            } else if a == b {
                <$ty>::from_bits(a.to_bits() | b.to_bits())
            } else {
                $canonical(<$ty>::NAN)
            }
        }

        #[inline(always)]
        fn $max(a: $ty, b: $ty) -> $ty {
            if a > b {
                a
            } else if b > a {
                b
            } else if a == b {
                <$ty>::from_bits(a.to_bits() & b.to_bits())
            } else {
                $canonical(<$ty>::NAN)
            }
        }
    };
}

extrema!(f32, min32, max32, canonical32);
extrema!(f64, min64, max64, canonical64);

/// Converts the two low lanes.
#[inline(always)]
pub fn f64x2_convert_low_i32x4_s(a: V128) -> V128 {
    let [low, high, ..] = <[i32; 4]>::from_vector(a);
    [f64::from(low), f64::from(high)].into_vector()
}

/// Converts the two low lanes.
#[inline(always)]
pub fn f64x2_convert_low_i32x4_u(a: V128) -> V128 {
    let [low, high, ..] = <[u32; 4]>::from_vector(a);
    [f64::from(low), f64::from(high)].into_vector()
}

/// Converts to the two low lanes. The others are zero.
#[inline(always)]
pub fn i32x4_trunc_sat_f64x2_s_zero(a: V128) -> V128 {
    let [low, high] = <[f64; 2]>::from_vector(a);
    [low as i32, high as i32, 0, 0].into_vector()
}

/// Converts to the two low lanes. The others are zero.
#[inline(always)]
pub fn i32x4_trunc_sat_f64x2_u_zero(a: V128) -> V128 {
    let [low, high] = <[f64; 2]>::from_vector(a);
    [low as u32, high as u32, 0, 0].into_vector()
}

/// Converts to the two low lanes. The others are zero.
#[inline(always)]
pub fn f32x4_demote_f64x2_zero(a: V128) -> V128 {
    let [low, high] = <[f64; 2]>::from_vector(a);
    [canonical32(low as f32), canonical32(high as f32), 0.0, 0.0].into_vector()
}

/// Converts the two low lanes.
#[inline(always)]
pub fn f64x2_promote_low_f32x4(a: V128) -> V128 {
    let [low, high, ..] = <[f32; 4]>::from_vector(a);
    [canonical64(f64::from(low)), canonical64(f64::from(high))].into_vector()
}
