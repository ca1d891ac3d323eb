//! Lanes of vectors on the command line: shapes, parsing and formatting.

use super::value;
use clap::ValueEnum;
use clap::builder::PossibleValue;

/// The syntax of vectors, for error messages.
const VECTOR: &str = "lanes after their shape, such as `i32x4:1,2,3,4`, or `0x` and 32 \
                      hexadecimal digits";

/// The notation of the lanes of a shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Notation {
    Signed,
    Unsigned,
    Hexadecimal,
    Float,
}

/// A way to read the bits of a vector: as a number of lanes, each of them a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    /// Name on the command line. Its first letter is the notation.
    name: &'static str,
    /// Name in the text format, which does not distinguish the notations of integers.
    written: &'static str,
    notation: Notation,
    /// Bits of a lane.
    bits: u32,
}

const fn shape(name: &'static str, written: &'static str, notation: Notation, bits: u32) -> Shape {
    Shape {
        name,
        written,
        notation,
        bits,
    }
}

/// All shapes.
const SHAPES: [Shape; 14] = [
    shape("i8x16", "i8x16", Notation::Signed, 8),
    shape("u8x16", "i8x16", Notation::Unsigned, 8),
    shape("x8x16", "i8x16", Notation::Hexadecimal, 8),
    shape("i16x8", "i16x8", Notation::Signed, 16),
    shape("u16x8", "i16x8", Notation::Unsigned, 16),
    shape("x16x8", "i16x8", Notation::Hexadecimal, 16),
    shape("i32x4", "i32x4", Notation::Signed, 32),
    shape("u32x4", "i32x4", Notation::Unsigned, 32),
    shape("x32x4", "i32x4", Notation::Hexadecimal, 32),
    shape("i64x2", "i64x2", Notation::Signed, 64),
    shape("u64x2", "i64x2", Notation::Unsigned, 64),
    shape("x64x2", "i64x2", Notation::Hexadecimal, 64),
    shape("f32x4", "f32x4", Notation::Float, 32),
    shape("f64x2", "f64x2", Notation::Float, 64),
];

impl ValueEnum for Shape {
    fn value_variants<'a>() -> &'a [Shape] {
        &SHAPES
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.name))
    }
}

impl Shape {
    /// Four 32-bit integers in hexadecimal.
    pub(crate) const WORDS: Shape = SHAPES[8];

    /// Returns the name on the command line.
    pub(crate) fn name(self) -> &'static str {
        self.name
    }

    fn lanes(self) -> usize {
        (128 / self.bits) as usize
    }

    /// Formats a vector so that [`parse`] returns the same bits, except for the sign of
    /// a canonical NaN.
    pub(crate) fn format(self, bits: u128) -> String {
        let lanes = (0..self.lanes()).map(|lane| {
            let unused = 64 - self.bits;
            let bits = (bits >> (lane as u32 * self.bits)) as u64 & (u64::MAX >> unused);
            match (self.notation, self.bits) {
                (Notation::Signed, _) => (bits.cast_signed() << unused >> unused).to_string(),
                (Notation::Unsigned, _) => bits.to_string(),
                (Notation::Hexadecimal, _) => {
                    format!("{bits:#0width$x}", width = 2 + self.bits as usize / 4)
                }
                (Notation::Float, 32) => value::print_f32(f32::from_bits(bits as u32)),
                (Notation::Float, _) => value::print_f64(f64::from_bits(bits)),
            }
        });
        format!("{}:{}", self.written, lanes.collect::<Vec<_>>().join(","))
    }

    /// Parses a lane to its bits. The error describes what is expected.
    fn parse_lane(self, text: &str) -> Result<u64, String> {
        let float = || value::FLOAT.to_string();
        match (self.notation, self.bits) {
            (Notation::Float, 32) => value::parse_f32(text).map(u64::from).ok_or_else(float),
            (Notation::Float, _) => value::parse_f64(text).ok_or_else(float),
            (_, bits) => value::parse_integer(text, bits),
        }
    }
}

/// Parses a vector: `0x` and all hexadecimal digits, or lanes after their shape, as in
/// `i32x4:1,2,3,4` or in the text format's `i32x4 1 2 3 4`.
pub(crate) fn parse(text: &str) -> Result<u128, String> {
    let not = |form: &str, found: &str| format!("expected {form}, found `{found}`");
    let whole = |form: &str| not(&format!("v128 ({form})"), text);
    if let Some(digits) = text.strip_prefix("0x") {
        let is_whole = digits.len() == 32 && digits.chars().all(|digit| digit.is_ascii_hexdigit());
        return match u128::from_str_radix(digits, 16) {
            Ok(bits) if is_whole => Ok(bits),
            _ => Err(whole(VECTOR)),
        };
    }
    let text = text.trim();
    let is_end = |character: char| character == ':' || character.is_whitespace();
    let (name, rest) = text.split_once(is_end).unwrap_or((text, ""));
    let Some(shape) = SHAPES.iter().find(|shape| shape.name == name) else {
        return Err(whole(VECTOR));
    };
    let lanes: Vec<&str> = match text[name.len()..].starts_with(':') {
        true => rest.split(',').map(str::trim).collect(),
        false => rest.split_whitespace().collect(),
    };
    if lanes.len() != shape.lanes() {
        let count = lanes.iter().filter(|lane| !lane.is_empty()).count();
        return Err(whole(&format!(
            "{} lanes after `{name}`, not {count}",
            shape.lanes()
        )));
    }
    let mut bits = 0;
    for (lane, text) in lanes.iter().enumerate() {
        let value = shape
            .parse_lane(text)
            .map_err(|form| not(&format!("lane {lane} of {name} ({form})"), text))?;
        let mask = u64::MAX >> (64 - shape.bits);
        bits |= u128::from(value & mask) << (lane as u32 * shape.bits);
    }
    Ok(bits)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BITS: u128 = 0xffff_fffe_8000_0000_3fc0_0000_0102_0380;

    #[test]
    fn vectors_round_trip_in_every_shape() {
        for (name, text) in [
            (
                "i8x16",
                "i8x16:-128,3,2,1,0,0,-64,63,0,0,0,-128,-2,-1,-1,-1",
            ),
            ("u16x8", "i16x8:896,258,0,16320,0,32768,65534,65535"),
            ("i32x4", "i32x4:16909184,1069547520,-2147483648,-2"),
            ("x32x4", "i32x4:0x01020380,0x3fc00000,0x80000000,0xfffffffe"),
            ("u64x2", "i64x2:4593671619934815104,18446744067267100672"),
            ("f32x4", "f32x4:2.387974e-38,1.5,-0,-nan:0x7ffffe"),
        ] {
            let shape = Shape::from_str(name, false).unwrap();
            assert_eq!(shape.format(BITS), text);
            assert_eq!(parse(text), Ok(BITS), "{text}");
            let (shape, lanes) = text.split_once(':').unwrap();
            let text = format!("{shape} {}", lanes.replace(',', "  "));
            assert_eq!(parse(&text), Ok(BITS), "{text}");
        }
        for shape in SHAPES {
            assert_eq!(parse(&shape.format(BITS)), Ok(BITS), "{}", shape.name);
        }
        assert_eq!(parse(&format!("{BITS:#034x}")), Ok(BITS));
        assert_eq!(
            parse("f64x2:inf,nan:0x1"),
            Ok((0x7ff0 << 48 | 1) << 64 | 0x7ff0 << 48)
        );
    }

    #[test]
    fn mistakes_are_explained() {
        for (text, expected) in [
            ("", "expected v128 (lanes after their shape"),
            ("7", "expected v128 (lanes after their shape"),
            ("0x7", "`0x` and 32 hexadecimal digits), found `0x7`"),
            ("0x+0000000000000000000000000000001", "32 hexadecimal"),
            ("i32x2:1,2", "expected v128 (lanes after their shape"),
            ("i32x4", "(4 lanes after `i32x4`, not 0), found `i32x4`"),
            ("i32x4:1,2,3", "(4 lanes after `i32x4`, not 3)"),
            ("i32x4 1 2 3 4 5", "(4 lanes after `i32x4`, not 5)"),
            (
                "i8x16:0,256,0,0,0,0,0,0,0,0,0,0,0,0,0,0",
                "expected lane 1 of i8x16 (from -128 to 255), found `256`",
            ),
            ("i64x2:1,", "expected lane 1 of i64x2 (a whole number"),
            ("f64x2:one,2", "expected lane 0 of f64x2 (a decimal number"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
