//! Numbers in options: counts, sizes and times.

use std::time::Duration;

/// The units of sizes, in bytes, by their names in lower case.
const UNITS: &[(&str, u64)] = &[
    ("", 1),
    ("b", 1),
    ("k", 1 << 10),
    ("ki", 1 << 10),
    ("kib", 1 << 10),
    ("kb", 1_000),
    ("m", 1 << 20),
    ("mi", 1 << 20),
    ("mib", 1 << 20),
    ("mb", 1_000_000),
    ("g", 1 << 30),
    ("gi", 1 << 30),
    ("gib", 1 << 30),
    ("gb", 1_000_000_000),
    ("t", 1 << 40),
    ("ti", 1 << 40),
    ("tib", 1 << 40),
    ("tb", 1_000_000_000_000),
];

/// The units of times, in nanoseconds.
const TIME_UNITS: &[(&str, u64)] = &[
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
];

/// Parses a count: decimal, with underscores or an exponent (`1_000_000`, `1e6`), or `0x`
/// hexadecimal.
pub(crate) fn count<T: TryFrom<u64>>(text: &str) -> Result<T, String> {
    let forms = "such as `1000000`, `1_000_000`, `1e6` or `0xf4240`";
    let number = number(text)
        .and_then(|number| number.times(1))
        .ok_or_else(|| format!("`{text}` is not a count, {forms}"))?;
    fitting(text, number)
}

/// Parses a size in bytes: a count, or a number with a unit (`64K`, `16MiB`, `1.5GB`).
///
/// `K` and `KiB` are 1024 bytes, and `KB` is 1000 bytes; likewise for `M`, `G` and `T`.
pub(crate) fn size<T: TryFrom<u64>>(text: &str) -> Result<T, String> {
    let forms = "a number of bytes, or of a unit, such as `65536`, `64K` or `16MiB`";
    let malformed = || format!("`{text}` is not a size: it is {forms}");
    let digits = text.trim_end_matches(|character: char| character.is_ascii_alphabetic());
    // In hexadecimal, letters are digits.
    let digits = if text.starts_with("0x") { text } else { digits };
    let unit = text[digits.len()..].to_ascii_lowercase();
    let unit = UNITS.iter().find(|(name, _)| *name == unit);
    let &(_, unit) = unit.ok_or_else(malformed)?;
    let number = number(digits.trim_end()).and_then(|number| number.times(unit));
    fitting(text, number.ok_or_else(malformed)?)
}

/// Returns whether a text is meant as a time rather than a count: it ends with the letter of seconds.
pub(crate) fn is_duration(text: &str) -> bool {
    text.ends_with('s')
}

/// Parses a time: a number with a unit (`1ms`, `1.5s`), of `ns`, `us`, `µs`, `ms` and `s`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let malformed = || {
        format!(
            "`{text}` is not a time: it is a number with a unit, such as `500us`, `1ms` or `2s`"
        )
    };
    let digits = text.trim_end_matches(|character: char| character.is_alphabetic());
    let unit = &text[digits.len()..];
    let unit = TIME_UNITS.iter().find(|(name, _)| *name == unit);
    let &(_, unit) = unit.ok_or_else(malformed)?;
    let number = number(digits.trim_end()).and_then(|number| number.times(unit));
    fitting(text, number.ok_or_else(malformed)?).map(Duration::from_nanos)
}

fn fitting<T: TryFrom<u64>>(text: &str, number: u128) -> Result<T, String> {
    let number = u64::try_from(number).ok();
    number
        .and_then(|number| T::try_from(number).ok())
        .ok_or_else(|| format!("`{text}` is too large"))
}

/// A decimal number.
struct Decimal {
    digits: u128,
    /// Power of ten by which the digits are multiplied.
    exponent: i32,
}

impl Decimal {
    /// Returns the product of the number and a factor, if that is a whole number. A product of
    /// more than 128 bits is `u128::MAX`.
    fn times(self, factor: u64) -> Option<u128> {
        let product = self.digits.saturating_mul(factor.into());
        let power = 10_u128.checked_pow(self.exponent.unsigned_abs());
        match (self.exponent, power) {
            (_, _) if product == 0 => Some(0),
            (0.., power) => Some(product.saturating_mul(power.unwrap_or(u128::MAX))),
            (_, Some(power)) if product.is_multiple_of(power) => Some(product / power),
            _ => None,
        }
    }
}

fn number(text: &str) -> Option<Decimal> {
    if let Some(digits) = text.strip_prefix("0x") {
        let digits = without_underscores(digits)?;
        let is_number = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        return is_number.then(|| Decimal {
            digits: u128::from_str_radix(&digits, 16).unwrap_or(u128::MAX),
            exponent: 0,
        });
    }
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i16>().ok()?.into()),
        None => (text, 0),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (without_underscores(whole)?, without_underscores(fraction)?),
        None => (without_underscores(mantissa)?, String::new()),
    };
    let digits = whole + &fraction;
    let is_number = digits.bytes().all(|digit| digit.is_ascii_digit());
    is_number.then(|| Decimal {
        digits: digits.parse().unwrap_or(u128::MAX),
        exponent: exponent - i32::try_from(fraction.len()).unwrap_or(i32::MAX / 2),
    })
}

/// Returns digits without underscores, which must be between digits.
fn without_underscores(digits: &str) -> Option<String> {
    let is_well_formed = digits.split('_').all(|part| !part.is_empty());
    is_well_formed.then(|| digits.replace('_', ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts() {
        for (text, expected) in [
            ("0", 0),
            ("1000000", 1_000_000),
            ("1_000_000", 1_000_000),
            ("1e6", 1_000_000),
            ("1E6", 1_000_000),
            ("2.5e6", 2_500_000),
            ("1.50e1", 15),
            ("100e-2", 1),
            ("0e999", 0),
            ("0xf_f", 255),
            ("18446744073709551615", u64::MAX),
        ] {
            assert_eq!(count(text), Ok(expected), "{text}");
        }
        for text in [
            "", "-1", "+1", "1.5", "1e", "e6", "1e-1", "1_", "_1", "1__0", "0x", "0xg", "1K", "1 ",
            ".5", "1.", "1e99999", "much", "é",
        ] {
            let error = count::<u64>(text).unwrap_err();
            assert!(error.contains("is not a count"), "{error}");
        }
        for text in [
            "18446744073709551616",
            "1e20",
            "1e999",
            "0x1_0000_0000_0000_0000",
        ] {
            assert_eq!(count::<u64>(text), Err(format!("`{text}` is too large")));
        }
        assert_eq!(count::<u8>("256"), Err("`256` is too large".to_string()));
    }

    #[test]
    fn sizes() {
        for (text, expected) in [
            ("65536", 65_536),
            ("64K", 65_536),
            ("64k", 65_536),
            ("64 KiB", 65_536),
            ("64KB", 64_000),
            ("16MiB", 16 << 20),
            ("1.5K", 1536),
            ("1_000KB", 1_000_000),
            ("2G", 2 << 30),
            ("1e3", 1000),
            ("1T", 1_u64 << 40),
            ("0x10", 16),
            ("7B", 7),
        ] {
            assert_eq!(size(text), Ok(expected), "{text}");
        }
        for text in [
            "", "K", "1X", "1.5", "0.3K", "-1K", "1K1", "0x1K", "1KiBi", "64 KiB B",
        ] {
            let error = size::<u64>(text).unwrap_err();
            assert!(error.contains("is not a size"), "{error}");
        }
        assert_eq!(
            size::<u64>("99999999999T"),
            Err("`99999999999T` is too large".into())
        );
    }

    #[test]
    fn durations() {
        for (text, nanoseconds) in [
            ("1ns", 1),
            ("500us", 500_000),
            ("2 µs", 2_000),
            ("1ms", 1_000_000),
            ("1.5s", 1_500_000_000),
            ("1e3ms", 1_000_000_000),
            ("0s", 0),
        ] {
            assert!(is_duration(text), "{text}");
            assert_eq!(
                duration(text),
                Ok(Duration::from_nanos(nanoseconds)),
                "{text}"
            );
        }
        for text in ["s", "1", "1m", "1.5ns", "-1s", "1 s s", "hours", "1MS"] {
            let error = duration(text).unwrap_err();
            assert!(error.contains("is not a time"), "{error}");
        }
        assert_eq!(duration("1e12s"), Err("`1e12s` is too large".to_string()));
    }
}
