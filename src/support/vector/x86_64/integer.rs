//! Integer arithmetic, shifts and bitwise logic.

use super::super::Level;
use super::super::v128::V128;
use super::{helpers, not, select, vectors};
use core::arch::x86_64::*;

vectors! {
    i8x16_add(a, b) = _mm_add_epi8(a, b);
    i8x16_sub(a, b) = _mm_sub_epi8(a, b);
    i8x16_neg(a) = _mm_sub_epi8(_mm_setzero_si128(), a);
    i16x8_add(a, b) = _mm_add_epi16(a, b);
    i16x8_sub(a, b) = _mm_sub_epi16(a, b);
    i16x8_neg(a) = _mm_sub_epi16(_mm_setzero_si128(), a);
    i32x4_add(a, b) = _mm_add_epi32(a, b);
    i32x4_sub(a, b) = _mm_sub_epi32(a, b);
    i32x4_neg(a) = _mm_sub_epi32(_mm_setzero_si128(), a);
    i64x2_add(a, b) = _mm_add_epi64(a, b);
    i64x2_sub(a, b) = _mm_sub_epi64(a, b);
    i64x2_neg(a) = _mm_sub_epi64(_mm_setzero_si128(), a);
    i8x16_add_sat_s(a, b) = _mm_adds_epi8(a, b);
    i8x16_add_sat_u(a, b) = _mm_adds_epu8(a, b);
    i8x16_sub_sat_s(a, b) = _mm_subs_epi8(a, b);
    i8x16_sub_sat_u(a, b) = _mm_subs_epu8(a, b);
    i8x16_avgr_u(a, b) = _mm_avg_epu8(a, b);
    i16x8_add_sat_s(a, b) = _mm_adds_epi16(a, b);
    i16x8_add_sat_u(a, b) = _mm_adds_epu16(a, b);
    i16x8_sub_sat_s(a, b) = _mm_subs_epi16(a, b);
    i16x8_sub_sat_u(a, b) = _mm_subs_epu16(a, b);
    i16x8_avgr_u(a, b) = _mm_avg_epu16(a, b);
    i8x16_abs(a) = if L::AVX2 {
        _mm_abs_epi8(a)
    } else {
        _mm_min_epu8(a, _mm_sub_epi8(_mm_setzero_si128(), a))
    };
    i16x8_abs(a) = if L::AVX2 {
        _mm_abs_epi16(a)
    } else {
        _mm_max_epi16(a, _mm_sub_epi16(_mm_setzero_si128(), a))
    };
    i32x4_abs(a) = if L::AVX2 {
        _mm_abs_epi32(a)
    } else {
        let sign = _mm_srai_epi32::<31>(a);
        _mm_sub_epi32(_mm_xor_si128(a, sign), sign)
    };
    i64x2_abs(a) = {
        let negative = _mm_sub_epi64(_mm_setzero_si128(), a);
        if L::AVX2 {
            _mm_castpd_si128(_mm_blendv_pd(
                _mm_castsi128_pd(a),
                _mm_castsi128_pd(negative),
                _mm_castsi128_pd(a),
            ))
        } else {
            let sign = _mm_shuffle_epi32::<0xf5>(_mm_srai_epi32::<31>(a));
            _mm_sub_epi64(_mm_xor_si128(a, sign), sign)
        }
    };
    i8x16_min_s(a, b) = if L::AVX2 {
        _mm_min_epi8(a, b)
    } else {
        select(_mm_cmplt_epi8(a, b), a, b)
    };
    i8x16_max_s(a, b) = if L::AVX2 {
        _mm_max_epi8(a, b)
    } else {
        select(_mm_cmpgt_epi8(a, b), a, b)
    };
    i8x16_min_u(a, b) = _mm_min_epu8(a, b);
    i8x16_max_u(a, b) = _mm_max_epu8(a, b);
    i16x8_min_s(a, b) = _mm_min_epi16(a, b);
    i16x8_max_s(a, b) = _mm_max_epi16(a, b);
    i16x8_min_u(a, b) = if L::AVX2 {
        _mm_min_epu16(a, b)
    } else {
        _mm_sub_epi16(a, _mm_subs_epu16(a, b))
    };
    i16x8_max_u(a, b) = if L::AVX2 {
        _mm_max_epu16(a, b)
    } else {
        _mm_add_epi16(b, _mm_subs_epu16(a, b))
    };
    i32x4_min_s(a, b) = if L::AVX2 {
        _mm_min_epi32(a, b)
    } else {
        select(_mm_cmplt_epi32(a, b), a, b)
    };
    i32x4_max_s(a, b) = if L::AVX2 {
        _mm_max_epi32(a, b)
    } else {
        select(_mm_cmpgt_epi32(a, b), a, b)
    };
    i32x4_min_u(a, b) = if L::AVX2 {
        _mm_min_epu32(a, b)
    } else {
        select(greater_u32(b, a), a, b)
    };
    i32x4_max_u(a, b) = if L::AVX2 {
        _mm_max_epu32(a, b)
    } else {
        select(greater_u32(a, b), a, b)
    };
    i16x8_mul(a, b) = _mm_mullo_epi16(a, b);
    i32x4_mul(a, b) = if L::AVX2 {
        _mm_mullo_epi32(a, b)
    } else {
        let even = _mm_mul_epu32(a, b);
        let odd = _mm_mul_epu32(_mm_srli_epi64::<32>(a), _mm_srli_epi64::<32>(b));
        _mm_unpacklo_epi32(_mm_shuffle_epi32::<0x08>(even), _mm_shuffle_epi32::<0x08>(odd))
    };
    i64x2_mul(a, b) = {
        let cross = _mm_add_epi64(
            _mm_mul_epu32(a, _mm_srli_epi64::<32>(b)),
            _mm_mul_epu32(_mm_srli_epi64::<32>(a), b),
        );
        _mm_add_epi64(_mm_mul_epu32(a, b), _mm_slli_epi64::<32>(cross))
    };
    i8x16_popcnt(a) = if L::AVX2 {
        let counts = _mm_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4);
        let low = _mm_and_si128(a, _mm_set1_epi8(15));
        let high = _mm_and_si128(_mm_srli_epi16::<4>(a), _mm_set1_epi8(15));
        _mm_add_epi8(_mm_shuffle_epi8(counts, low), _mm_shuffle_epi8(counts, high))
    } else {
        let odd = _mm_and_si128(_mm_srli_epi16::<1>(a), _mm_set1_epi8(0x55));
        let pairs = _mm_sub_epi8(a, odd);
        let low = _mm_and_si128(pairs, _mm_set1_epi8(0x33));
        let high = _mm_and_si128(_mm_srli_epi16::<2>(pairs), _mm_set1_epi8(0x33));
        let fours = _mm_add_epi8(low, high);
        _mm_and_si128(_mm_add_epi8(fours, _mm_srli_epi16::<4>(fours)), _mm_set1_epi8(15))
    };
    // Only the product of -1 and -1 is not representable. One instruction returns -0x8000 for it,
    // whose bits are inverted; the other saturates.
    i16x8_q15mulr_sat_s(a, b) = if L::AVX2 {
        let product = _mm_mulhrs_epi16(a, b);
        _mm_xor_si128(product, _mm_cmpeq_epi16(product, _mm_set1_epi16(i16::MIN)))
    } else {
        let (low, high) = (_mm_mullo_epi16(a, b), _mm_mulhi_epi16(a, b));
        let half = _mm_set1_epi32(0x4000);
        let first = _mm_add_epi32(_mm_unpacklo_epi16(low, high), half);
        let last = _mm_add_epi32(_mm_unpackhi_epi16(low, high), half);
        _mm_packs_epi32(_mm_srai_epi32::<15>(first), _mm_srai_epi32::<15>(last))
    };
    v128_not(a) = not(a);
    v128_and(a, b) = _mm_and_si128(a, b);
    v128_or(a, b) = _mm_or_si128(a, b);
    v128_xor(a, b) = _mm_xor_si128(a, b);
    v128_andnot(a, b) = _mm_andnot_si128(b, a);
    v128_bitselect(a, b, c) = select(c, a, b);
}

helpers! {
/// Compares lanes of `u32`.
fn greater_u32(a: __m128i, b: __m128i) -> __m128i {
    let sign = _mm_set1_epi32(i32::MIN);
    _mm_cmpgt_epi32(_mm_xor_si128(a, sign), _mm_xor_si128(b, sign))
}
}

/// The bits of a byte that remain when it is shifted right, by the count.
static REMAINING: [V128; 8] = {
    let mut masks = [V128::ZERO; 8];
    let mut count = 0;
    while count < 8 {
        let bytes = u64::from_le_bytes([0xff >> count; 8]);
        masks[count] = V128::from_slots(bytes, bytes);
        count += 1;
    }
    masks
};

/// Defines shifts, whose count is taken modulo the number of bits of a lane.
macro_rules! shifts {
    ($($name:ident($a:ident, $count:ident % $bits:literal) = $result:expr;)*) => {$(
        #[inline(always)]
        pub fn $name<L: Level>($a: V128, $count: u32) -> V128 {
            let $a = $a.0;
            let $count = $count % $bits;
            // SAFETY: all processors have SSE2.
            V128(unsafe { $result })
        }
    )*};
}

shifts! {
    i8x16_shl(a, count % 8) = {
        let kept = _mm_and_si128(a, REMAINING[count as usize].0);
        _mm_sll_epi16(kept, number(count))
    };
    i8x16_shr_u(a, count % 8) = {
        _mm_and_si128(_mm_srl_epi16(a, number(count)), REMAINING[count as usize].0)
    };
    // Each byte becomes the high byte of 16 bits.
    i8x16_shr_s(a, count % 8) = {
        let count = number(count + 8);
        let low = _mm_sra_epi16(_mm_unpacklo_epi8(a, a), count);
        let high = _mm_sra_epi16(_mm_unpackhi_epi8(a, a), count);
        _mm_packs_epi16(low, high)
    };
    i16x8_shl(a, count % 16) = _mm_sll_epi16(a, number(count));
    i16x8_shr_s(a, count % 16) = _mm_sra_epi16(a, number(count));
    i16x8_shr_u(a, count % 16) = _mm_srl_epi16(a, number(count));
    i32x4_shl(a, count % 32) = _mm_sll_epi32(a, number(count));
    i32x4_shr_s(a, count % 32) = _mm_sra_epi32(a, number(count));
    i32x4_shr_u(a, count % 32) = _mm_srl_epi32(a, number(count));
    i64x2_shl(a, count % 64) = _mm_sll_epi64(a, number(count));
    i64x2_shr_s(a, count % 64) = {
        let count = number(count);
        let sign = _mm_srl_epi64(_mm_set1_epi64x(i64::MIN), count);
        _mm_sub_epi64(_mm_xor_si128(_mm_srl_epi64(a, count), sign), sign)
    };
    i64x2_shr_u(a, count % 64) = _mm_srl_epi64(a, number(count));
}

helpers! {
/// Returns the count of a shift in the form that instructions take.
fn number(count: u32) -> __m128i {
    _mm_cvtsi32_si128(count as i32)
}
}
