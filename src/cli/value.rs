//! Values on the command line: parsing and formatting.

use super::lanes::{self, Shape};
use backstitch::coredump::{RefKind, Value};
use backstitch::{Val, ValType};
use wast::parser::{self, Parse, ParseBuffer};
use wast::token::{F32, F64};

/// The syntax of floats, for error messages.
pub(super) const FLOAT: &str = "a decimal number, a hexadecimal one such as `0x1.8p3`, `inf`, `nan`, or \
                     `nan:0x` with a payload";

/// Parses an argument of the given type.
///
/// Integers are decimal or `0x` hexadecimal, with or without a sign, in the signed or the
/// unsigned range of their type. Floats have the syntax of Rust (`1.5`, `-2e10`, `inf`, `nan`) or
/// of the text format (`0x1.8p3`, `nan:0x7fc00001`). The only reference is `null`, if the type is
/// nullable. [`lanes`] documents vectors.
pub(crate) fn parse(text: &str, ty: &ValType) -> Result<Val, String> {
    let not = |form: &str| format!("expected {ty} ({form}), found `{text}`");
    match ty {
        ValType::I32 => {
            let bits = parse_integer(text, 32).map_err(|form| not(&form))?;
            Ok(Val::I32(bits as i32))
        }
        ValType::I64 => {
            let bits = parse_integer(text, 64).map_err(|form| not(&form))?;
            Ok(Val::I64(bits as i64))
        }
        ValType::F32 => match parse_f32(text) {
            Some(bits) => Ok(Val::F32(bits)),
            None => Err(not(FLOAT)),
        },
        ValType::F64 => match parse_f64(text) {
            Some(bits) => Ok(Val::F64(bits)),
            None => Err(not(FLOAT)),
        },
        ValType::V128 => Ok(Val::from(lanes::parse(text)?)),
        ValType::Ref(_) if text == "null" => Val::default_for_ty(ty)
            .ok_or_else(|| not("a type without null, of which no value can be given")),
        ValType::Ref(_) => Err(not("only `null` can be given")),
    }
}

/// Parses an integer with the given number of bits. The error describes what is expected.
pub(super) fn parse_integer(text: &str, bits: u32) -> Result<u64, String> {
    let (negative, digits) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    let (radix, digits) = match digits.strip_prefix("0x") {
        Some(digits) => (16, digits),
        None => (10, digits),
    };
    let is_number = !digits.is_empty() && digits.chars().all(|character| character.is_digit(radix));
    if !is_number {
        return Err("a whole number, decimal or `0x` hexadecimal".to_string());
    }
    let largest = if negative {
        1 << (bits - 1)
    } else {
        (1 << bits) - 1
    };
    match u128::from_str_radix(digits, radix) {
        Ok(magnitude) if magnitude <= largest => {
            let value = magnitude as u64;
            Ok(if negative {
                value.wrapping_neg()
            } else {
                value
            })
        }
        _ => Err(format!(
            "from {} to {}",
            -(1_i128 << (bits - 1)),
            (1_i128 << bits) - 1
        )),
    }
}

/// Parses a float to its bits, so that payloads of NaN are kept.
pub(super) fn parse_f32(text: &str) -> Option<u32> {
    match text.parse::<f32>() {
        Ok(value) => Some(value.to_bits()),
        Err(_) => parse_as_text_format::<F32>(text).map(|float| float.bits),
    }
}

pub(super) fn parse_f64(text: &str) -> Option<u64> {
    match text.parse::<f64>() {
        Ok(value) => Some(value.to_bits()),
        Err(_) => parse_as_text_format::<F64>(text).map(|float| float.bits),
    }
}

/// Parses a token of the text format.
fn parse_as_text_format<T: for<'a> Parse<'a>>(text: &str) -> Option<T> {
    // A token has no spaces or comments around it.
    if text.contains(|character: char| !character.is_ascii_graphic() || character == ';') {
        return None;
    }
    let buffer = ParseBuffer::new(text).ok()?;
    parser::parse(&buffer).ok()
}

/// The notation of numbers that `run` prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Notation {
    /// Decimal, with the fewest digits that parse to the same number.
    Decimal,
    /// Hexadecimal, which shows all bits.
    Hexadecimal,
}

impl Notation {
    /// Returns hexadecimal or decimal notation.
    pub(crate) fn of(hexadecimal: bool) -> Notation {
        match hexadecimal {
            true => Notation::Hexadecimal,
            false => Notation::Decimal,
        }
    }
}

/// Formats a value as `run` prints it.
pub(crate) fn print(value: &Val, notation: Notation) -> String {
    let is_hex = notation == Notation::Hexadecimal;
    match value {
        Val::I32(value) if is_hex => format!("{value:#x}"),
        Val::I64(value) if is_hex => format!("{value:#x}"),
        Val::F32(bits) if is_hex => hexadecimal(u64::from(*bits), 8, 23),
        Val::F64(bits) if is_hex => hexadecimal(*bits, 11, 52),
        Val::V128(vector) if is_hex => format!("{:#034x}", vector.as_u128()),
        // The type of the lanes is not known, and hexadecimal suits all of them.
        Val::V128(vector) => Shape::WORDS.format(vector.as_u128()),
        Val::I32(value) => value.to_string(),
        Val::I64(value) => value.to_string(),
        Val::F32(bits) => print_f32(f32::from_bits(*bits)),
        Val::F64(bits) => print_f64(f64::from_bits(*bits)),
        Val::FuncRef(Some(_)) => "ref.func".to_string(),
        Val::ExternRef(Some(_)) => "ref.extern".to_string(),
        Val::FuncRef(None) | Val::ExternRef(None) => "null".to_string(),
        _ => "(a value that cannot be printed)".to_string(),
    }
}

/// Formats a value of a frame, with the number of the object that a reference refers to.
pub(crate) fn print_raw(value: &Value, lanes: Shape) -> String {
    match *value {
        Value::I32(bits) => bits.cast_signed().to_string(),
        Value::I64(bits) => bits.cast_signed().to_string(),
        Value::F32(bits) => print_f32(f32::from_bits(bits)),
        Value::F64(bits) => print_f64(f64::from_bits(bits)),
        Value::V128(bits) => lanes.format(bits),
        Value::Missing => "?".to_string(),
        Value::Ref(_, None) => "null".to_string(),
        Value::Ref(RefKind::Func, Some(index)) => format!("func {index}"),
        Value::Ref(RefKind::Extern, Some(number)) => format!("extern {number}"),
        Value::Ref(RefKind::Any, Some(number)) => format!("object {number}"),
        Value::Ref(RefKind::I31, Some(number)) => format!("i31 {number}"),
        Value::Ref(RefKind::Exn, Some(number)) => format!("exception {number}"),
        Value::Ref(RefKind::Cont, Some(number)) => {
            format!("continuation {} revision {}", number as u32, number >> 32)
        }
    }
}

/// Formats a number with the fewest digits that parse to the same number. An exponent is used
/// only where most digits would be zeros. A NaN has a payload only if that is not the canonical
/// one.
pub(crate) fn print_f64(value: f64) -> String {
    const CANONICAL: u64 = 1 << 51;
    let payload = value.to_bits() & ((1 << 52) - 1);
    let magnitude = value.abs();
    if value.is_nan() && payload != CANONICAL {
        hexadecimal(value.to_bits(), 11, 52)
    } else if value.is_finite() && value != 0.0 && !(1e-5..1e16).contains(&magnitude) {
        format!("{value:e}")
    } else {
        value.to_string()
    }
}

/// Formats a number like [`print_f64`], with the digits that an `f32` needs.
pub(crate) fn print_f32(value: f32) -> String {
    const CANONICAL: u32 = 1 << 22;
    let payload = value.to_bits() & ((1 << 23) - 1);
    let magnitude = value.abs();
    if value.is_nan() && payload != CANONICAL {
        hexadecimal(u64::from(value.to_bits()), 8, 23)
    } else if value.is_finite() && value != 0.0 && !(1e-5..1e16).contains(&magnitude) {
        format!("{value:e}")
    } else {
        value.to_string()
    }
}

/// Formats a float as the text format writes it, in hexadecimal: `-0x1.8p+3`, `inf`,
/// `nan:0x400000`.
fn hexadecimal(bits: u64, exponent_bits: u32, fraction_bits: u32) -> String {
    let sign = match bits >> (exponent_bits + fraction_bits) & 1 {
        0 => "",
        _ => "-",
    };
    let largest = (1 << exponent_bits) - 1;
    let bias: i64 = largest >> 1;
    let exponent = (bits >> fraction_bits) as i64 & largest;
    let fraction = bits & ((1 << fraction_bits) - 1);
    let (leading, exponent) = match (exponent, fraction) {
        (0, 0) => return format!("{sign}0x0p+0"),
        (0, _) => (0, 1 - bias),
        (exponent, 0) if exponent == largest => return format!("{sign}inf"),
        (exponent, _) if exponent == largest => return format!("{sign}nan:{fraction:#x}"),
        (exponent, _) => (1, exponent - bias),
    };
    // Aligned so that the fraction has whole digits.
    let digits = fraction_bits.div_ceil(4);
    let aligned = fraction << (4 * digits - fraction_bits);
    let text = format!("{aligned:0width$x}", width = digits as usize);
    match text.trim_end_matches('0') {
        "" => format!("{sign}0x{leading}p{exponent:+}"),
        text => format!("{sign}0x{leading}.{text}p{exponent:+}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn integer(text: &str, bits: u32) -> Option<u64> {
        parse_integer(text, bits).ok()
    }

    #[test]
    fn integers_in_both_ranges() {
        assert_eq!(integer("-1", 64), Some(u64::MAX));
        assert_eq!(integer("18446744073709551615", 64), Some(u64::MAX));
        assert_eq!(integer("18446744073709551616", 64), None);
        assert_eq!(
            integer("-9223372036854775808", 64),
            Some(i64::MIN.cast_unsigned())
        );
        assert_eq!(integer("-9223372036854775809", 64), None);
        assert_eq!(
            integer("-0x80000000", 32).map(|bits| bits as i32),
            Some(i32::MIN)
        );
        assert_eq!(integer("0xffffffff", 32).map(|bits| bits as i32), Some(-1));
        assert_eq!(integer("4294967296", 32), None);
        assert_eq!(integer("+7", 32), Some(7));
    }

    #[test]
    fn what_is_no_integer() {
        for text in ["", "-", "0x", "1.5", "--1", "0x-1", "1_000", "é"] {
            assert_eq!(integer(text, 32), None, "{text}");
        }
    }

    #[test]
    fn floats_round_trip() {
        for (value, text) in [
            (0.1, "0.1"),
            (4.0, "4"),
            (-0.0, "-0"),
            (1e300, "1e300"),
            (5e-324, "5e-324"),
            (f64::INFINITY, "inf"),
            (f64::NAN, "NaN"),
        ] {
            assert_eq!(print_f64(value), text);
        }
        assert_eq!(print_f32(0.1), "0.1");
        assert_eq!(print_f32(f32::MAX), "3.4028235e38");
    }

    #[test]
    fn floats_in_hexadecimal_and_with_payloads() {
        for (text, bits, printed) in [
            ("0x1.8p3", 12_f64.to_bits(), "0x1.8p+3"),
            ("-0x1p-1074", (1 << 63) | 1, "-0x0.0000000000001p-1022"),
            ("0x10", 16_f64.to_bits(), "0x1p+4"),
            ("1e300", 1e300_f64.to_bits(), "0x1.7e43c8800759cp+996"),
            ("-0", 1 << 63, "-0x0p+0"),
            ("-inf", f64::NEG_INFINITY.to_bits(), "-inf"),
            ("nan", 0x7ff8 << 48, "nan:0x8000000000000"),
            ("nan:0x1", (0x7ff0 << 48) | 1, "nan:0x1"),
            (
                "-nan:0x8000000000001",
                (0xfff8 << 48) | 1,
                "-nan:0x8000000000001",
            ),
        ] {
            assert_eq!(parse_f64(text), Some(bits), "{text}");
            let value = Val::F64(bits);
            assert_eq!(print(&value, Notation::Hexadecimal), printed);
            assert_eq!(parse_f64(printed), Some(bits), "{printed}");
        }
        for (text, bits, printed) in [
            ("0x1.8p3", 12_f32.to_bits(), "0x1.8p+3"),
            ("0x1.fffffep127", f32::MAX.to_bits(), "0x1.fffffep+127"),
            ("0x1p-149", 1, "0x0.000002p-126"),
            ("nan:0x200000", 0x7fa0_0000, "nan:0x200000"),
        ] {
            assert_eq!(parse_f32(text), Some(bits), "{text}");
            let value = Val::F32(bits);
            assert_eq!(print(&value, Notation::Hexadecimal), printed);
            assert_eq!(parse_f32(printed), Some(bits), "{printed}");
        }
        assert_eq!(
            print(&Val::F64((0x7ff0 << 48) | 1), Notation::Decimal),
            "nan:0x1"
        );
        assert_eq!(print(&Val::F32(0x7fc0_0000), Notation::Decimal), "NaN");
        assert_eq!(print(&Val::I32(-1), Notation::Hexadecimal), "0xffffffff");
        let vector = parse("i8x16:-1,0,0,0,0,0,0,0,0,0,0,0,0,0,0,2", &ValType::V128).unwrap();
        for (notation, printed) in [
            (
                Notation::Decimal,
                "i32x4:0x000000ff,0x00000000,0x00000000,0x02000000",
            ),
            (Notation::Hexadecimal, "0x020000000000000000000000000000ff"),
        ] {
            assert_eq!(print(&vector, notation), printed);
            let parsed = parse(printed, &ValType::V128).unwrap();
            assert_eq!(parsed.v128(), vector.v128());
        }
        for text in [
            "",
            "half",
            "0x",
            "nan:0x0",
            "nan:0x10000000000000",
            "1 2",
            "1;;",
            "(;;)1",
        ] {
            assert_eq!(parse_f64(text), None, "{text}");
        }
    }
}
