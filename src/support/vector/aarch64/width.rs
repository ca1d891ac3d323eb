//! Instructions whose operands and results have lanes of different widths: extension, narrowing
//! and sums of products.

use super::super::v128::V128;
use super::neon;
use core::arch::aarch64::*;
use core::mem::transmute;

neon! {
    i16x8_extend_low_i8x16_s(a: int8x16_t) = vmovl_s8(vget_low_s8(a));
    i16x8_extend_high_i8x16_s(a: int8x16_t) = vmovl_high_s8(a);
    i16x8_extmul_low_i8x16_s(a: int8x16_t, b: int8x16_t) = vmull_s8(vget_low_s8(a), vget_low_s8(b));
    i16x8_extmul_high_i8x16_s(a: int8x16_t, b: int8x16_t) = vmull_high_s8(a, b);
    i16x8_extadd_pairwise_i8x16_s(a: int8x16_t) = vpaddlq_s8(a);
    i16x8_extend_low_i8x16_u(a: uint8x16_t) = vmovl_u8(vget_low_u8(a));
    i16x8_extend_high_i8x16_u(a: uint8x16_t) = vmovl_high_u8(a);
    i16x8_extmul_low_i8x16_u(a: uint8x16_t, b: uint8x16_t) = vmull_u8(vget_low_u8(a), vget_low_u8(b));
    i16x8_extmul_high_i8x16_u(a: uint8x16_t, b: uint8x16_t) = vmull_high_u8(a, b);
    i16x8_extadd_pairwise_i8x16_u(a: uint8x16_t) = vpaddlq_u8(a);
    i32x4_extend_low_i16x8_s(a: int16x8_t) = vmovl_s16(vget_low_s16(a));
    i32x4_extend_high_i16x8_s(a: int16x8_t) = vmovl_high_s16(a);
    i32x4_extmul_low_i16x8_s(a: int16x8_t, b: int16x8_t) = vmull_s16(vget_low_s16(a), vget_low_s16(b));
    i32x4_extmul_high_i16x8_s(a: int16x8_t, b: int16x8_t) = vmull_high_s16(a, b);
    i32x4_extadd_pairwise_i16x8_s(a: int16x8_t) = vpaddlq_s16(a);
    i32x4_extend_low_i16x8_u(a: uint16x8_t) = vmovl_u16(vget_low_u16(a));
    i32x4_extend_high_i16x8_u(a: uint16x8_t) = vmovl_high_u16(a);
    i32x4_extmul_low_i16x8_u(a: uint16x8_t, b: uint16x8_t) = vmull_u16(vget_low_u16(a), vget_low_u16(b));
    i32x4_extmul_high_i16x8_u(a: uint16x8_t, b: uint16x8_t) = vmull_high_u16(a, b);
    i32x4_extadd_pairwise_i16x8_u(a: uint16x8_t) = vpaddlq_u16(a);
    i64x2_extend_low_i32x4_s(a: int32x4_t) = vmovl_s32(vget_low_s32(a));
    i64x2_extend_high_i32x4_s(a: int32x4_t) = vmovl_high_s32(a);
    i64x2_extmul_low_i32x4_s(a: int32x4_t, b: int32x4_t) = vmull_s32(vget_low_s32(a), vget_low_s32(b));
    i64x2_extmul_high_i32x4_s(a: int32x4_t, b: int32x4_t) = vmull_high_s32(a, b);
    i64x2_extend_low_i32x4_u(a: uint32x4_t) = vmovl_u32(vget_low_u32(a));
    i64x2_extend_high_i32x4_u(a: uint32x4_t) = vmovl_high_u32(a);
    i64x2_extmul_low_i32x4_u(a: uint32x4_t, b: uint32x4_t) = vmull_u32(vget_low_u32(a), vget_low_u32(b));
    i64x2_extmul_high_i32x4_u(a: uint32x4_t, b: uint32x4_t) = vmull_high_u32(a, b);
    i8x16_narrow_i16x8_s(a: int16x8_t, b: int16x8_t) = vqmovn_high_s16(vqmovn_s16(a), b);
    i8x16_narrow_i16x8_u(a: int16x8_t, b: int16x8_t) = vqmovun_high_s16(vqmovun_s16(a), b);
    i16x8_narrow_i32x4_s(a: int32x4_t, b: int32x4_t) = vqmovn_high_s32(vqmovn_s32(a), b);
    i16x8_narrow_i32x4_u(a: int32x4_t, b: int32x4_t) = vqmovun_high_s32(vqmovun_s32(a), b);
    i32x4_dot_i16x8_s(a: int16x8_t, b: int16x8_t) =
        vpaddq_s32(vmull_s16(vget_low_s16(a), vget_low_s16(b)), vmull_high_s16(a, b));
    i16x8_relaxed_dot_i8x16_i7x16_s(a: int8x16_t, b: int8x16_t) = dot(a, b);
    i32x4_relaxed_dot_i8x16_i7x16_add_s(a: int8x16_t, b: int8x16_t, c: int32x4_t) =
        vpadalq_s16(c, dot(a, b));
}

/// Returns the sums, which saturate, of two products each of lanes of 8 bits.
#[inline(always)]
fn dot(a: int8x16_t, b: int8x16_t) -> int16x8_t {
    // SAFETY: as in `neon`.
    unsafe {
        let low = vmull_s8(vget_low_s8(a), vget_low_s8(b));
        let high = vmull_high_s8(a, b);
        vqaddq_s16(vuzp1q_s16(low, high), vuzp2q_s16(low, high))
    }
}

/// Defines the extension of 64 bits in memory.
macro_rules! loads {
    ($($name:ident, $extend:ident, $create:ident;)*) => {$(
        #[inline(always)]
        pub fn $name(bits: u64) -> V128 {
            // SAFETY: as in `neon`.
            V128(unsafe { transmute::<_, uint8x16_t>($extend($create(bits))) })
        }
    )*};
}

loads! {
    v128_load8x8_s, vmovl_s8, vcreate_s8;
    v128_load8x8_u, vmovl_u8, vcreate_u8;
    v128_load16x4_s, vmovl_s16, vcreate_s16;
    v128_load16x4_u, vmovl_u16, vcreate_u16;
    v128_load32x2_s, vmovl_s32, vcreate_s32;
    v128_load32x2_u, vmovl_u32, vcreate_u32;
}
