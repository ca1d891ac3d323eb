//! Comparisons lane by lane, and tests of all lanes together.

use super::super::lanes::Lanes;
use super::super::v128::V128;
use super::lanewise;
use core::array::from_fn;

/// Defines comparisons: a lane of the result has all bits set where the comparison holds.
macro_rules! comparisons {
    ($($name:ident: $from:ty, [$to:ty; $count:literal], $operator:tt;)*) => {
        lanewise! {$(
            $name(a: $from, b: $from) -> [$to; $count] = if a $operator b { <$to>::MAX } else { 0 };
        )*}
    };
}

comparisons! {
    i8x16_eq: u8, [u8; 16], ==;
    i8x16_ne: u8, [u8; 16], !=;
    i8x16_lt_s: i8, [u8; 16], <;
    i8x16_lt_u: u8, [u8; 16], <;
    i8x16_gt_s: i8, [u8; 16], >;
    i8x16_gt_u: u8, [u8; 16], >;
    i8x16_le_s: i8, [u8; 16], <=;
    i8x16_le_u: u8, [u8; 16], <=;
    i8x16_ge_s: i8, [u8; 16], >=;
    i8x16_ge_u: u8, [u8; 16], >=;
    i16x8_eq: u16, [u16; 8], ==;
    i16x8_ne: u16, [u16; 8], !=;
    i16x8_lt_s: i16, [u16; 8], <;
    i16x8_lt_u: u16, [u16; 8], <;
    i16x8_gt_s: i16, [u16; 8], >;
    i16x8_gt_u: u16, [u16; 8], >;
    i16x8_le_s: i16, [u16; 8], <=;
    i16x8_le_u: u16, [u16; 8], <=;
    i16x8_ge_s: i16, [u16; 8], >=;
    i16x8_ge_u: u16, [u16; 8], >=;
    i32x4_eq: u32, [u32; 4], ==;
    i32x4_ne: u32, [u32; 4], !=;
    i32x4_lt_s: i32, [u32; 4], <;
    i32x4_lt_u: u32, [u32; 4], <;
    i32x4_gt_s: i32, [u32; 4], >;
    i32x4_gt_u: u32, [u32; 4], >;
    i32x4_le_s: i32, [u32; 4], <=;
    i32x4_le_u: u32, [u32; 4], <=;
    i32x4_ge_s: i32, [u32; 4], >=;
    i32x4_ge_u: u32, [u32; 4], >=;
    i64x2_eq: u64, [u64; 2], ==;
    i64x2_ne: u64, [u64; 2], !=;
    i64x2_lt_s: i64, [u64; 2], <;
    i64x2_gt_s: i64, [u64; 2], >;
    i64x2_le_s: i64, [u64; 2], <=;
    i64x2_ge_s: i64, [u64; 2], >=;
    f32x4_eq: f32, [u32; 4], ==;
    f32x4_ne: f32, [u32; 4], !=;
    f32x4_lt: f32, [u32; 4], <;
    f32x4_gt: f32, [u32; 4], >;
    f32x4_le: f32, [u32; 4], <=;
    f32x4_ge: f32, [u32; 4], >=;
    f64x2_eq: f64, [u64; 2], ==;
    f64x2_ne: f64, [u64; 2], !=;
    f64x2_lt: f64, [u64; 2], <;
    f64x2_gt: f64, [u64; 2], >;
    f64x2_le: f64, [u64; 2], <=;
    f64x2_ge: f64, [u64; 2], >=;
}

/// Returns 1 if any bit is set.
#[inline(always)]
pub fn v128_any_true(a: V128) -> u32 {
    u32::from(a != V128::ZERO)
}

/// Defines the tests of a shape: all lanes are not zero, and the sign bits of all lanes.
macro_rules! tests {
    ($([$lane:ty; $count:literal], $all_true:ident, $bitmask:ident;)*) => {$(
        /// Returns 1 if no lane is zero.
        #[inline(always)]
        pub fn $all_true(a: V128) -> u32 {
            // Not `contains`, which calls a function for bytes.
            let lanes = <[$lane; $count]>::from_vector(a);
            u32::from(lanes.iter().fold(true, |all, &lane| all & (lane != 0)))
        }

        /// Returns the sign bits of all lanes, that of lane 0 in the lowest bit.
        #[inline(always)]
        pub fn $bitmask(a: V128) -> u32 {
            let lanes = <[$lane; $count]>::from_vector(a);
            (0..$count).fold(0, |mask, lane| mask | u32::from(lanes[lane] < 0) << lane)
        }
    )*};
}

tests! {
    [i8; 16], i8x16_all_true, i8x16_bitmask;
    [i16; 8], i16x8_all_true, i16x8_bitmask;
    [i32; 4], i32x4_all_true, i32x4_bitmask;
    [i64; 2], i64x2_all_true, i64x2_bitmask;
}
