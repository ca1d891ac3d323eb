//! Integer arithmetic, shifts and bitwise logic.

use super::super::lanes::Lanes;
use super::super::v128::V128;
use super::lanewise;
use core::array::from_fn;

lanewise! {
    i8x16_add(a: u8, b: u8) -> [u8; 16] = a.wrapping_add(b);
    i8x16_sub(a: u8, b: u8) -> [u8; 16] = a.wrapping_sub(b);
    i8x16_neg(a: u8) -> [u8; 16] = a.wrapping_neg();
    i8x16_abs(a: i8) -> [i8; 16] = a.wrapping_abs();
    i8x16_min_s(a: i8, b: i8) -> [i8; 16] = a.min(b);
    i8x16_max_s(a: i8, b: i8) -> [i8; 16] = a.max(b);
    i8x16_min_u(a: u8, b: u8) -> [u8; 16] = a.min(b);
    i8x16_max_u(a: u8, b: u8) -> [u8; 16] = a.max(b);
    i8x16_add_sat_s(a: i8, b: i8) -> [i8; 16] = a.saturating_add(b);
    i8x16_sub_sat_s(a: i8, b: i8) -> [i8; 16] = a.saturating_sub(b);
    i8x16_add_sat_u(a: u8, b: u8) -> [u8; 16] = a.saturating_add(b);
    i8x16_sub_sat_u(a: u8, b: u8) -> [u8; 16] = a.saturating_sub(b);
    i8x16_avgr_u(a: u8, b: u8) -> [u8; 16] = (a & b) + ((a ^ b) >> 1) + ((a ^ b) & 1);
    i8x16_popcnt(a: u8) -> [u8; 16] = a.count_ones() as u8;
    i16x8_add(a: u16, b: u16) -> [u16; 8] = a.wrapping_add(b);
    i16x8_sub(a: u16, b: u16) -> [u16; 8] = a.wrapping_sub(b);
    i16x8_mul(a: u16, b: u16) -> [u16; 8] = a.wrapping_mul(b);
    i16x8_neg(a: u16) -> [u16; 8] = a.wrapping_neg();
    i16x8_abs(a: i16) -> [i16; 8] = a.wrapping_abs();
    i16x8_min_s(a: i16, b: i16) -> [i16; 8] = a.min(b);
    i16x8_max_s(a: i16, b: i16) -> [i16; 8] = a.max(b);
    i16x8_min_u(a: u16, b: u16) -> [u16; 8] = a.min(b);
    i16x8_max_u(a: u16, b: u16) -> [u16; 8] = a.max(b);
    i16x8_add_sat_s(a: i16, b: i16) -> [i16; 8] = a.saturating_add(b);
    i16x8_sub_sat_s(a: i16, b: i16) -> [i16; 8] = a.saturating_sub(b);
    i16x8_add_sat_u(a: u16, b: u16) -> [u16; 8] = a.saturating_add(b);
    i16x8_sub_sat_u(a: u16, b: u16) -> [u16; 8] = a.saturating_sub(b);
    i16x8_avgr_u(a: u16, b: u16) -> [u16; 8] = (a & b) + ((a ^ b) >> 1) + ((a ^ b) & 1);
    i32x4_add(a: u32, b: u32) -> [u32; 4] = a.wrapping_add(b);
    i32x4_sub(a: u32, b: u32) -> [u32; 4] = a.wrapping_sub(b);
    i32x4_mul(a: u32, b: u32) -> [u32; 4] = a.wrapping_mul(b);
    i32x4_neg(a: u32) -> [u32; 4] = a.wrapping_neg();
    i32x4_abs(a: i32) -> [i32; 4] = a.wrapping_abs();
    i32x4_min_s(a: i32, b: i32) -> [i32; 4] = a.min(b);
    i32x4_max_s(a: i32, b: i32) -> [i32; 4] = a.max(b);
    i32x4_min_u(a: u32, b: u32) -> [u32; 4] = a.min(b);
    i32x4_max_u(a: u32, b: u32) -> [u32; 4] = a.max(b);
    i64x2_add(a: u64, b: u64) -> [u64; 2] = a.wrapping_add(b);
    i64x2_sub(a: u64, b: u64) -> [u64; 2] = a.wrapping_sub(b);
    i64x2_mul(a: u64, b: u64) -> [u64; 2] = a.wrapping_mul(b);
    i64x2_neg(a: u64) -> [u64; 2] = a.wrapping_neg();
    i64x2_abs(a: i64) -> [i64; 2] = a.wrapping_abs();
    i16x8_q15mulr_sat_s(a: i16, b: i16) -> [i16; 8] = q15mulr(a, b);
    v128_not(a: u64) -> [u64; 2] = !a;
    v128_and(a: u64, b: u64) -> [u64; 2] = a & b;
    v128_or(a: u64, b: u64) -> [u64; 2] = a | b;
    v128_xor(a: u64, b: u64) -> [u64; 2] = a ^ b;
    v128_andnot(a: u64, b: u64) -> [u64; 2] = a & !b;
    v128_bitselect(a: u64, b: u64, c: u64) -> [u64; 2] = a & c | b & !c;
}

/// Returns the product of two fixed-point numbers between -1 and 1, rounded, and saturated where
/// both are -1.
#[inline(always)]
fn q15mulr(a: i16, b: i16) -> i16 {
    let product = (i32::from(a) * i32::from(b) + 0x4000) >> 15;
    product.min(i32::from(i16::MAX)) as i16
}

/// Defines shifts by a count that is taken modulo the number of bits of a lane.
macro_rules! shifts {
    ($($name:ident: [$lane:ty; $count:literal], $shift:ident;)*) => {$(
        #[inline(always)]
        pub fn $name(a: V128, count: u32) -> V128 {
            <[$lane; $count]>::from_vector(a)
                .map(|lane| lane.$shift(count))
                .into_vector()
        }
    )*};
}

shifts! {
    i8x16_shl: [u8; 16], wrapping_shl;
    i8x16_shr_s: [i8; 16], wrapping_shr;
    i8x16_shr_u: [u8; 16], wrapping_shr;
    i16x8_shl: [u16; 8], wrapping_shl;
    i16x8_shr_s: [i16; 8], wrapping_shr;
    i16x8_shr_u: [u16; 8], wrapping_shr;
    i32x4_shl: [u32; 4], wrapping_shl;
    i32x4_shr_s: [i32; 4], wrapping_shr;
    i32x4_shr_u: [u32; 4], wrapping_shr;
    i64x2_shl: [u64; 2], wrapping_shl;
    i64x2_shr_s: [i64; 2], wrapping_shr;
    i64x2_shr_u: [u64; 2], wrapping_shr;
}
