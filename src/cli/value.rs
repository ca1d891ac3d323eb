//! Values on the command line: parsing and formatting.

use backstitch::{Val, ValType};

/// Parses an argument of the given type.
///
/// Integers are decimal or `0x` hexadecimal, with or without a sign, in the signed or the
/// unsigned range of their type. Floats have Rust's syntax (`1.5`, `-2e10`, `inf`, `nan`). The
/// only reference is `null`, if the type is nullable.
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
        ValType::F32 => match text.parse::<f32>() {
            Ok(value) => Ok(Val::F32(value.to_bits())),
            Err(_) => Err(not("a decimal number, `inf` or `nan`")),
        },
        ValType::F64 => match text.parse::<f64>() {
            Ok(value) => Ok(Val::F64(value.to_bits())),
            Err(_) => Err(not("a decimal number, `inf` or `nan`")),
        },
        ValType::Ref(_) if text == "null" => {
            Val::default_for_ty(ty).ok_or_else(|| not("which has no null and cannot be typed in"))
        }
        ValType::Ref(_) => Err(not("of which only `null` can be typed in")),
        _ => Err(format!(
            "a value of type {ty} cannot be given on the command line"
        )),
    }
}

/// Parses an integer with the given number of bits. The error describes what is expected.
fn parse_integer(text: &str, bits: u32) -> Result<u64, String> {
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

/// Formats a value as `run` prints it.
pub(crate) fn print(value: &Val) -> String {
    match value {
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

/// Formats a number with the fewest digits that parse to the same number. An exponent is used
/// only where most digits would be zeros.
pub(crate) fn print_f64(value: f64) -> String {
    let magnitude = value.abs();
    if value.is_finite() && value != 0.0 && !(1e-5..1e16).contains(&magnitude) {
        format!("{value:e}")
    } else {
        value.to_string()
    }
}

/// Formats a number like [`print_f64`], with the digits that an `f32` needs.
pub(crate) fn print_f32(value: f32) -> String {
    let magnitude = value.abs();
    if value.is_finite() && value != 0.0 && !(1e-5..1e16).contains(&magnitude) {
        format!("{value:e}")
    } else {
        value.to_string()
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
}
