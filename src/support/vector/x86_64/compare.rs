//! Comparisons lane by lane, and tests of all lanes together.

use super::super::Level;
use super::super::v128::V128;
use super::{doubles, helpers, not, singles, vectors};
use core::arch::x86_64::*;

vectors! {
    i8x16_eq(a, b) = _mm_cmpeq_epi8(a, b);
    i8x16_ne(a, b) = not(_mm_cmpeq_epi8(a, b));
    i8x16_gt_s(a, b) = _mm_cmpgt_epi8(a, b);
    i8x16_lt_s(a, b) = _mm_cmplt_epi8(a, b);
    i8x16_le_s(a, b) = if L::AVX2 { _mm_cmpeq_epi8(_mm_min_epi8(a, b), a) } else { not(_mm_cmpgt_epi8(a, b)) };
    i8x16_ge_s(a, b) = if L::AVX2 { _mm_cmpeq_epi8(_mm_min_epi8(a, b), b) } else { not(_mm_cmpgt_epi8(b, a)) };
    i8x16_gt_u(a, b) = _mm_cmpgt_epi8(signed8(a), signed8(b));
    i8x16_lt_u(a, b) = _mm_cmplt_epi8(signed8(a), signed8(b));
    i8x16_le_u(a, b) = _mm_cmpeq_epi8(_mm_min_epu8(a, b), a);
    i8x16_ge_u(a, b) = _mm_cmpeq_epi8(_mm_min_epu8(a, b), b);
    i16x8_eq(a, b) = _mm_cmpeq_epi16(a, b);
    i16x8_ne(a, b) = not(_mm_cmpeq_epi16(a, b));
    i16x8_gt_s(a, b) = _mm_cmpgt_epi16(a, b);
    i16x8_lt_s(a, b) = _mm_cmplt_epi16(a, b);
    i16x8_le_s(a, b) = _mm_cmpeq_epi16(_mm_min_epi16(a, b), a);
    i16x8_ge_s(a, b) = _mm_cmpeq_epi16(_mm_min_epi16(a, b), b);
    i16x8_gt_u(a, b) = _mm_cmpgt_epi16(signed16(a), signed16(b));
    i16x8_lt_u(a, b) = _mm_cmplt_epi16(signed16(a), signed16(b));
    i16x8_le_u(a, b) = _mm_cmpeq_epi16(_mm_subs_epu16(a, b), _mm_setzero_si128());
    i16x8_ge_u(a, b) = _mm_cmpeq_epi16(_mm_subs_epu16(b, a), _mm_setzero_si128());
    i32x4_eq(a, b) = _mm_cmpeq_epi32(a, b);
    i32x4_ne(a, b) = not(_mm_cmpeq_epi32(a, b));
    i32x4_gt_s(a, b) = _mm_cmpgt_epi32(a, b);
    i32x4_lt_s(a, b) = _mm_cmplt_epi32(a, b);
    i32x4_le_s(a, b) = if L::AVX2 { _mm_cmpeq_epi32(_mm_min_epi32(a, b), a) } else { not(_mm_cmpgt_epi32(a, b)) };
    i32x4_ge_s(a, b) = if L::AVX2 { _mm_cmpeq_epi32(_mm_min_epi32(a, b), b) } else { not(_mm_cmpgt_epi32(b, a)) };
    i32x4_gt_u(a, b) = _mm_cmpgt_epi32(signed32(a), signed32(b));
    i32x4_lt_u(a, b) = _mm_cmplt_epi32(signed32(a), signed32(b));
    i32x4_le_u(a, b) = if L::AVX2 { _mm_cmpeq_epi32(_mm_min_epu32(a, b), a) } else { not(_mm_cmpgt_epi32(signed32(a), signed32(b))) };
    i32x4_ge_u(a, b) = if L::AVX2 { _mm_cmpeq_epi32(_mm_min_epu32(a, b), b) } else { not(_mm_cmpgt_epi32(signed32(b), signed32(a))) };
    i64x2_eq(a, b) = equal64::<L>(a, b);
    i64x2_ne(a, b) = not(equal64::<L>(a, b));
    i64x2_gt_s(a, b) = greater64::<L>(a, b);
    i64x2_lt_s(a, b) = greater64::<L>(b, a);
    i64x2_le_s(a, b) = not(greater64::<L>(a, b));
    i64x2_ge_s(a, b) = not(greater64::<L>(b, a));
}

singles! {
    f32x4_eq(a, b) = _mm_cmpeq_ps(a, b);
    f32x4_ne(a, b) = _mm_cmpneq_ps(a, b);
    f32x4_lt(a, b) = _mm_cmplt_ps(a, b);
    f32x4_gt(a, b) = _mm_cmpgt_ps(a, b);
    f32x4_le(a, b) = _mm_cmple_ps(a, b);
    f32x4_ge(a, b) = _mm_cmpge_ps(a, b);
}

doubles! {
    f64x2_eq(a, b) = _mm_cmpeq_pd(a, b);
    f64x2_ne(a, b) = _mm_cmpneq_pd(a, b);
    f64x2_lt(a, b) = _mm_cmplt_pd(a, b);
    f64x2_gt(a, b) = _mm_cmpgt_pd(a, b);
    f64x2_le(a, b) = _mm_cmple_pd(a, b);
    f64x2_ge(a, b) = _mm_cmpge_pd(a, b);
}

/// Defines functions that map the order of unsigned lanes to that of signed ones.
macro_rules! signed {
    ($($name:ident, $splat:ident($sign:expr);)*) => {$(
        #[inline(always)]
        fn $name(a: __m128i) -> __m128i {
            // SAFETY: all processors have SSE2.
            unsafe { _mm_xor_si128(a, $splat($sign)) }
        }
    )*};
}

signed! {
    signed8, _mm_set1_epi8(i8::MIN);
    signed16, _mm_set1_epi16(i16::MIN);
    signed32, _mm_set1_epi32(i32::MIN);
}

helpers! {
/// Compares lanes of 64 bits.
fn equal64<L: Level>(a: __m128i, b: __m128i) -> __m128i {
    if L::AVX2 {
        _mm_cmpeq_epi64(a, b)
    } else {
        let halves = _mm_cmpeq_epi32(a, b);
        _mm_and_si128(halves, _mm_shuffle_epi32::<0xb1>(halves))
    }
}

/// Compares lanes of `i64`.
fn greater64<L: Level>(a: __m128i, b: __m128i) -> __m128i {
    if L::AVX2 {
        _mm_cmpgt_epi64(a, b)
    } else {
        // If the high halves are equal, that of the difference is the borrow of the low ones.
        let borrow = _mm_and_si128(_mm_cmpeq_epi32(a, b), _mm_sub_epi64(b, a));
        _mm_shuffle_epi32::<0xf5>(_mm_or_si128(borrow, _mm_cmpgt_epi32(a, b)))
    }
}

/// Returns 1 if any bit is set.
pub fn v128_any_true<L: Level>(a: V128) -> u32 {
    if L::AVX2 {
        u32::from(_mm_testz_si128(a.0, a.0) == 0)
    } else {
        let zeros = _mm_movemask_epi8(_mm_cmpeq_epi8(a.0, _mm_setzero_si128()));
        u32::from(zeros != 0xffff)
    }
}
}

/// Defines tests that return 1 if no lane is zero.
macro_rules! all_true {
    ($($name:ident, $equal:expr;)*) => {$(
        #[inline(always)]
        pub fn $name<L: Level>(a: V128) -> u32 {
            // SAFETY: all processors have SSE2.
            unsafe {
                let zeros = $equal(a.0, _mm_setzero_si128());
                u32::from(_mm_movemask_epi8(zeros) == 0)
            }
        }
    )*};
}

all_true! {
    i8x16_all_true, _mm_cmpeq_epi8;
    i16x8_all_true, _mm_cmpeq_epi16;
    i32x4_all_true, _mm_cmpeq_epi32;
    i64x2_all_true, equal64::<L>;
}

/// Defines tests that return the sign bits of all lanes.
macro_rules! bitmasks {
    ($($name:ident($a:ident) = $mask:expr;)*) => {$(
        #[inline(always)]
        pub fn $name<L: Level>($a: V128) -> u32 {
            let $a = $a.0;
            // SAFETY: all processors have SSE2.
            unsafe { $mask as u32 }
        }
    )*};
}

bitmasks! {
    i8x16_bitmask(a) = _mm_movemask_epi8(a);
    i16x8_bitmask(a) = _mm_movemask_epi8(_mm_packs_epi16(a, _mm_setzero_si128()));
    i32x4_bitmask(a) = _mm_movemask_ps(_mm_castsi128_ps(a));
    i64x2_bitmask(a) = _mm_movemask_pd(_mm_castsi128_pd(a));
}
