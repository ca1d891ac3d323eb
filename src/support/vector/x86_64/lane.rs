//! Moving of lanes: splats, single lanes, swizzles and shuffles.

use super::super::Level;
use super::super::plain;
use super::super::v128::V128;
use super::{select, vectors};
use core::arch::x86_64::*;

/// Defines instructions that have no form of their own here.
macro_rules! plain {
    ($($name:ident($($arg:ident: $ty:ty),+) -> $result:ty;)*) => {$(
        #[inline(always)]
        pub fn $name<L: Level>($($arg: $ty),+) -> $result {
            plain::$name($($arg),+)
        }
    )*};
}

plain! {
    v128_load32_zero(bits: u32) -> V128;
    v128_load64_zero(bits: u64) -> V128;
}

/// Defines the copying of a value to all lanes, and the replacement of a lane. Only the low bits
/// of a lane's number count.
macro_rules! values {
    ($($value:ident: $ty:ty, $width:literal, $splat:ident, $replace:ident, $all:expr;)*) => {$(
        #[inline(always)]
        pub fn $splat<L: Level>($value: $ty) -> V128 {
            // SAFETY: all processors have SSE2.
            V128(unsafe { $all })
        }

        #[inline(always)]
        pub fn $replace<L: Level>(a: V128, $value: $ty, lane: u8) -> V128 {
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
            // SAFETY: the offset is between 0 and `16 - $width`, so that 16 bytes follow.
            let mask = unsafe { _mm_loadu_si128(MASKS.as_ptr().add(16 - $width - lane * $width).cast()) };
            // SAFETY: all processors have SSE2.
            let lanes = unsafe { $all };
            V128(if L::AVX2 {
                // SAFETY: the level allows the instruction.
                unsafe { _mm_blendv_epi8(a.0, lanes, mask) }
            } else {
                select(mask, lanes, a.0)
            })
        }
    )*};
}

values! {
    value: u32, 1, i8x16_splat, i8x16_replace_lane, _mm_set1_epi8(value as i8);
    value: u32, 2, i16x8_splat, i16x8_replace_lane, _mm_set1_epi16(value as i16);
    value: u32, 4, i32x4_splat, i32x4_replace_lane, _mm_set1_epi32(value as i32);
    value: u64, 8, i64x2_splat, i64x2_replace_lane, _mm_set1_epi64x(value as i64);
    value: f32, 4, f32x4_splat, f32x4_replace_lane, _mm_castps_si128(_mm_set1_ps(value));
    value: f64, 8, f64x2_splat, f64x2_replace_lane, _mm_castpd_si128(_mm_set1_pd(value));
}

/// Returns the bytes of `a` whose numbers are in `numbers`, and 0 where a number is above 15, with
/// SSE2 alone: compares the numbers with that of each byte. (Reading bytes of an array takes as many
/// instructions, but memory on the stack, with which a handler cannot end in a jump.)
#[inline(always)]
fn gather(a: __m128i, numbers: __m128i) -> __m128i {
    // SAFETY: all processors have SSE2.
    unsafe {
        // Each byte twice, as a lane of 16 bits.
        let (low, high) = (_mm_unpacklo_epi8(a, a), _mm_unpackhi_epi8(a, a));
        let mut gathered = _mm_setzero_si128();
        /// Adds the bytes of four lanes, the first of which has the number `$first`. `$shuffle`
        /// copies a lane to all of its half of the vector, and `$half` selects that half.
        macro_rules! add {
            ($first:literal, $shuffle:ident($lanes:ident), $half:literal) => {
                add!($first, $shuffle::<0b00_00_00_00>($lanes), $half);
                add!($first + 1, $shuffle::<0b01_01_01_01>($lanes), $half);
                add!($first + 2, $shuffle::<0b10_10_10_10>($lanes), $half);
                add!($first + 3, $shuffle::<0b11_11_11_11>($lanes), $half);
            };
            ($number:expr, $lanes:expr, $half:literal) => {
                let byte = _mm_shuffle_epi32::<$half>($lanes);
                let is_here = _mm_cmpeq_epi8(numbers, _mm_set1_epi8($number));
                gathered = _mm_or_si128(gathered, _mm_and_si128(byte, is_here));
            };
        }
        add!(0, _mm_shufflelo_epi16(low), 0b00_00_00_00);
        add!(4, _mm_shufflehi_epi16(low), 0b10_10_10_10);
        add!(8, _mm_shufflelo_epi16(high), 0b00_00_00_00);
        add!(12, _mm_shufflehi_epi16(high), 0b10_10_10_10);
        gathered
    }
}

vectors! {
    // The instruction returns 0 for numbers whose highest bit is set.
    i8x16_swizzle(a, b) = if L::AVX2 {
        _mm_shuffle_epi8(a, _mm_adds_epu8(b, _mm_set1_epi8(0x70)))
    } else {
        gather(a, b)
    };
    // Bit 4 of a number selects the vector.
    i8x16_shuffle(a, b, lanes) = if L::AVX2 {
        _mm_blendv_epi8(
            _mm_shuffle_epi8(a, lanes),
            _mm_shuffle_epi8(b, lanes),
            _mm_slli_epi16::<3>(lanes),
        )
    } else {
        let from_b = _mm_sub_epi8(lanes, _mm_set1_epi8(16));
        _mm_or_si128(gather(a, lanes), gather(b, from_b))
    };
}
