//! Vectors in scripts: arguments, and patterns of lanes.

use super::expectation::{matches_f32, matches_f64};
use backstitch::Val;
use std::fmt::{self, Display};
use wast::core::{NanPattern, V128Const, V128Pattern};
use wast::token::{F32, F64};

/// Returns the value of an argument.
pub(super) fn value(constant: &V128Const) -> Val {
    Val::from(u128::from_le_bytes(constant.to_le_bytes()))
}

/// Returns the lane `index` of lanes of `width` bits.
fn lane(bits: u128, width: usize, index: usize) -> u64 {
    (bits >> (width * index)) as u64 & (u64::MAX >> (64 - width))
}

/// Returns whether each lane of a vector matches its pattern.
pub(super) fn matches(pattern: &V128Pattern, found: u128) -> bool {
    fn all<T>(lanes: &[T], found: u128, matches: impl Fn(&T, u64) -> bool) -> bool {
        let width = 128 / lanes.len();
        let mut lanes = lanes.iter().enumerate();
        lanes.all(|(index, pattern)| matches(pattern, lane(found, width, index)))
    }
    match pattern {
        V128Pattern::I8x16(lanes) => all(lanes, found, |lane, found| *lane == found as i8),
        V128Pattern::I16x8(lanes) => all(lanes, found, |lane, found| *lane == found as i16),
        V128Pattern::I32x4(lanes) => all(lanes, found, |lane, found| *lane == found as i32),
        V128Pattern::I64x2(lanes) => all(lanes, found, |lane, found| *lane == found as i64),
        V128Pattern::F32x4(lanes) => {
            all(lanes, found, |lane, found| matches_f32(lane, found as u32))
        }
        V128Pattern::F64x2(lanes) => all(lanes, found, matches_f64),
    }
}

/// Formats the pattern of a vector in the syntax of scripts.
pub(super) struct Pattern<'a>(pub(super) &'a V128Pattern);

impl Display for Pattern<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("v128.const ")?;
        match self.0 {
            V128Pattern::I8x16(lanes) => join(f, "i8x16", lanes),
            V128Pattern::I16x8(lanes) => join(f, "i16x8", lanes),
            V128Pattern::I32x4(lanes) => join(f, "i32x4", lanes),
            V128Pattern::I64x2(lanes) => join(f, "i64x2", lanes),
            V128Pattern::F32x4(lanes) => {
                let lane = |lane| float(lane, |value: &F32| text_of_f32(value.bits));
                join(f, "f32x4", &lanes.each_ref().map(lane))
            }
            V128Pattern::F64x2(lanes) => {
                let lane = |lane| float(lane, |value: &F64| text_of_f64(value.bits));
                join(f, "f64x2", &lanes.each_ref().map(lane))
            }
        }
    }
}

/// Formats a vector in the syntax of scripts, in the shape of a pattern. Without one, the lanes are
/// words in hexadecimal.
pub(super) struct Lanes<'a>(pub(super) u128, pub(super) Option<&'a V128Pattern>);

impl Display for Lanes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = |count: usize, show: fn(u64) -> String| {
            let lanes = (0..count).map(|index| show(lane(self.0, 128 / count, index)));
            lanes.collect::<Vec<_>>()
        };
        let (shape, lanes) = match self.1 {
            None => ("i32x4", all(4, |lane| format!("{lane:#010x}"))),
            Some(V128Pattern::I8x16(_)) => ("i8x16", all(16, |lane| (lane as i8).to_string())),
            Some(V128Pattern::I16x8(_)) => ("i16x8", all(8, |lane| (lane as i16).to_string())),
            Some(V128Pattern::I32x4(_)) => ("i32x4", all(4, |lane| (lane as i32).to_string())),
            Some(V128Pattern::I64x2(_)) => ("i64x2", all(2, |lane| (lane as i64).to_string())),
            Some(V128Pattern::F32x4(_)) => ("f32x4", all(4, |lane| text_of_f32(lane as u32))),
            Some(V128Pattern::F64x2(_)) => ("f64x2", all(2, text_of_f64)),
        };
        f.write_str("v128.const ")?;
        join(f, shape, &lanes)
    }
}

fn join(f: &mut fmt::Formatter<'_>, shape: &str, lanes: &[impl Display]) -> fmt::Result {
    f.write_str(shape)?;
    lanes.iter().try_for_each(|lane| write!(f, " {lane}"))
}

fn float<T>(pattern: &NanPattern<T>, show: impl Fn(&T) -> String) -> String {
    match pattern {
        NanPattern::CanonicalNan => "nan:canonical".to_string(),
        NanPattern::ArithmeticNan => "nan:arithmetic".to_string(),
        NanPattern::Value(value) => show(value),
    }
}

/// Formats a 32-bit float with all of its bits.
fn text_of_f32(bits: u32) -> String {
    let value = f32::from_bits(bits);
    match value.is_nan() {
        true => nan(value.is_sign_negative(), u64::from(bits) & ((1 << 23) - 1)),
        false => value.to_string(),
    }
}

/// Formats a 64-bit float with all of its bits.
fn text_of_f64(bits: u64) -> String {
    let value = f64::from_bits(bits);
    match value.is_nan() {
        true => nan(value.is_sign_negative(), bits & ((1 << 52) - 1)),
        false => value.to_string(),
    }
}

fn nan(is_negative: bool, payload: u64) -> String {
    let sign = if is_negative { "-" } else { "" };
    format!("{sign}nan:{payload:#x}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use wast::parser::{self, ParseBuffer};

    fn pattern(text: &str) -> V128Pattern {
        let buffer = ParseBuffer::new(text).unwrap();
        parser::parse(&buffer).unwrap()
    }

    fn constant(text: &str) -> u128 {
        let buffer = ParseBuffer::new(text).unwrap();
        let constant: V128Const = parser::parse(&buffer).unwrap();
        value(&constant).unwrap_v128().as_u128()
    }

    #[test]
    fn lanes_match_by_shape() {
        for text in [
            "i8x16 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 -1",
            "i16x8 0 1 2 3 4 5 6 -7",
            "i32x4 0 -1 2 3",
            "i64x2 -1 1",
            "f32x4 0 -0 1.5 inf",
            "f64x2 nan:0x4000000000001 -1.5",
        ] {
            let (found, pattern) = (constant(text), pattern(text));
            assert!(matches(&pattern, found), "{text}");
            assert!(!matches(&pattern, found ^ 1 << 127), "{text}");
            assert!(!matches(&pattern, found ^ 1), "{text}");
            assert_eq!(Pattern(&pattern).to_string(), format!("v128.const {text}"));
            let lanes = Lanes(found, Some(&pattern)).to_string();
            assert_eq!(lanes, format!("v128.const {text}"));
        }
        assert_eq!(
            Lanes(constant("i64x2 1 -1"), None).to_string(),
            "v128.const i32x4 0x00000001 0x00000000 0xffffffff 0xffffffff"
        );
    }

    #[test]
    fn each_lane_may_be_a_kind_of_nan() {
        let nans = pattern("f32x4 nan:canonical nan:arithmetic nan:0x200000 1");
        assert!(matches(
            &nans,
            constant("f32x4 -nan nan:0x600000 nan:0x200000 1")
        ));
        assert!(!matches(
            &nans,
            constant("f32x4 nan:0x600000 nan nan:0x200000 1")
        ));
        assert!(!matches(
            &nans,
            constant("f32x4 nan nan:0x200000 nan:0x200000 1")
        ));
        assert!(!matches(&nans, constant("f32x4 nan nan nan 1")));
        assert_eq!(
            Pattern(&nans).to_string(),
            "v128.const f32x4 nan:canonical nan:arithmetic nan:0x200000 1"
        );
        let nans = pattern("f64x2 nan:arithmetic nan:canonical");
        assert!(matches(&nans, constant("f64x2 nan:0x8000000000001 -nan")));
        assert!(!matches(&nans, constant("f64x2 nan nan:0x8000000000001")));
    }
}
