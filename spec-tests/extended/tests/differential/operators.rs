//! Numeric and memory instructions of generated modules.

use super::generator::Ty::{self, F32, F64, I32, I64};

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
];
