//! Floating-point arithmetic and conversions.

use super::super::Level;
use super::super::v128::V128;
use super::{doubles, helpers, singles, vectors};
use core::arch::x86_64::*;
use core::hint::cold_path;

/// Defines a function that replaces lanes of `$value` by the canonical NaN where one of the
/// operands is a NaN. Like that for single floats, it has a branch that is rarely taken, because
/// a branch adds nothing to a chain of dependent operations.
macro_rules! canonical {
    ($name:ident, $vector:ty, $splat:ident($nan:expr), $unordered:ident, $signs:ident, $and:ident,
     $andnot:ident, $or:ident) => {
        helpers! {
        pub(super) fn $name(value: $vector, a: $vector, b: $vector) -> $vector {
            let nans = $unordered(a, b);
            if $signs(nans) != 0 {
                cold_path();
                $or($andnot(nans, value), $and(nans, $splat($nan)))
            } else {
                value
            }
        }
        }
    };
}

canonical!(
    canonical32,
    __m128,
    _mm_set1_ps(f32::from_bits(0x7fc0_0000)),
    _mm_cmpunord_ps,
    _mm_movemask_ps,
    _mm_and_ps,
    _mm_andnot_ps,
    _mm_or_ps
);
canonical!(
    canonical64,
    __m128d,
    _mm_set1_pd(f64::from_bits(0x7ff8_0000_0000_0000)),
    _mm_cmpunord_pd,
    _mm_movemask_pd,
    _mm_and_pd,
    _mm_andnot_pd,
    _mm_or_pd
);

singles! {
    f32x4_add(a, b) = { let result = _mm_add_ps(a, b); canonical32(result, result, result) };
    f32x4_sub(a, b) = { let result = _mm_sub_ps(a, b); canonical32(result, result, result) };
    f32x4_mul(a, b) = { let result = _mm_mul_ps(a, b); canonical32(result, result, result) };
    f32x4_div(a, b) = { let result = _mm_div_ps(a, b); canonical32(result, result, result) };
    f32x4_sqrt(a) = { let result = _mm_sqrt_ps(a); canonical32(result, result, result) };
    // The instructions return the second operand if both are zeros. Those of both orders differ
    // in nothing but the sign then.
    f32x4_min(a, b) = canonical32(_mm_or_ps(_mm_min_ps(a, b), _mm_min_ps(b, a)), a, b);
    f32x4_max(a, b) = canonical32(_mm_and_ps(_mm_max_ps(a, b), _mm_max_ps(b, a)), a, b);
    f32x4_pmin(a, b) = _mm_min_ps(b, a);
    f32x4_pmax(a, b) = _mm_max_ps(b, a);
    f32x4_abs(a) = _mm_andnot_ps(_mm_set1_ps(-0.0), a);
    f32x4_neg(a) = _mm_xor_ps(_mm_set1_ps(-0.0), a);
}

doubles! {
    f64x2_add(a, b) = { let result = _mm_add_pd(a, b); canonical64(result, result, result) };
    f64x2_sub(a, b) = { let result = _mm_sub_pd(a, b); canonical64(result, result, result) };
    f64x2_mul(a, b) = { let result = _mm_mul_pd(a, b); canonical64(result, result, result) };
    f64x2_div(a, b) = { let result = _mm_div_pd(a, b); canonical64(result, result, result) };
    f64x2_sqrt(a) = { let result = _mm_sqrt_pd(a); canonical64(result, result, result) };
    f64x2_min(a, b) = canonical64(_mm_or_pd(_mm_min_pd(a, b), _mm_min_pd(b, a)), a, b);
    f64x2_max(a, b) = canonical64(_mm_and_pd(_mm_max_pd(a, b), _mm_max_pd(b, a)), a, b);
    f64x2_pmin(a, b) = _mm_min_pd(b, a);
    f64x2_pmax(a, b) = _mm_max_pd(b, a);
    f64x2_abs(a) = _mm_andnot_pd(_mm_set1_pd(-0.0), a);
    f64x2_neg(a) = _mm_xor_pd(_mm_set1_pd(-0.0), a);
}

singles! {
    f32x4_relaxed_madd(a, b, c) = {
        let result = _mm_add_ps(_mm_mul_ps(a, b), c);
        canonical32(result, result, result)
    };
    f32x4_relaxed_nmadd(a, b, c) = {
        let result = _mm_sub_ps(c, _mm_mul_ps(a, b));
        canonical32(result, result, result)
    };
}

doubles! {
    f64x2_relaxed_madd(a, b, c) = {
        let result = _mm_add_pd(_mm_mul_pd(a, b), c);
        canonical64(result, result, result)
    };
    f64x2_relaxed_nmadd(a, b, c) = {
        let result = _mm_sub_pd(c, _mm_mul_pd(a, b));
        canonical64(result, result, result)
    };
}

vectors! {
    f32x4_convert_i32x4_s(a) = _mm_castps_si128(_mm_cvtepi32_ps(a));
    // The halves of 16 bits are the low bits of floats between 2^23 and 2^24, and between 2^39
    // and 2^40. Only the last sum is rounded.
    f32x4_convert_i32x4_u(a) = {
        let low = _mm_and_si128(a, _mm_set1_epi32(0xffff));
        let low = _mm_or_si128(low, _mm_set1_epi32(0x4b00_0000));
        let high = _mm_or_si128(_mm_srli_epi32::<16>(a), _mm_set1_epi32(0x5300_0000));
        let high = _mm_sub_ps(_mm_castsi128_ps(high), _mm_set1_ps(549_764_202_496.0));
        _mm_castps_si128(_mm_add_ps(high, _mm_castsi128_ps(low)))
    };
    f64x2_convert_low_i32x4_s(a) = _mm_castpd_si128(_mm_cvtepi32_pd(a));
    // The integers are the low bits of floats between 2^52 and 2^53.
    f64x2_convert_low_i32x4_u(a) = {
        let sums = _mm_unpacklo_epi32(a, _mm_set1_epi32(0x4330_0000));
        let whole = _mm_set1_pd(4_503_599_627_370_496.0);
        _mm_castpd_si128(_mm_sub_pd(_mm_castsi128_pd(sums), whole))
    };
    f32x4_demote_f64x2_zero(a) = {
        let result = _mm_cvtpd_ps(_mm_castsi128_pd(a));
        _mm_castps_si128(canonical32(result, result, result))
    };
    f64x2_promote_low_f32x4(a) = {
        let result = _mm_cvtps_pd(_mm_castsi128_ps(a));
        _mm_castpd_si128(canonical64(result, result, result))
    };
    // The instruction returns -2^31 for all that is out of range, whose bits are inverted if it
    // is positive.
    i32x4_trunc_sat_f32x4_s(a) = {
        let a = _mm_castsi128_ps(a);
        let number = _mm_and_ps(a, _mm_cmpord_ps(a, a));
        let over = _mm_cmpge_ps(a, _mm_set1_ps(2_147_483_648.0));
        _mm_xor_si128(_mm_cvttps_epi32(number), _mm_castps_si128(over))
    };
    // From 2^31 on, the instruction returns the sign bit, and the others come from the difference
    // to 2^31, all of them set if it is too large also.
    i32x4_trunc_sat_f32x4_u(a) = {
        let half = _mm_set1_ps(2_147_483_648.0);
        let a = _mm_max_ps(_mm_castsi128_ps(a), _mm_setzero_ps());
        let low = _mm_cvttps_epi32(a);
        let rest = _mm_sub_ps(a, half);
        let over = _mm_castps_si128(_mm_cmpge_ps(rest, half));
        let rest = _mm_xor_si128(_mm_cvttps_epi32(rest), over);
        _mm_or_si128(low, _mm_and_si128(rest, _mm_srai_epi32::<31>(low)))
    };
    i32x4_trunc_sat_f64x2_s_zero(a) = {
        let a = _mm_castsi128_pd(a);
        let number = _mm_and_pd(a, _mm_cmpord_pd(a, a));
        _mm_cvttpd_epi32(_mm_min_pd(number, _mm_set1_pd(2_147_483_647.0)))
    };
    i32x4_trunc_sat_f64x2_u_zero(a) = {
        let a = _mm_max_pd(_mm_castsi128_pd(a), _mm_setzero_pd());
        let a = _mm_min_pd(a, _mm_set1_pd(4_294_967_295.0));
        if L::AVX2 {
            let whole = _mm_round_pd::<{ _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC }>(a);
            let sums = _mm_add_pd(whole, _mm_set1_pd(4_503_599_627_370_496.0));
            _mm_castps_si128(_mm_shuffle_ps::<0x88>(_mm_castpd_ps(sums), _mm_setzero_ps()))
        } else {
            let low = _mm_cvttpd_epi32(a);
            let rest = _mm_cvttpd_epi32(_mm_sub_pd(a, _mm_set1_pd(2_147_483_648.0)));
            _mm_or_si128(low, _mm_and_si128(rest, _mm_srai_epi32::<31>(low)))
        }
    };
}
