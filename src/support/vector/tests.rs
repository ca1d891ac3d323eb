//! Comparison of all forms with the plain ones, and of these with values from the specification.

use super::instructions::instructions;
use super::lanes::Lanes;
use super::{Baseline, V128, ops, plain};

/// Values whose lanes are at the limits of integers, or special floats.
const WORDS: &[u64] = &[
    0,
    u64::MAX,
    1,
    0x8000_0000_0000_0000,
    0x7fff_ffff_ffff_ffff,
    0x8000_0000_8000_0000,
    0x7fff_ffff_7fff_ffff,
    0x8000_8000_8000_8000,
    0x7fff_7fff_8000_7fff,
    0x8080_8080_7f7f_7f7f,
    0x0001_0000_ffff_7fff,
    0x00ff_0100_ff80_007f,
    0x0f1f_1011_0e05_2080,
    // 1 and 1.5, halves, and integers near the ends of the ranges.
    0x3f80_0000_3fc0_0000,
    0x3ff0_0000_0000_0000,
    0x3f00_0000_bf00_0000,
    0x3fe0_0000_0000_0000,
    0x4020_0000_c060_0000,
    0xc004_0000_0000_0000,
    0x4f00_0000_cf00_0000,
    0x4eff_ffff_cf00_0001,
    0x4f80_0000_4f7f_ffff,
    0x41df_ffff_ffff_ffff,
    0x41e0_0000_0000_0000,
    0xc1e0_0000_001f_ffff,
    0xc1e0_0000_0020_0000,
    0x41ef_ffff_ffff_ffff,
    0x41f0_0000_0000_0000,
    0x4b00_0000_4aff_ffff,
    0x4330_0000_0000_0001,
    0x432f_ffff_ffff_ffff,
    // Zeros, infinities, NaNs, subnormals, and the largest numbers.
    0x8000_0000_0000_0001,
    0x7f80_0000_ff80_0000,
    0x7ff0_0000_0000_0000,
    0xfff0_0000_0000_0000,
    0x7fc0_0000_ffc0_0000,
    0x7f80_0001_ff80_0001,
    0x7fbf_ffff_ffff_ffff,
    0x7ff8_0000_0000_0000,
    0xfff8_0000_0000_0000,
    0x7ff0_0000_0000_0001,
    0xfff4_0000_0000_0001,
    0x0000_0001_8000_0001,
    0x007f_ffff_0080_0000,
    0x000f_ffff_ffff_ffff,
    0x8010_0000_0000_0000,
    0x7f7f_ffff_ff7f_ffff,
    0x7fef_ffff_ffff_ffff,
    0xffef_ffff_ffff_ffff,
    // Between the smallest and the largest `f32`.
    0x47ef_ffff_f000_0000,
    0x47ef_ffff_efff_ffff,
    0x3690_0000_0000_0000,
    0x3690_0000_0000_0001,
];

/// A generator of operands.
struct Operands {
    state: u64,
}

impl Operands {
    fn new() -> Operands {
        Operands { state: 1 }
    }

    fn bits(&mut self) -> u64 {
        // SplitMix64.
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.state ^ self.state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    fn word(&mut self) -> u64 {
        let chosen = self.bits();
        let special = WORDS[(chosen >> 32) as usize % WORDS.len()];
        match chosen % 8 {
            0 | 1 => self.bits(),
            // Small integers in floats of either width.
            2 => ((chosen >> 16) as i16 as f64 / 4.0).to_bits(),
            3 => {
                let low = ((chosen >> 16) as i16 as f32 / 4.0).to_bits();
                let high = ((chosen >> 32) as i16 as f32 / 4.0).to_bits();
                u64::from(high) << 32 | u64::from(low)
            }
            4 => special.rotate_left(32),
            _ => special,
        }
    }

    fn vector(&mut self) -> V128 {
        V128::from_slots(self.word(), self.word())
    }
}

/// Number of operands with which each instruction runs.
const ROUNDS: usize = if cfg!(miri) { 2 } else { 4000 };

/// An instruction at a level, and its plain form.
struct Pair {
    name: &'static str,
    form: unsafe fn([V128; 3]) -> V128,
    plain: fn([V128; 3]) -> V128,
}

/// Defines the list of pairs at the level whose functions the macro `compiled` defines.
macro_rules! pairs {
    ($($name:ident($($arg:ident: $ty:ty),*) -> $result:ty;)*) => {
        pub const PAIRS: &[Pair] = &[$({
            compiled! {
                operands => {
                    let mut operands = operands.into_iter();
                    $(let $arg = <$ty>::operand(operands.next().unwrap_or_default());)*
                    ops::$name::<Current>($($arg),*).outcome()
                }
            }
            fn plain(operands: [V128; 3]) -> V128 {
                let mut operands = operands.into_iter();
                $(let $arg = <$ty>::operand(operands.next().unwrap_or_default());)*
                plain::$name($($arg),*).outcome()
            }
            Pair { name: stringify!($name), form, plain }
        }),*];
    };
}

mod baseline {
    use super::*;

    type Current = Baseline;

    macro_rules! compiled {
        ($operands:ident => $body:block) => {
            unsafe fn form($operands: [V128; 3]) -> V128 $body
        };
    }

    instructions!(pairs);
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use super::*;

    type Current = super::super::Avx2;

    macro_rules! compiled {
        ($operands:ident => $body:block) => {
            #[target_feature(enable = "avx2")]
            unsafe fn form($operands: [V128; 3]) -> V128 $body
        };
    }

    instructions!(pairs);
}

fn compare(pairs: &[Pair]) {
    for pair in pairs {
        let mut operands = Operands::new();
        for _ in 0..ROUNDS {
            let mut operands = [operands.vector(), operands.vector(), operands.vector()];
            if pair.name == "i8x16_shuffle" {
                // Validation ensures that its lane numbers are below 32.
                operands[2] = plain::v128_and(operands[2], plain::i8x16_splat(31));
            }
            // SAFETY: the caller has checked that the processor has the features.
            let found = unsafe { (pair.form)(operands) };
            let expected = (pair.plain)(operands);
            assert_eq!(found, expected, "{} of {operands:?}", pair.name);
        }
    }
}

#[test]
fn instructions_are_the_plain_ones() {
    compare(baseline::PAIRS);
}

#[test]
#[cfg(target_arch = "x86_64")]
#[cfg_attr(miri, ignore = "Miri lacks some of the instructions")]
fn avx2_instructions_are_the_plain_ones() {
    if std::is_x86_feature_detected!("avx2") {
        compare(avx2::PAIRS);
    }
}

/// Operands that are no vectors, made of one.
trait Operand {
    fn operand(vector: V128) -> Self;
}

/// Results of all types, as vectors.
trait Outcome {
    fn outcome(self) -> V128;
}

macro_rules! scalars {
    ($($ty:ty, |$bits:ident| $from:expr, |$value:ident| $into:expr;)*) => {$(
        impl Operand for $ty {
            fn operand(vector: V128) -> $ty {
                let $bits = vector.to_slots()[0];
                $from
            }
        }

        impl Outcome for $ty {
            fn outcome(self) -> V128 {
                let $value = self;
                V128::from_slots($into, 0)
            }
        }
    )*};
}

scalars! {
    u8, |bits| bits as u8, |value| value.into();
    u32, |bits| bits as u32, |value| value.into();
    i32, |bits| bits as i32, |value| value as u32 as u64;
    u64, |bits| bits, |value| value;
    f32, |bits| f32::from_bits(bits as u32), |value| value.to_bits().into();
    f64, |bits| f64::from_bits(bits), |value| value.to_bits();
}

impl Operand for V128 {
    fn operand(vector: V128) -> V128 {
        vector
    }
}

impl Outcome for V128 {
    fn outcome(self) -> V128 {
        self
    }
}

fn bytes(lanes: [u8; 16]) -> V128 {
    V128::from_bytes(lanes)
}

fn halves(lanes: [i16; 8]) -> V128 {
    lanes.into_vector()
}

fn words(lanes: [u32; 4]) -> V128 {
    lanes.into_vector()
}

fn floats(lanes: [f32; 4]) -> V128 {
    lanes.into_vector()
}

fn doubles(lanes: [f64; 2]) -> V128 {
    lanes.into_vector()
}

const COUNT: [u8; 16] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

#[test]
fn the_first_lane_is_in_the_low_bits() {
    let vector = bytes(COUNT);
    assert_eq!(
        vector.to_slots(),
        [0x0706_0504_0302_0100, 0x0f0e_0d0c_0b0a_0908]
    );
    assert_eq!(vector.to_bytes(), COUNT);
    assert_eq!(
        u128::from(vector),
        0x0f0e_0d0c_0b0a_0908_0706_0504_0302_0100
    );
    assert_eq!(V128::from(u128::from(vector)), vector);
    assert_eq!(<[u16; 8]>::from_vector(vector)[1], 0x0302);
    assert_eq!(<[u64; 2]>::from_vector(vector)[1], 0x0f0e_0d0c_0b0a_0908);
    assert_eq!(
        plain::i8x16_replace_lane(vector, 0xfff, 2).to_bytes()[1..4],
        [1, 0xff, 3]
    );
    assert_eq!(
        std::format!("{vector:?}"),
        "V128(0x0f0e0d0c0b0a09080706050403020100)"
    );
}

#[test]
fn integer_instructions_are_those_of_the_specification() {
    let count = bytes(COUNT);
    let pattern = |of: [u8; 4]| bytes(std::array::from_fn(|lane| of[lane % 4]));
    assert_eq!(
        plain::i8x16_add_sat_s(pattern([127, 128, 1, 255]), pattern([1, 255, 1, 255])),
        pattern([127, 128, 2, 254])
    );
    assert_eq!(
        plain::i8x16_sub_sat_u(pattern([0, 255, 5, 1]), pattern([1, 1, 2, 255])),
        pattern([0, 254, 3, 0])
    );
    assert_eq!(
        plain::i8x16_avgr_u(pattern([255, 255, 0, 1]), pattern([255, 0, 1, 2])),
        pattern([255, 128, 1, 2])
    );
    assert_eq!(
        plain::i8x16_popcnt(pattern([0, 255, 3, 128])),
        pattern([0, 8, 2, 1])
    );
    assert_eq!(
        plain::i8x16_abs(pattern([128, 255, 1, 0])),
        pattern([128, 1, 1, 0])
    );
    assert_eq!(
        plain::i8x16_shr_s(pattern([128, 64, 255, 2]), 9),
        pattern([192, 32, 255, 1])
    );
    assert_eq!(plain::i8x16_bitmask(pattern([128, 0, 0, 255])), 0x9999);
    assert_eq!(plain::i16x8_bitmask(pattern([0, 128, 255, 0])), 0x55);
    assert_eq!(plain::i8x16_all_true(count), 0);
    assert_eq!(plain::i16x8_all_true(count), 1);
    assert_eq!(plain::v128_any_true(V128::ZERO), 0);
    assert_eq!(
        plain::i8x16_swizzle(count, pattern([15, 16, 255, 0])),
        pattern([15, 0, 0, 0])
    );
    assert_eq!(
        plain::i8x16_shuffle(
            count,
            pattern([100, 101, 102, 103]),
            pattern([0, 15, 16, 31])
        ),
        pattern([0, 15, 100, 103])
    );
    assert_eq!(
        plain::i16x8_q15mulr_sat_s(
            halves([-32768, -32767, 32767, 0, 0, 0, 0, 0]),
            halves([-32768, -32768, 32767, 0, 0, 0, 0, 0])
        ),
        halves([32767, 32767, 32766, 0, 0, 0, 0, 0])
    );
    assert_eq!(
        plain::i32x4_dot_i16x8_s(halves([-32768; 8]), halves([-32768; 8])),
        words([0x8000_0000; 4])
    );
    assert_eq!(
        plain::i8x16_narrow_i16x8_u(halves([-1, 0, 255, 256, 32767, -32768, 7, 8]), V128::ZERO),
        bytes([0, 0, 255, 255, 255, 0, 7, 8, 0, 0, 0, 0, 0, 0, 0, 0])
    );
    assert_eq!(
        plain::i16x8_extadd_pairwise_i8x16_s(pattern([127, 127, 128, 128])),
        halves([254, -256, 254, -256, 254, -256, 254, -256])
    );
    assert_eq!(
        plain::i16x8_extmul_high_i8x16_s(count, pattern([255, 2, 255, 2])),
        halves([-8, 18, -10, 22, -12, 26, -14, 30])
    );
    assert_eq!(
        plain::v128_load16x4_s(0x8000_7fff_0001_ffff),
        words([u32::MAX, 1, 0x7fff, 0xffff_8000])
    );
}

#[test]
fn relaxed_instructions_are_deterministic() {
    let count = bytes(COUNT);
    assert_eq!(
        plain::i16x8_relaxed_dot_i8x16_i7x16_s(count, count),
        halves([1, 13, 41, 85, 145, 221, 313, 421])
    );
    let least = bytes([0x80; 16]);
    assert_eq!(
        plain::i16x8_relaxed_dot_i8x16_i7x16_s(least, least),
        halves([0x7fff; 8])
    );
    assert_eq!(
        plain::i32x4_relaxed_dot_i8x16_i7x16_add_s(count, count, words([0, 1, 2, 3])),
        words([14, 127, 368, 737])
    );
    // The product is 1 + 2^-15 + 2^-22 + 2^-37, and rounding it loses the last bit.
    let x = f32::from_bits(0x3f80_0002);
    let y = f32::from_bits(0x3f80_0100);
    let z = -f32::from_bits(0x3f80_0102);
    assert_eq!(
        plain::f32x4_relaxed_madd(floats([x; 4]), floats([y; 4]), floats([z; 4])),
        floats([0.0; 4])
    );
    assert_eq!(
        plain::f32x4_relaxed_nmadd(floats([-x; 4]), floats([y; 4]), floats([z; 4])),
        floats([0.0; 4])
    );
    assert_eq!(
        plain::f64x2_relaxed_madd(
            doubles([f64::MAX; 2]),
            doubles([2.0; 2]),
            doubles([f64::MIN; 2])
        ),
        doubles([f64::INFINITY; 2])
    );
}

#[test]
fn float_instructions_are_those_of_the_specification() {
    let signalling = f32::from_bits(0xff80_0001);
    let canonical = f32::from_bits(0x7fc0_0000);
    let a = floats([signalling, 0.0, -0.0, 2.5]);
    let b = floats([1.0, -0.0, 0.0, -2.5]);
    assert_eq!(plain::f32x4_add(a, b), floats([canonical, 0.0, 0.0, 0.0]));
    assert_eq!(
        plain::f32x4_min(a, b),
        floats([canonical, -0.0, -0.0, -2.5])
    );
    assert_eq!(plain::f32x4_max(a, b), floats([canonical, 0.0, 0.0, 2.5]));
    assert_eq!(
        plain::f32x4_pmin(a, b),
        floats([signalling, 0.0, -0.0, -2.5])
    );
    assert_eq!(plain::f32x4_pmax(b, a), floats([1.0, -0.0, 0.0, 2.5]));
    assert_eq!(plain::f32x4_nearest(a), floats([canonical, 0.0, -0.0, 2.0]));
    assert_eq!(plain::f32x4_ceil(b), floats([1.0, -0.0, 0.0, -2.0]));
    assert_eq!(plain::f32x4_neg(a), floats([-signalling, -0.0, 0.0, -2.5]));
    assert_eq!(plain::f32x4_sqrt(b), floats([1.0, -0.0, 0.0, canonical]));
    assert_eq!(plain::f32x4_eq(a, b), words([0, u32::MAX, u32::MAX, 0]));
    assert_eq!(plain::f32x4_ne(a, b), words([u32::MAX, 0, 0, u32::MAX]));
    assert_eq!(
        plain::f64x2_promote_low_f32x4(a),
        V128::from_slots(0x7ff8_0000_0000_0000, 0)
    );
    assert_eq!(
        plain::f32x4_demote_f64x2_zero(doubles([f64::MAX, -f64::NAN])),
        floats([f32::INFINITY, canonical, 0.0, 0.0])
    );
    assert_eq!(
        plain::i32x4_trunc_sat_f32x4_u(floats([f32::NAN, -1.0, 4e9, 5e9])),
        words([0, 0, 4_000_000_000, u32::MAX])
    );
    assert_eq!(
        plain::i32x4_trunc_sat_f64x2_s_zero(doubles([-3e9, 1.9])),
        words([0x8000_0000, 1, 0, 0])
    );
    assert_eq!(
        plain::f64x2_convert_low_i32x4_u(words([u32::MAX, 1, 7, 7])),
        doubles([4_294_967_295.0, 1.0])
    );
}
