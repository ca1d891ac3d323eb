//! Moving of lanes: splats, single lanes, swizzles and shuffles.

use super::super::v128::V128;
use super::neon;
use core::arch::aarch64::*;
use core::mem::transmute;

pub use super::super::plain::{v128_load32_zero, v128_load64_zero};

/// Defines the copying of a value to all lanes, and the replacement of a lane. Only the low bits
/// of a lane's number count.
macro_rules! values {
    ($($value:ident: $ty:ty, $width:literal, $splat:ident, $replace:ident, $all:expr;)*) => {$(
        #[inline(always)]
        pub fn $splat($value: $ty) -> V128 {
            // SAFETY: as in `neon`.
            V128(unsafe { transmute::<_, uint8x16_t>($all) })
        }

        #[inline(always)]
        pub fn $replace(a: V128, $value: $ty, lane: u8) -> V128 {
            /// The mask of lane 0 is at the end, and those of the others start before.
            static MASKS: [u8; 32 - $width] = {
                let mut masks = [0; 32 - $width];
                let mut byte = 16 - $width;
                while byte < 16 {
                    masks[byte] = 0xff;
                    byte += 1;
                }
                masks
            };
            let lane = usize::from(lane) % (16 / $width);
            // SAFETY: as in `neon`. The offset is between 0 and `16 - $width`, so that 16 bytes
            // follow.
            unsafe {
                let mask = vld1q_u8(MASKS.as_ptr().add(16 - $width - lane * $width));
                V128(vbslq_u8(mask, $splat($value).0, a.0))
            }
        }
    )*};
}

values! {
    value: u32, 1, i8x16_splat, i8x16_replace_lane, vdupq_n_u8(value as u8);
    value: u32, 2, i16x8_splat, i16x8_replace_lane, vdupq_n_u16(value as u16);
    value: u32, 4, i32x4_splat, i32x4_replace_lane, vdupq_n_u32(value);
    value: u64, 8, i64x2_splat, i64x2_replace_lane, vdupq_n_u64(value);
    value: f32, 4, f32x4_splat, f32x4_replace_lane, vdupq_n_f32(value);
    value: f64, 8, f64x2_splat, f64x2_replace_lane, vdupq_n_f64(value);
}

neon! {
    i8x16_swizzle(a: uint8x16_t, b: uint8x16_t) = vqtbl1q_u8(a, b);
    i8x16_shuffle(a: uint8x16_t, b: uint8x16_t, lanes: uint8x16_t) =
        vqtbl2q_u8(uint8x16x2_t(a, b), lanes);
}
