//! Rounding to integers.

use super::super::Level;
use super::super::v128::V128;
use super::float::{canonical32, canonical64};
use super::{doubles, helpers, singles, vectors};
use core::arch::x86_64::*;

/// Defines the roundings of a type. Without instructions for them, a number is rounded by
/// `$whole` to an integer that may be one off. All floats of magnitude `$limit` or more are
/// integers. The sign is copied last, for the sake of zeros.
macro_rules! roundings {
    ($define:ident, $vector:ty, $canonical:ident, $instruction:ident, $finish:ident,
     $limit:literal, [$and:ident, $andnot:ident, $or:ident, $less:ident, $splat:ident],
     $($name:ident, $mode:ident, |$a:ident, $sign:ident| $whole:expr;)*) => {
        $define! {$(
            $name(a) = {
                let result = if L::AVX2 {
                    $instruction::<{ $mode | _MM_FROUND_NO_EXC }>(a)
                } else {
                    let $a = a;
                    let $sign = $and(a, $splat(-0.0));
                    $finish(a, $sign, $whole)
                };
                $canonical(result, result, result)
            };
        )*}

        helpers! {
        /// Returns `whole` with the given sign, or `a` if it is an integer by its magnitude.
        fn $finish(a: $vector, sign: $vector, whole: $vector) -> $vector {
            let small = $less($andnot($splat(-0.0), a), $splat($limit));
            $or($and(small, $or(whole, sign)), $andnot(small, a))
        }
        }
    };
}

roundings! {
    singles, __m128, canonical32, _mm_round_ps, finish32, 8_388_608.0,
    [_mm_and_ps, _mm_andnot_ps, _mm_or_ps, _mm_cmplt_ps, _mm_set1_ps],
    f32x4_ceil, _MM_FROUND_TO_POS_INF, |a, _sign| {
        let whole = _mm_cvtepi32_ps(_mm_cvttps_epi32(a));
        _mm_add_ps(whole, _mm_and_ps(_mm_cmplt_ps(whole, a), _mm_set1_ps(1.0)))
    };
    f32x4_floor, _MM_FROUND_TO_NEG_INF, |a, _sign| {
        let whole = _mm_cvtepi32_ps(_mm_cvttps_epi32(a));
        _mm_sub_ps(whole, _mm_and_ps(_mm_cmpgt_ps(whole, a), _mm_set1_ps(1.0)))
    };
    f32x4_trunc, _MM_FROUND_TO_ZERO, |a, _sign| _mm_cvtepi32_ps(_mm_cvttps_epi32(a));
    f32x4_nearest, _MM_FROUND_TO_NEAREST_INT, |a, _sign| _mm_cvtepi32_ps(_mm_cvtps_epi32(a));
}

roundings! {
    doubles, __m128d, canonical64, _mm_round_pd, finish64, 4_503_599_627_370_496.0,
    [_mm_and_pd, _mm_andnot_pd, _mm_or_pd, _mm_cmplt_pd, _mm_set1_pd],
    f64x2_ceil, _MM_FROUND_TO_POS_INF, |a, sign| {
        let whole = _mm_or_pd(nearest(_mm_xor_pd(a, sign)), sign);
        _mm_add_pd(whole, _mm_and_pd(_mm_cmplt_pd(whole, a), _mm_set1_pd(1.0)))
    };
    f64x2_floor, _MM_FROUND_TO_NEG_INF, |a, sign| {
        let whole = _mm_or_pd(nearest(_mm_xor_pd(a, sign)), sign);
        _mm_sub_pd(whole, _mm_and_pd(_mm_cmpgt_pd(whole, a), _mm_set1_pd(1.0)))
    };
    f64x2_trunc, _MM_FROUND_TO_ZERO, |a, sign| {
        let magnitude = _mm_xor_pd(a, sign);
        let whole = nearest(magnitude);
        _mm_sub_pd(whole, _mm_and_pd(_mm_cmpgt_pd(whole, magnitude), _mm_set1_pd(1.0)))
    };
    f64x2_nearest, _MM_FROUND_TO_NEAREST_INT, |a, sign| nearest(_mm_xor_pd(a, sign));
}

helpers! {
/// Rounds positive numbers below 2^52 to the nearest integer: a sum with 2^52 has no fraction.
fn nearest(magnitude: __m128d) -> __m128d {
    let whole = _mm_set1_pd(4_503_599_627_370_496.0);
    _mm_sub_pd(_mm_add_pd(magnitude, whole), whole)
}
}
