//! Numeric and memory instructions of generated modules.

use super::generator::Ty::{self, F32, F64, I32, I64, V128};

/// Instructions with their name, operands and result.
pub const OPERATORS: &str = "
    clz i32 i32, ctz i32 i32, popcnt i32 i32, extend8_s i32 i32, extend16_s i32 i32,
    eqz i32 i32, add i32 i32 i32, sub i32 i32 i32, mul i32 i32 i32, and i32 i32 i32,
    or i32 i32 i32, xor i32 i32 i32, shl i32 i32 i32, shr_s i32 i32 i32, shr_u i32 i32 i32,
    rotl i32 i32 i32, rotr i32 i32 i32, eq i32 i32 i32, ne i32 i32 i32, lt_s i32 i32 i32,
    lt_u i32 i32 i32, gt_s i32 i32 i32, gt_u i32 i32 i32, le_s i32 i32 i32,
    le_u i32 i32 i32, ge_s i32 i32 i32, ge_u i32 i32 i32, wrap_i64 i64 i32,
    reinterpret_f32 f32 i32, trunc_sat_f32_s f32 i32, trunc_sat_f64_u f64 i32,
    trunc_sat_f32_u f32 i32, trunc_sat_f64_s f64 i32, clz i64 i64, ctz i64 i64,
    popcnt i64 i64, extend8_s i64 i64, extend16_s i64 i64, extend32_s i64 i64, eqz i64 i32,
    add i64 i64 i64, sub i64 i64 i64, mul i64 i64 i64, and i64 i64 i64, or i64 i64 i64,
    xor i64 i64 i64, shl i64 i64 i64, shr_s i64 i64 i64, shr_u i64 i64 i64,
    rotl i64 i64 i64, rotr i64 i64 i64, eq i64 i64 i32, ne i64 i64 i32, lt_s i64 i64 i32,
    lt_u i64 i64 i32, gt_s i64 i64 i32, gt_u i64 i64 i32, le_s i64 i64 i32,
    le_u i64 i64 i32, ge_s i64 i64 i32, ge_u i64 i64 i32, extend_i32_s i32 i64,
    extend_i32_u i32 i64, reinterpret_f64 f64 i64, trunc_sat_f32_s f32 i64,
    trunc_sat_f64_u f64 i64, trunc_sat_f64_s f64 i64, trunc_sat_f32_u f32 i64, abs f32 f32,
    neg f32 f32, ceil f32 f32, floor f32 f32, trunc f32 f32, nearest f32 f32, sqrt f32 f32,
    add f32 f32 f32, sub f32 f32 f32, mul f32 f32 f32, div f32 f32 f32, min f32 f32 f32,
    max f32 f32 f32, copysign f32 f32 f32, eq f32 f32 i32, ne f32 f32 i32, lt f32 f32 i32,
    gt f32 f32 i32, le f32 f32 i32, ge f32 f32 i32, convert_i32_s i32 f32,
    convert_i32_u i32 f32, convert_i64_s i64 f32, convert_i64_u i64 f32,
    demote_f64 f64 f32, reinterpret_i32 i32 f32, abs f64 f64, neg f64 f64, ceil f64 f64,
    floor f64 f64, trunc f64 f64, nearest f64 f64, sqrt f64 f64, add f64 f64 f64,
    sub f64 f64 f64, mul f64 f64 f64, div f64 f64 f64, min f64 f64 f64, max f64 f64 f64,
    copysign f64 f64 f64, eq f64 f64 i32, ne f64 f64 i32, lt f64 f64 i32, gt f64 f64 i32,
    le f64 f64 i32, ge f64 f64 i32, convert_i32_s i32 f64, convert_i32_u i32 f64,
    convert_i64_s i64 f64, convert_i64_u i64 f64, promote_f32 f32 f64,
    reinterpret_i64 i64 f64
";

/// Instructions that may trap.
pub const PARTIAL: &str = "
    div_s i32 i32 i32, div_u i32 i32 i32, rem_s i32 i32 i32, rem_u i32 i32 i32,
    div_s i64 i64 i64, div_u i64 i64 i64, rem_s i64 i64 i64, rem_u i64 i64 i64,
    trunc_f32_s f32 i32, trunc_f64_u f64 i32, trunc_f64_s f64 i64, trunc_f32_u f32 i64
";

/// Loads and stores of each type.
pub const ACCESSES: &[(Ty, &str, &str)] = &[
    (I32, "i32.load", "i32.store"),
    (I32, "i32.load8_s", "i32.store8"),
    (I32, "i32.load8_u", "i32.store8"),
    (I32, "i32.load16_s", "i32.store16"),
    (I32, "i32.load16_u", "i32.store16"),
    (I64, "i64.load", "i64.store"),
    (I64, "i64.load8_s", "i64.store8"),
    (I64, "i64.load8_u", "i64.store8"),
    (I64, "i64.load16_s", "i64.store16"),
    (I64, "i64.load16_u", "i64.store16"),
    (I64, "i64.load32_s", "i64.store32"),
    (I64, "i64.load32_u", "i64.store32"),
    (F32, "f32.load", "f32.store"),
    (F64, "f64.load", "f64.store"),
    (V128, "v128.load", "v128.store"),
    (V128, "v128.load", "v128.store"),
    (V128, "v128.load8x8_s", "v128.store"),
    (V128, "v128.load8x8_u", "v128.store"),
    (V128, "v128.load16x4_s", "v128.store"),
    (V128, "v128.load16x4_u", "v128.store"),
    (V128, "v128.load32x2_s", "v128.store"),
    (V128, "v128.load32x2_u", "v128.store"),
    (V128, "v128.load8_splat", "v128.store"),
    (V128, "v128.load16_splat", "v128.store"),
    (V128, "v128.load32_splat", "v128.store"),
    (V128, "v128.load64_splat", "v128.store"),
    (V128, "v128.load32_zero", "v128.store"),
    (V128, "v128.load64_zero", "v128.store"),
];

/// Families of vector instructions: shapes of vectors, names, and operands and result. `N` is the
/// number of lanes of the shape, and `T` the type of a lane. A number of lanes behind a name is
/// that of the instruction's immediate, and how often it has one.
const VECTORS: &[(&str, &str, &str)] = &[
    ("v128", "not", "v128 v128"),
    ("v128", "and andnot or xor", "v128 v128 v128"),
    ("v128", "bitselect", "v128 v128 v128 v128"),
    ("v128", "any_true", "v128 i32"),
    ("i8x16", "shuffle#32x16 swizzle", "v128 v128 v128"),
    ("i8x16 i16x8 i32x4 i64x2 f32x4 f64x2", "splat", "T v128"),
    ("i8x16 i16x8", "extract_lane_s#N extract_lane_u#N", "v128 T"),
    ("i32x4 i64x2 f32x4 f64x2", "extract_lane#N", "v128 T"),
    (
        "i8x16 i16x8 i32x4 i64x2 f32x4 f64x2",
        "replace_lane#N",
        "v128 T v128",
    ),
    ("i8x16 i16x8 i32x4 i64x2", "abs neg", "v128 v128"),
    ("i8x16 i16x8 i32x4 i64x2", "all_true bitmask", "v128 i32"),
    (
        "i8x16 i16x8 i32x4 i64x2",
        "shl shr_s shr_u",
        "v128 i32 v128",
    ),
    (
        "i8x16 i16x8 i32x4 i64x2",
        "add sub eq ne lt_s gt_s le_s ge_s",
        "v128 v128 v128",
    ),
    (
        "i8x16 i16x8 i32x4",
        "lt_u gt_u le_u ge_u min_s min_u max_s max_u",
        "v128 v128 v128",
    ),
    (
        "i8x16 i16x8",
        "add_sat_s add_sat_u sub_sat_s sub_sat_u avgr_u",
        "v128 v128 v128",
    ),
    ("i16x8 i32x4 i64x2", "mul", "v128 v128 v128"),
    ("i8x16", "popcnt", "v128 v128"),
    ("i8x16", "narrow_i16x8_s narrow_i16x8_u", "v128 v128 v128"),
    (
        "i16x8",
        "narrow_i32x4_s narrow_i32x4_u q15mulr_sat_s",
        "v128 v128 v128",
    ),
    (
        "i16x8",
        "extadd_pairwise_i8x16_s extadd_pairwise_i8x16_u",
        "v128 v128",
    ),
    (
        "i32x4",
        "extadd_pairwise_i16x8_s extadd_pairwise_i16x8_u",
        "v128 v128",
    ),
    (
        "i16x8",
        "extend_low_i8x16_s extend_low_i8x16_u",
        "v128 v128",
    ),
    (
        "i16x8",
        "extend_high_i8x16_s extend_high_i8x16_u",
        "v128 v128",
    ),
    (
        "i32x4",
        "extend_low_i16x8_s extend_low_i16x8_u",
        "v128 v128",
    ),
    (
        "i32x4",
        "extend_high_i16x8_s extend_high_i16x8_u",
        "v128 v128",
    ),
    (
        "i64x2",
        "extend_low_i32x4_s extend_low_i32x4_u",
        "v128 v128",
    ),
    (
        "i64x2",
        "extend_high_i32x4_s extend_high_i32x4_u",
        "v128 v128",
    ),
    (
        "i16x8",
        "extmul_low_i8x16_s extmul_low_i8x16_u",
        "v128 v128 v128",
    ),
    (
        "i16x8",
        "extmul_high_i8x16_s extmul_high_i8x16_u",
        "v128 v128 v128",
    ),
    (
        "i32x4",
        "extmul_low_i16x8_s extmul_low_i16x8_u dot_i16x8_s",
        "v128 v128 v128",
    ),
    (
        "i32x4",
        "extmul_high_i16x8_s extmul_high_i16x8_u",
        "v128 v128 v128",
    ),
    (
        "i64x2",
        "extmul_low_i32x4_s extmul_low_i32x4_u",
        "v128 v128 v128",
    ),
    (
        "i64x2",
        "extmul_high_i32x4_s extmul_high_i32x4_u",
        "v128 v128 v128",
    ),
    ("i32x4", "trunc_sat_f32x4_s trunc_sat_f32x4_u", "v128 v128"),
    (
        "i32x4",
        "trunc_sat_f64x2_s_zero trunc_sat_f64x2_u_zero",
        "v128 v128",
    ),
    (
        "f32x4 f64x2",
        "ceil floor trunc nearest abs neg sqrt",
        "v128 v128",
    ),
    ("f32x4 f64x2", "eq ne lt gt le ge", "v128 v128 v128"),
    (
        "f32x4 f64x2",
        "add sub mul div min max pmin pmax",
        "v128 v128 v128",
    ),
    (
        "f32x4",
        "convert_i32x4_s convert_i32x4_u demote_f64x2_zero",
        "v128 v128",
    ),
    (
        "f64x2",
        "convert_low_i32x4_s convert_low_i32x4_u promote_low_f32x4",
        "v128 v128",
    ),
    ("i8x16", "relaxed_swizzle", "v128 v128 v128"),
    (
        "i32x4",
        "relaxed_trunc_f32x4_s relaxed_trunc_f32x4_u",
        "v128 v128",
    ),
    (
        "i32x4",
        "relaxed_trunc_f64x2_s_zero relaxed_trunc_f64x2_u_zero",
        "v128 v128",
    ),
    (
        "i8x16 i16x8 i32x4 i64x2",
        "relaxed_laneselect",
        "v128 v128 v128 v128",
    ),
    ("f32x4 f64x2", "relaxed_min relaxed_max", "v128 v128 v128"),
    ("i16x8", "relaxed_q15mulr_s", "v128 v128 v128"),
];

/// Returns all vector instructions with their name, operands and result, as in [`OPERATORS`].
pub fn vectors() -> String {
    let mut all = Vec::new();
    for (shapes, names, types) in VECTORS {
        for shape in shapes.split(' ') {
            let (lane, count) = shape.split_once('x').unwrap_or((shape, ""));
            let lane = match lane {
                "i8" | "i16" => "i32",
                lane => lane,
            };
            for name in names.split(' ') {
                let (name, types) = (name.replace('N', count), types.replace('T', lane));
                all.push(format!("{shape}.{name} {types}"));
            }
        }
    }
    all.join(", ")
}

/// Instructions that load and store one lane, with their number of lanes.
pub const LANES: &[(&str, &str, usize)] = &[
    ("v128.load8_lane", "v128.store8_lane", 16),
    ("v128.load16_lane", "v128.store16_lane", 8),
    ("v128.load32_lane", "v128.store32_lane", 4),
    ("v128.load64_lane", "v128.store64_lane", 2),
];
