//! Comparisons lane by lane, and tests of all lanes together.

use super::super::v128::V128;
use super::neon;
use core::arch::aarch64::*;
use core::mem::transmute;

neon! {
    i8x16_eq(a: uint8x16_t, b: uint8x16_t) = vceqq_u8(a, b);
    i8x16_ne(a: uint8x16_t, b: uint8x16_t) = vmvnq_u8(vceqq_u8(a, b));
    i8x16_lt_s(a: int8x16_t, b: int8x16_t) = vcltq_s8(a, b);
    i8x16_gt_s(a: int8x16_t, b: int8x16_t) = vcgtq_s8(a, b);
    i8x16_le_s(a: int8x16_t, b: int8x16_t) = vcleq_s8(a, b);
    i8x16_ge_s(a: int8x16_t, b: int8x16_t) = vcgeq_s8(a, b);
    i8x16_lt_u(a: uint8x16_t, b: uint8x16_t) = vcltq_u8(a, b);
    i8x16_gt_u(a: uint8x16_t, b: uint8x16_t) = vcgtq_u8(a, b);
    i8x16_le_u(a: uint8x16_t, b: uint8x16_t) = vcleq_u8(a, b);
    i8x16_ge_u(a: uint8x16_t, b: uint8x16_t) = vcgeq_u8(a, b);
    i16x8_eq(a: uint16x8_t, b: uint16x8_t) = vceqq_u16(a, b);
    i16x8_ne(a: uint16x8_t, b: uint16x8_t) = vmvnq_u8(vreinterpretq_u8_u16(vceqq_u16(a, b)));
    i16x8_lt_s(a: int16x8_t, b: int16x8_t) = vcltq_s16(a, b);
    i16x8_gt_s(a: int16x8_t, b: int16x8_t) = vcgtq_s16(a, b);
    i16x8_le_s(a: int16x8_t, b: int16x8_t) = vcleq_s16(a, b);
    i16x8_ge_s(a: int16x8_t, b: int16x8_t) = vcgeq_s16(a, b);
    i16x8_lt_u(a: uint16x8_t, b: uint16x8_t) = vcltq_u16(a, b);
    i16x8_gt_u(a: uint16x8_t, b: uint16x8_t) = vcgtq_u16(a, b);
    i16x8_le_u(a: uint16x8_t, b: uint16x8_t) = vcleq_u16(a, b);
    i16x8_ge_u(a: uint16x8_t, b: uint16x8_t) = vcgeq_u16(a, b);
    i32x4_eq(a: uint32x4_t, b: uint32x4_t) = vceqq_u32(a, b);
    i32x4_ne(a: uint32x4_t, b: uint32x4_t) = vmvnq_u8(vreinterpretq_u8_u32(vceqq_u32(a, b)));
    i32x4_lt_s(a: int32x4_t, b: int32x4_t) = vcltq_s32(a, b);
    i32x4_gt_s(a: int32x4_t, b: int32x4_t) = vcgtq_s32(a, b);
    i32x4_le_s(a: int32x4_t, b: int32x4_t) = vcleq_s32(a, b);
    i32x4_ge_s(a: int32x4_t, b: int32x4_t) = vcgeq_s32(a, b);
    i32x4_lt_u(a: uint32x4_t, b: uint32x4_t) = vcltq_u32(a, b);
    i32x4_gt_u(a: uint32x4_t, b: uint32x4_t) = vcgtq_u32(a, b);
    i32x4_le_u(a: uint32x4_t, b: uint32x4_t) = vcleq_u32(a, b);
    i32x4_ge_u(a: uint32x4_t, b: uint32x4_t) = vcgeq_u32(a, b);
    i64x2_eq(a: uint64x2_t, b: uint64x2_t) = vceqq_u64(a, b);
    i64x2_ne(a: uint64x2_t, b: uint64x2_t) = vmvnq_u8(vreinterpretq_u8_u64(vceqq_u64(a, b)));
    i64x2_lt_s(a: int64x2_t, b: int64x2_t) = vcltq_s64(a, b);
    i64x2_gt_s(a: int64x2_t, b: int64x2_t) = vcgtq_s64(a, b);
    i64x2_le_s(a: int64x2_t, b: int64x2_t) = vcleq_s64(a, b);
    i64x2_ge_s(a: int64x2_t, b: int64x2_t) = vcgeq_s64(a, b);
    f32x4_eq(a: float32x4_t, b: float32x4_t) = vceqq_f32(a, b);
    f32x4_ne(a: float32x4_t, b: float32x4_t) = vmvnq_u8(vreinterpretq_u8_u32(vceqq_f32(a, b)));
    f32x4_lt(a: float32x4_t, b: float32x4_t) = vcltq_f32(a, b);
    f32x4_gt(a: float32x4_t, b: float32x4_t) = vcgtq_f32(a, b);
    f32x4_le(a: float32x4_t, b: float32x4_t) = vcleq_f32(a, b);
    f32x4_ge(a: float32x4_t, b: float32x4_t) = vcgeq_f32(a, b);
    f64x2_eq(a: float64x2_t, b: float64x2_t) = vceqq_f64(a, b);
    f64x2_ne(a: float64x2_t, b: float64x2_t) = vmvnq_u8(vreinterpretq_u8_u64(vceqq_f64(a, b)));
    f64x2_lt(a: float64x2_t, b: float64x2_t) = vcltq_f64(a, b);
    f64x2_gt(a: float64x2_t, b: float64x2_t) = vcgtq_f64(a, b);
    f64x2_le(a: float64x2_t, b: float64x2_t) = vcleq_f64(a, b);
    f64x2_ge(a: float64x2_t, b: float64x2_t) = vcgeq_f64(a, b);
}

/// Defines tests by an expression on native vectors.
macro_rules! tests {
    ($($name:ident($arg:ident: $ty:ty) = $result:expr;)*) => {$(
        #[inline(always)]
        pub fn $name($arg: V128) -> u32 {
            // SAFETY: as in `neon`.
            unsafe {
                let $arg = transmute::<uint8x16_t, $ty>($arg.0);
                u32::from($result)
            }
        }
    )*};
}

tests! {
    v128_any_true(a: uint32x4_t) = vmaxvq_u32(a) != 0;
    i8x16_all_true(a: uint8x16_t) = vminvq_u8(a) != 0;
    i16x8_all_true(a: uint16x8_t) = vminvq_u16(a) != 0;
    i32x4_all_true(a: uint32x4_t) = vminvq_u32(a) != 0;
    i64x2_all_true(a: uint64x2_t) = vmaxvq_u32(vreinterpretq_u32_u64(vceqzq_u64(a))) == 0;
    // Each lane keeps one bit of its sign. The sum of these is the mask: with 16 lanes, one of
    // pairs of a lane of the low half and one of the high half.
    i8x16_bitmask(a: int8x16_t) = {
        let bits = vreinterpretq_u8_u64(vdupq_n_u64(0x8040_2010_0804_0201));
        let signs = vandq_u8(vreinterpretq_u8_s8(vshrq_n_s8::<7>(a)), bits);
        let pairs = vzip1q_u8(signs, vextq_u8::<8>(signs, signs));
        vaddvq_u16(vreinterpretq_u16_u8(pairs))
    };
    i16x8_bitmask(a: int16x8_t) = {
        let bits = transmute::<[u16; 8], uint16x8_t>([1, 2, 4, 8, 16, 32, 64, 128]);
        vaddvq_u16(vandq_u16(vreinterpretq_u16_s16(vshrq_n_s16::<15>(a)), bits))
    };
    i32x4_bitmask(a: int32x4_t) = {
        let bits = transmute::<[u32; 4], uint32x4_t>([1, 2, 4, 8]);
        vaddvq_u32(vandq_u32(vreinterpretq_u32_s32(vshrq_n_s32::<31>(a)), bits))
    };
    i64x2_bitmask(a: uint64x2_t) = {
        let signs = vshrq_n_u64::<63>(a);
        (vgetq_lane_u64::<0>(signs) | vgetq_lane_u64::<1>(signs) << 1) as u32
    };
}
