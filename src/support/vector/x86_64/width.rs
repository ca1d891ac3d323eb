//! Instructions whose operands and results have lanes of different widths: extension, narrowing
//! and sums of products.

use super::super::Level;
use super::super::v128::V128;
use super::{helpers, vectors};
use core::arch::x86_64::*;

vectors! {
    i16x8_extend_low_i8x16_s(a) = if L::AVX2 {
        _mm_cvtepi8_epi16(a)
    } else {
        _mm_srai_epi16::<8>(_mm_unpacklo_epi8(a, a))
    };
    i16x8_extend_high_i8x16_s(a) = _mm_srai_epi16::<8>(_mm_unpackhi_epi8(a, a));
    i32x4_extend_low_i16x8_s(a) = if L::AVX2 {
        _mm_cvtepi16_epi32(a)
    } else {
        _mm_srai_epi32::<16>(_mm_unpacklo_epi16(a, a))
    };
    i32x4_extend_high_i16x8_s(a) = _mm_srai_epi32::<16>(_mm_unpackhi_epi16(a, a));
    i64x2_extend_low_i32x4_s(a) = if L::AVX2 {
        _mm_cvtepi32_epi64(a)
    } else {
        _mm_unpacklo_epi32(a, _mm_srai_epi32::<31>(a))
    };
    i64x2_extend_high_i32x4_s(a) = _mm_unpackhi_epi32(a, _mm_srai_epi32::<31>(a));
    i16x8_extend_low_i8x16_u(a) = if L::AVX2 {
        _mm_cvtepu8_epi16(a)
    } else {
        _mm_unpacklo_epi8(a, _mm_setzero_si128())
    };
    i16x8_extend_high_i8x16_u(a) = _mm_unpackhi_epi8(a, _mm_setzero_si128());
    i32x4_extend_low_i16x8_u(a) = if L::AVX2 {
        _mm_cvtepu16_epi32(a)
    } else {
        _mm_unpacklo_epi16(a, _mm_setzero_si128())
    };
    i32x4_extend_high_i16x8_u(a) = _mm_unpackhi_epi16(a, _mm_setzero_si128());
    i64x2_extend_low_i32x4_u(a) = if L::AVX2 {
        _mm_cvtepu32_epi64(a)
    } else {
        _mm_unpacklo_epi32(a, _mm_setzero_si128())
    };
    i64x2_extend_high_i32x4_u(a) = _mm_unpackhi_epi32(a, _mm_setzero_si128());
    i32x4_extmul_low_i16x8_s(a, b) =
        _mm_unpacklo_epi16(_mm_mullo_epi16(a, b), _mm_mulhi_epi16(a, b));
    i32x4_extmul_low_i16x8_u(a, b) =
        _mm_unpacklo_epi16(_mm_mullo_epi16(a, b), _mm_mulhi_epu16(a, b));
    i32x4_extmul_high_i16x8_s(a, b) =
        _mm_unpackhi_epi16(_mm_mullo_epi16(a, b), _mm_mulhi_epi16(a, b));
    i32x4_extmul_high_i16x8_u(a, b) =
        _mm_unpackhi_epi16(_mm_mullo_epi16(a, b), _mm_mulhi_epu16(a, b));
    i64x2_extmul_low_i32x4_u(a, b) =
        _mm_mul_epu32(_mm_shuffle_epi32::<0x50>(a), _mm_shuffle_epi32::<0x50>(b));
    i64x2_extmul_low_i32x4_s(a, b) =
        multiply::<L>(_mm_shuffle_epi32::<0x50>(a), _mm_shuffle_epi32::<0x50>(b));
    i64x2_extmul_high_i32x4_u(a, b) =
        _mm_mul_epu32(_mm_shuffle_epi32::<0xfa>(a), _mm_shuffle_epi32::<0xfa>(b));
    i64x2_extmul_high_i32x4_s(a, b) =
        multiply::<L>(_mm_shuffle_epi32::<0xfa>(a), _mm_shuffle_epi32::<0xfa>(b));
    i16x8_extadd_pairwise_i8x16_s(a) = if L::AVX2 {
        _mm_maddubs_epi16(_mm_set1_epi8(1), a)
    } else {
        _mm_add_epi16(even(a), odd(a))
    };
    i16x8_extadd_pairwise_i8x16_u(a) = if L::AVX2 {
        _mm_maddubs_epi16(a, _mm_set1_epi8(1))
    } else {
        _mm_add_epi16(_mm_and_si128(a, _mm_set1_epi16(0xff)), _mm_srli_epi16::<8>(a))
    };
    i32x4_extadd_pairwise_i16x8_s(a) = _mm_madd_epi16(a, _mm_set1_epi16(1));
    i32x4_extadd_pairwise_i16x8_u(a) =
        _mm_add_epi32(_mm_and_si128(a, _mm_set1_epi32(0xffff)), _mm_srli_epi32::<16>(a));
    i8x16_narrow_i16x8_s(a, b) = _mm_packs_epi16(a, b);
    i8x16_narrow_i16x8_u(a, b) = _mm_packus_epi16(a, b);
    i16x8_narrow_i32x4_s(a, b) = _mm_packs_epi32(a, b);
    i16x8_narrow_i32x4_u(a, b) = if L::AVX2 {
        _mm_packus_epi32(a, b)
    } else {
        let signed = _mm_packs_epi32(from_middle(a), from_middle(b));
        _mm_xor_si128(signed, _mm_set1_epi16(i16::MIN))
    };
    i32x4_dot_i16x8_s(a, b) = _mm_madd_epi16(a, b);
    i16x8_relaxed_dot_i8x16_i7x16_s(a, b) = dot(a, b);
    i32x4_relaxed_dot_i8x16_i7x16_add_s(a, b, c) =
        _mm_add_epi32(_mm_madd_epi16(dot(a, b), _mm_set1_epi16(1)), c);
}

/// Defines products of extended lanes of 8 bits.
macro_rules! products {
    ($($name:ident, $extend:ident;)*) => {$(
        #[inline(always)]
        pub fn $name<L: Level>(a: V128, b: V128) -> V128 {
            // SAFETY: all processors have SSE2.
            V128(unsafe { _mm_mullo_epi16($extend::<L>(a).0, $extend::<L>(b).0) })
        }
    )*};
}

products! {
    i16x8_extmul_low_i8x16_s, i16x8_extend_low_i8x16_s;
    i16x8_extmul_low_i8x16_u, i16x8_extend_low_i8x16_u;
    i16x8_extmul_high_i8x16_s, i16x8_extend_high_i8x16_s;
    i16x8_extmul_high_i8x16_u, i16x8_extend_high_i8x16_u;
}

helpers! {
/// Multiplies the lanes 0 and 2, as signed integers. Each of these lanes is in the next one also.
fn multiply<L: Level>(a: __m128i, b: __m128i) -> __m128i {
    if L::AVX2 {
        _mm_mul_epi32(a, b)
    } else {
        // As an unsigned integer, a negative one is 2^32 too large.
        let a_negative = _mm_and_si128(_mm_srai_epi32::<31>(a), b);
        let b_negative = _mm_and_si128(_mm_srai_epi32::<31>(b), a);
        let excess = _mm_slli_epi64::<32>(_mm_add_epi32(a_negative, b_negative));
        _mm_sub_epi64(_mm_mul_epu32(a, b), excess)
    }
}

/// Returns the even lanes of 8 bits, extended.
fn even(a: __m128i) -> __m128i {
    _mm_srai_epi16::<8>(_mm_slli_epi16::<8>(a))
}

/// Returns the odd lanes of 8 bits, extended.
fn odd(a: __m128i) -> __m128i {
    _mm_srai_epi16::<8>(a)
}

/// Returns the sums, which saturate, of two products each of lanes of 8 bits.
fn dot(a: __m128i, b: __m128i) -> __m128i {
    _mm_adds_epi16(
        _mm_mullo_epi16(even(a), even(b)),
        _mm_mullo_epi16(odd(a), odd(b)),
    )
}

/// Returns the difference to 2^15 of lanes, after replacing negative ones by 0.
fn from_middle(a: __m128i) -> __m128i {
    let positive = _mm_andnot_si128(_mm_srai_epi32::<31>(a), a);
    _mm_sub_epi32(positive, _mm_set1_epi32(0x8000))
}
}

/// Defines the extension of 64 bits in memory.
macro_rules! loads {
    ($($name:ident, $extend:ident;)*) => {$(
        #[inline(always)]
        pub fn $name<L: Level>(bits: u64) -> V128 {
            $extend::<L>(V128::from_slots(bits, 0))
        }
    )*};
}

loads! {
    v128_load8x8_s, i16x8_extend_low_i8x16_s;
    v128_load8x8_u, i16x8_extend_low_i8x16_u;
    v128_load16x4_s, i32x4_extend_low_i16x8_s;
    v128_load16x4_u, i32x4_extend_low_i16x8_u;
    v128_load32x2_s, i64x2_extend_low_i32x4_s;
    v128_load32x2_u, i64x2_extend_low_i32x4_u;
}
