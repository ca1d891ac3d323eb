//! Comparison of all forms with the plain ones, and of these with values from the specification.

use super::instructions::instructions;
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
const ROUNDS: usize = if cfg!(miri) { 40 } else { 4000 };

/// Defines a module that compares each instruction at a level with its plain form.
macro_rules! comparison {
    (
        $level:ident, $(#[$attribute:meta])*
        binary { $($binary:ident)* }
        unary { $($unary:ident)* }
        test { $($test:ident)* }
        shift { $($shift:ident)* }
        ternary { $($ternary:ident)* }
        other { $($other:ident($($arg:ident: $ty:ty),*) -> $result:ty;)* }
    ) => {
        $(
            #[test]
            fn $binary() {
                $(#[$attribute])*
                fn run(a: V128, b: V128) -> V128 { ops::$binary::<$level>(a, b) }
                compare!([$($attribute)*], a, b => run, plain::$binary);
            }
        )*
        $(
            #[test]
            fn $unary() {
                $(#[$attribute])*
                fn run(a: V128) -> V128 { ops::$unary::<$level>(a) }
                compare!([$($attribute)*], a => run, plain::$unary);
            }
        )*
        $(
            #[test]
            fn $test() {
                $(#[$attribute])*
                fn run(a: V128) -> u32 { ops::$test::<$level>(a) }
                compare!([$($attribute)*], a => run, plain::$test);
            }
        )*
        $(
            #[test]
            fn $ternary() {
                $(#[$attribute])*
                fn run(a: V128, b: V128, c: V128) -> V128 { ops::$ternary::<$level>(a, b, c) }
                compare!([$($attribute)*], a, b, c => run, plain::$ternary);
            }
        )*
        $(
            #[test]
            fn $shift() {
                $(#[$attribute])*
                fn run(a: V128, count: V128) -> V128 {
                    ops::$shift::<$level>(a, count.to_slots()[0] as u32)
                }
                fn plain(a: V128, count: V128) -> V128 {
                    plain::$shift(a, count.to_slots()[0] as u32)
                }
                compare!([$($attribute)*], a, b => run, plain);
            }
        )*
        $(
            #[test]
            fn $other() {
                #[allow(unused_assignments)]
                $(#[$attribute])*
                fn run(operands: [V128; 3]) -> V128 {
                    let mut next = 0;
                    $(
                        let $arg = <$ty>::operand(operands[next]);
                        next += 1;
                    )*
                    ops::$other::<$level>($($arg),*).result()
                }
                #[allow(unused_assignments)]
                fn plain(operands: [V128; 3]) -> V128 {
                    let mut next = 0;
                    $(
                        let $arg = <$ty>::operand(operands[next]);
                        next += 1;
                    )*
                    plain::$other($($arg),*).result()
                }
                fn plain_of_three(a: V128, b: V128, c: V128) -> V128 { plain([a, b, c]) }
                $(#[$attribute])*
                fn run_of_three(a: V128, b: V128, c: V128) -> V128 { run([a, b, c]) }
                compare!([$($attribute)*], a, b, c => run_of_three, plain_of_three);
            }
        )*
    };
}

/// Compares two functions on many operands. Does nothing on processors without the attribute's
/// features.
macro_rules! compare {
    ([$($attribute:meta)*], $($arg:ident),+ => $run:ident, $plain:expr) => {
        #[cfg(target_arch = "x86_64")]
        if !concat!($(stringify!($attribute)),*).is_empty() && !has_avx2() {
            return;
        }
        let mut operands = Operands::new();
        for _ in 0..ROUNDS {
            $(let $arg = operands.vector();)+
            // SAFETY: the processor has the features that the function may use.
            #[allow(unused_unsafe)]
            let found = unsafe { $run($($arg),+) };
            assert_eq!(found, $plain($($arg),+), "operands {:x?}", [$($arg),+]);
        }
    };
}

/// Operands that are no vectors, made of one.
trait Operand {
    fn operand(vector: V128) -> Self;
}

/// Results of all types, as vectors.
trait Outcome {
    fn result(self) -> V128;
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
            fn result(self) -> V128 {
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
    fn result(self) -> V128 {
        self
    }
}
