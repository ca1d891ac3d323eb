//! Floating-point functions with the same results, bit for bit, on all targets.

#[cfg_attr(feature = "std", path = "root/std.rs")]
#[cfg_attr(not(feature = "std"), path = "root/libm.rs")]
mod root;

pub use root::{sqrt32, sqrt64};

use core::hint::cold_path;
use core::ptr;

static CANONICAL_32: u32 = 0x7fc0_0000;
static CANONICAL_64: u64 = 0x7ff8_0000_0000_0000;

/// Returns `value`, or the canonical NaN if it is a NaN, because processors differ in the NaN
/// that an operation returns.
///
/// A branch that is never taken adds nothing to a chain of dependent operations; a conditional
/// move would. The canonical NaN is read from a static, so that the compiler does not know its
/// value: to the compiler all NaNs are equal, and it would leave out the replacement of a square
/// root's NaN by a known one.
#[inline(always)]
pub fn canonical32(value: f32) -> f32 {
    if value.is_nan() {
        cold_path();
        // SAFETY: a static can always be read.
        f32::from_bits(unsafe { ptr::read_volatile(&raw const CANONICAL_32) })
    } else {
        value
    }
}

/// Returns `value`, or the canonical NaN if it is a NaN. See [`canonical32`].
#[inline(always)]
pub fn canonical64(value: f64) -> f64 {
    if value.is_nan() {
        cold_path();
        // SAFETY: as above.
        f64::from_bits(unsafe { ptr::read_volatile(&raw const CANONICAL_64) })
    } else {
        value
    }
}

/// Defines the rounding functions of a type without a library call. On processors without
/// rounding instructions, a call would make each handler that rounds set up a native stack
/// frame.
///
/// All floats of magnitude `$whole` or more are integers. Smaller values are truncated by
/// conversion to an integer and back, which is exact; the difference to the truncated value
/// selects the result of the other functions. The sign is copied last, for the sake of zeros.
macro_rules! roundings {
    ($ty:ident, $int:ident, $whole:literal, $trunc:ident, $floor:ident, $ceil:ident, $nearest:ident) => {
        /// Rounds towards zero.
        #[inline(always)]
        pub fn $trunc(value: $ty) -> $ty {
            if value.abs() < $whole {
                (value as $int as $ty).copysign(value)
            } else {
                value
            }
        }

        /// Rounds down.
        #[inline(always)]
        pub fn $floor(value: $ty) -> $ty {
            let whole = $trunc(value);
            if whole > value { whole - 1.0 } else { whole }
        }

        /// Rounds up.
        #[inline(always)]
        pub fn $ceil(value: $ty) -> $ty {
            let whole = $trunc(value);
            if whole < value {
                (whole + 1.0).copysign(value)
            } else {
                whole
            }
        }

        /// Rounds to the nearest integer, and half-way cases to the even one. Adding and
        /// subtracting `$whole` does this, since the sum has no fraction bits.
        #[inline(always)]
        pub fn $nearest(value: $ty) -> $ty {
            if value.abs() < $whole {
                ((value.abs() + $whole) - $whole).copysign(value)
            } else {
                value
            }
        }
    };
}

roundings!(f32, i32, 8_388_608.0, trunc32, floor32, ceil32, nearest32);
roundings!(
    f64,
    i64,
    4_503_599_627_370_496.0,
    trunc64,
    floor64,
    ceil64,
    nearest64
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn square_roots_give_the_canonical_nan() {
        for value in [-2.0, f32::from_bits(0xffff_fffa)] {
            let root = canonical32(sqrt32(core::hint::black_box(value)));
            assert_eq!(root.to_bits(), CANONICAL_32);
        }
        for value in [-2.0, f64::from_bits(0xffff_ffff_ffff_fffa)] {
            let root = canonical64(sqrt64(core::hint::black_box(value)));
            assert_eq!(root.to_bits(), CANONICAL_64);
        }
    }

    #[test]
    fn roundings_are_those_of_the_library() {
        let steps = if cfg!(miri) { 200 } else { 200_000 };
        let mut state = 1_u64;
        for step in 0..steps {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(step | 1);
            let small = (state >> 40) as f64 / 8.0 - 1e6;
            for value in [
                f64::from_bits(state),
                small,
                -0.0,
                0.5,
                -0.5,
                1.5,
                2.5,
                -0.25,
            ] {
                let same = |a: f64, b: f64| a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan();
                assert!(same(floor64(value), libm::floor(value)), "{value}");
                assert!(same(ceil64(value), libm::ceil(value)), "{value}");
                assert!(same(trunc64(value), libm::trunc(value)), "{value}");
                assert!(same(nearest64(value), libm::rint(value)), "{value}");
                let value = value as f32;
                let same = |a: f32, b: f32| a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan();
                assert!(same(floor32(value), libm::floorf(value)), "{value}");
                assert!(same(ceil32(value), libm::ceilf(value)), "{value}");
                assert!(same(trunc32(value), libm::truncf(value)), "{value}");
                assert!(same(nearest32(value), libm::rintf(value)), "{value}");
            }
        }
    }
}
