//! Integer arithmetic, shifts and bitwise logic.

use super::super::v128::V128;
use super::neon;
use core::arch::aarch64::*;
use core::mem::transmute;

neon! {
    i8x16_add(a: uint8x16_t, b: uint8x16_t) = vaddq_u8(a, b);
    i8x16_sub(a: uint8x16_t, b: uint8x16_t) = vsubq_u8(a, b);
    i8x16_neg(a: int8x16_t) = vnegq_s8(a);
    i8x16_abs(a: int8x16_t) = vabsq_s8(a);
    i8x16_min_s(a: int8x16_t, b: int8x16_t) = vminq_s8(a, b);
    i8x16_max_s(a: int8x16_t, b: int8x16_t) = vmaxq_s8(a, b);
    i8x16_min_u(a: uint8x16_t, b: uint8x16_t) = vminq_u8(a, b);
    i8x16_max_u(a: uint8x16_t, b: uint8x16_t) = vmaxq_u8(a, b);
    i8x16_add_sat_s(a: int8x16_t, b: int8x16_t) = vqaddq_s8(a, b);
    i8x16_sub_sat_s(a: int8x16_t, b: int8x16_t) = vqsubq_s8(a, b);
    i8x16_add_sat_u(a: uint8x16_t, b: uint8x16_t) = vqaddq_u8(a, b);
    i8x16_sub_sat_u(a: uint8x16_t, b: uint8x16_t) = vqsubq_u8(a, b);
    i8x16_avgr_u(a: uint8x16_t, b: uint8x16_t) = vrhaddq_u8(a, b);
    i16x8_add(a: uint16x8_t, b: uint16x8_t) = vaddq_u16(a, b);
    i16x8_sub(a: uint16x8_t, b: uint16x8_t) = vsubq_u16(a, b);
    i16x8_mul(a: uint16x8_t, b: uint16x8_t) = vmulq_u16(a, b);
    i16x8_neg(a: int16x8_t) = vnegq_s16(a);
    i16x8_abs(a: int16x8_t) = vabsq_s16(a);
    i16x8_min_s(a: int16x8_t, b: int16x8_t) = vminq_s16(a, b);
    i16x8_max_s(a: int16x8_t, b: int16x8_t) = vmaxq_s16(a, b);
    i16x8_min_u(a: uint16x8_t, b: uint16x8_t) = vminq_u16(a, b);
    i16x8_max_u(a: uint16x8_t, b: uint16x8_t) = vmaxq_u16(a, b);
    i16x8_add_sat_s(a: int16x8_t, b: int16x8_t) = vqaddq_s16(a, b);
    i16x8_sub_sat_s(a: int16x8_t, b: int16x8_t) = vqsubq_s16(a, b);
    i16x8_add_sat_u(a: uint16x8_t, b: uint16x8_t) = vqaddq_u16(a, b);
    i16x8_sub_sat_u(a: uint16x8_t, b: uint16x8_t) = vqsubq_u16(a, b);
    i16x8_avgr_u(a: uint16x8_t, b: uint16x8_t) = vrhaddq_u16(a, b);
    i32x4_add(a: uint32x4_t, b: uint32x4_t) = vaddq_u32(a, b);
    i32x4_sub(a: uint32x4_t, b: uint32x4_t) = vsubq_u32(a, b);
    i32x4_mul(a: uint32x4_t, b: uint32x4_t) = vmulq_u32(a, b);
    i32x4_neg(a: int32x4_t) = vnegq_s32(a);
    i32x4_abs(a: int32x4_t) = vabsq_s32(a);
    i32x4_min_s(a: int32x4_t, b: int32x4_t) = vminq_s32(a, b);
    i32x4_max_s(a: int32x4_t, b: int32x4_t) = vmaxq_s32(a, b);
    i32x4_min_u(a: uint32x4_t, b: uint32x4_t) = vminq_u32(a, b);
    i32x4_max_u(a: uint32x4_t, b: uint32x4_t) = vmaxq_u32(a, b);
    i64x2_add(a: uint64x2_t, b: uint64x2_t) = vaddq_u64(a, b);
    i64x2_sub(a: uint64x2_t, b: uint64x2_t) = vsubq_u64(a, b);
    i64x2_neg(a: int64x2_t) = vnegq_s64(a);
    i64x2_abs(a: int64x2_t) = vabsq_s64(a);
    // The low halves of the products of high and low halves are added to the high half.
    i64x2_mul(a: uint32x4_t, b: uint32x4_t) = {
        let cross = vpaddlq_u32(vmulq_u32(vrev64q_u32(b), a));
        let (a, b) = (vreinterpretq_u64_u32(a), vreinterpretq_u64_u32(b));
        vmlal_u32(vshlq_n_u64::<32>(cross), vmovn_u64(a), vmovn_u64(b))
    };
    i8x16_popcnt(a: uint8x16_t) = vcntq_u8(a);
    i16x8_q15mulr_sat_s(a: int16x8_t, b: int16x8_t) = vqrdmulhq_s16(a, b);
    v128_not(a: uint8x16_t) = vmvnq_u8(a);
    v128_and(a: uint8x16_t, b: uint8x16_t) = vandq_u8(a, b);
    v128_or(a: uint8x16_t, b: uint8x16_t) = vorrq_u8(a, b);
    v128_xor(a: uint8x16_t, b: uint8x16_t) = veorq_u8(a, b);
    v128_andnot(a: uint8x16_t, b: uint8x16_t) = vbicq_u8(a, b);
    v128_bitselect(a: uint8x16_t, b: uint8x16_t, c: uint8x16_t) = vbslq_u8(c, a, b);
}

/// Defines shifts, whose count is taken modulo the number of bits of a lane. The instructions
/// shift right by negative counts.
macro_rules! shifts {
    ($($name:ident($ty:ty, $count:ident % $bits:literal) = $shift:ident, $splat:ident($counts:expr);)*) => {$(
        #[inline(always)]
        pub fn $name(a: V128, count: u32) -> V128 {
            let $count = (count % $bits) as i32;
            // SAFETY: as in `neon`.
            unsafe {
                let a = transmute::<uint8x16_t, $ty>(a.0);
                V128(transmute::<$ty, uint8x16_t>($shift(a, $splat($counts))))
            }
        }
    )*};
}

shifts! {
    i8x16_shl(uint8x16_t, count % 8) = vshlq_u8, vdupq_n_s8(count as i8);
    i8x16_shr_s(int8x16_t, count % 8) = vshlq_s8, vdupq_n_s8((-count) as i8);
    i8x16_shr_u(uint8x16_t, count % 8) = vshlq_u8, vdupq_n_s8((-count) as i8);
    i16x8_shl(uint16x8_t, count % 16) = vshlq_u16, vdupq_n_s16(count as i16);
    i16x8_shr_s(int16x8_t, count % 16) = vshlq_s16, vdupq_n_s16((-count) as i16);
    i16x8_shr_u(uint16x8_t, count % 16) = vshlq_u16, vdupq_n_s16((-count) as i16);
    i32x4_shl(uint32x4_t, count % 32) = vshlq_u32, vdupq_n_s32(count);
    i32x4_shr_s(int32x4_t, count % 32) = vshlq_s32, vdupq_n_s32(-count);
    i32x4_shr_u(uint32x4_t, count % 32) = vshlq_u32, vdupq_n_s32(-count);
    i64x2_shl(uint64x2_t, count % 64) = vshlq_u64, vdupq_n_s64(count as i64);
    i64x2_shr_s(int64x2_t, count % 64) = vshlq_s64, vdupq_n_s64((-count) as i64);
    i64x2_shr_u(uint64x2_t, count % 64) = vshlq_u64, vdupq_n_s64((-count) as i64);
}
