//! Floating-point arithmetic and conversions.

use super::super::v128::V128;
use super::neon;
use core::arch::aarch64::*;
use core::mem::transmute;

/// Defines a function that replaces NaNs by the canonical one.
macro_rules! canonical {
    ($name:ident, $ty:ty, $equal:ident, $select:ident, $splat:ident($nan:expr)) => {
        #[inline(always)]
        fn $name(value: $ty) -> $ty {
            // SAFETY: as in `neon`.
            unsafe { $select($equal(value, value), value, $splat($nan)) }
        }
    };
}

canonical!(
    canonical32,
    float32x4_t,
    vceqq_f32,
    vbslq_f32,
    vdupq_n_f32(f32::from_bits(0x7fc0_0000))
);
canonical!(
    canonical64,
    float64x2_t,
    vceqq_f64,
    vbslq_f64,
    vdupq_n_f64(f64::from_bits(0x7ff8_0000_0000_0000))
);

neon! {
    f32x4_add(a: float32x4_t, b: float32x4_t) = canonical32(vaddq_f32(a, b));
    f32x4_sub(a: float32x4_t, b: float32x4_t) = canonical32(vsubq_f32(a, b));
    f32x4_mul(a: float32x4_t, b: float32x4_t) = canonical32(vmulq_f32(a, b));
    f32x4_div(a: float32x4_t, b: float32x4_t) = canonical32(vdivq_f32(a, b));
    f32x4_min(a: float32x4_t, b: float32x4_t) = canonical32(vminq_f32(a, b));
    f32x4_max(a: float32x4_t, b: float32x4_t) = canonical32(vmaxq_f32(a, b));
    f32x4_pmin(a: float32x4_t, b: float32x4_t) = vbslq_f32(vcltq_f32(b, a), b, a);
    f32x4_pmax(a: float32x4_t, b: float32x4_t) = vbslq_f32(vcltq_f32(a, b), b, a);
    f32x4_abs(a: float32x4_t) = vabsq_f32(a);
    f32x4_neg(a: float32x4_t) = vnegq_f32(a);
    f32x4_sqrt(a: float32x4_t) = canonical32(vsqrtq_f32(a));
    f32x4_ceil(a: float32x4_t) = canonical32(vrndpq_f32(a));
    f32x4_floor(a: float32x4_t) = canonical32(vrndmq_f32(a));
    f32x4_trunc(a: float32x4_t) = canonical32(vrndq_f32(a));
    f32x4_nearest(a: float32x4_t) = canonical32(vrndnq_f32(a));
    f32x4_relaxed_madd(a: float32x4_t, b: float32x4_t, c: float32x4_t) = canonical32(vaddq_f32(vmulq_f32(a, b), c));
    f32x4_relaxed_nmadd(a: float32x4_t, b: float32x4_t, c: float32x4_t) = canonical32(vsubq_f32(c, vmulq_f32(a, b)));
    f64x2_add(a: float64x2_t, b: float64x2_t) = canonical64(vaddq_f64(a, b));
    f64x2_sub(a: float64x2_t, b: float64x2_t) = canonical64(vsubq_f64(a, b));
    f64x2_mul(a: float64x2_t, b: float64x2_t) = canonical64(vmulq_f64(a, b));
    f64x2_div(a: float64x2_t, b: float64x2_t) = canonical64(vdivq_f64(a, b));
    f64x2_min(a: float64x2_t, b: float64x2_t) = canonical64(vminq_f64(a, b));
    f64x2_max(a: float64x2_t, b: float64x2_t) = canonical64(vmaxq_f64(a, b));
    f64x2_pmin(a: float64x2_t, b: float64x2_t) = vbslq_f64(vcltq_f64(b, a), b, a);
    f64x2_pmax(a: float64x2_t, b: float64x2_t) = vbslq_f64(vcltq_f64(a, b), b, a);
    f64x2_abs(a: float64x2_t) = vabsq_f64(a);
    f64x2_neg(a: float64x2_t) = vnegq_f64(a);
    f64x2_sqrt(a: float64x2_t) = canonical64(vsqrtq_f64(a));
    f64x2_ceil(a: float64x2_t) = canonical64(vrndpq_f64(a));
    f64x2_floor(a: float64x2_t) = canonical64(vrndmq_f64(a));
    f64x2_trunc(a: float64x2_t) = canonical64(vrndq_f64(a));
    f64x2_nearest(a: float64x2_t) = canonical64(vrndnq_f64(a));
    f64x2_relaxed_madd(a: float64x2_t, b: float64x2_t, c: float64x2_t) = canonical64(vaddq_f64(vmulq_f64(a, b), c));
    f64x2_relaxed_nmadd(a: float64x2_t, b: float64x2_t, c: float64x2_t) = canonical64(vsubq_f64(c, vmulq_f64(a, b)));
    f32x4_convert_i32x4_s(a: int32x4_t) = vcvtq_f32_s32(a);
    f32x4_convert_i32x4_u(a: uint32x4_t) = vcvtq_f32_u32(a);
    i32x4_trunc_sat_f32x4_s(a: float32x4_t) = vcvtq_s32_f32(a);
    i32x4_trunc_sat_f32x4_u(a: float32x4_t) = vcvtq_u32_f32(a);
    f64x2_convert_low_i32x4_s(a: int32x4_t) = vcvtq_f64_s64(vmovl_s32(vget_low_s32(a)));
    f64x2_convert_low_i32x4_u(a: uint32x4_t) = vcvtq_f64_u64(vmovl_u32(vget_low_u32(a)));
    i32x4_trunc_sat_f64x2_s_zero(a: float64x2_t) =
        vcombine_s32(vqmovn_s64(vcvtq_s64_f64(a)), vdup_n_s32(0));
    i32x4_trunc_sat_f64x2_u_zero(a: float64x2_t) =
        vcombine_u32(vqmovn_u64(vcvtq_u64_f64(a)), vdup_n_u32(0));
    f32x4_demote_f64x2_zero(a: float64x2_t) =
        canonical32(vcombine_f32(vcvt_f32_f64(a), vdup_n_f32(0.0)));
    f64x2_promote_low_f32x4(a: float32x4_t) = canonical64(vcvt_f64_f32(vget_low_f32(a)));
}
