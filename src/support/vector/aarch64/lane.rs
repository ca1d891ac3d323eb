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

/// Defines the reading of a lane, whose bits come from [`bits`]. Only the low bits of its number
/// count.
macro_rules! extractions {
    ($($name:ident, $width:literal, $value:ty, |$bits:ident| $result:expr;)*) => {$(
        #[inline(always)]
        pub fn $name(a: V128, lane: u8) -> $value {
            let $bits = bits(a, lane % (16 / $width) * $width);
            $result
        }
    )*};
}

extractions! {
    i8x16_extract_lane_s, 1, i32, |bits| i32::from(bits as i8);
    i8x16_extract_lane_u, 1, u32, |bits| u32::from(bits as u8);
    i16x8_extract_lane_s, 2, i32, |bits| i32::from(bits as i16);
    i16x8_extract_lane_u, 2, u32, |bits| u32::from(bits as u16);
    i32x4_extract_lane, 4, u32, |bits| bits as u32;
    i64x2_extract_lane, 8, u64, |bits| bits;
    f32x4_extract_lane, 4, f32, |bits| f32::from_bits(bits as u32);
    f64x2_extract_lane, 8, f64, |bits| f64::from_bits(bits);
}

/// Returns the 8 bytes from an offset, and zeros for those behind the end.
#[inline(always)]
fn bits(a: V128, offset: u8) -> u64 {
    // SAFETY: as in `neon`.
    unsafe {
        let numbers = vcreate_u8(0x0706_0504_0302_0100);
        let bytes = vqtbl1_u8(a.0, vadd_u8(vdup_n_u8(offset), numbers));
        vget_lane_u64::<0>(vreinterpret_u64_u8(bytes))
    }
}

neon! {
    i8x16_swizzle(a: uint8x16_t, b: uint8x16_t) = vqtbl1q_u8(a, b);
    i8x16_shuffle(a: uint8x16_t, b: uint8x16_t, lanes: uint8x16_t) =
        vqtbl2q_u8(uint8x16x2_t(a, b), lanes);
}
