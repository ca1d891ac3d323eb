//! Values in scripts: the arguments of calls, and the patterns of results.

use super::Host;
use super::vector::{self, Lanes};
use backstitch::{AnyRef, ExternRef, Store, Val, ValType};
use std::fmt;
use wast::core::{NanPattern, V128Pattern, WastArgCore, WastRetCore};
use wast::token::{F32, F64};
use wast::{WastArg, WastRet};

/// Converts an argument to a value for a parameter of type `ty`.
pub(super) fn argument(
    store: &mut Store<Host>,
    argument: &WastArg<'_>,
    ty: &ValType,
) -> Result<Val, String> {
    let WastArg::Core(argument) = argument else {
        return Err("arguments of components are not supported".to_string());
    };
    match argument {
        WastArgCore::I32(value) => Ok(Val::I32(*value)),
        WastArgCore::I64(value) => Ok(Val::I64(*value)),
        WastArgCore::F32(value) => Ok(Val::F32(value.bits)),
        WastArgCore::F64(value) => Ok(Val::F64(value.bits)),
        // The parameter's type is as good as the one in the script, because both have the same
        // null.
        WastArgCore::RefNull(_) => {
            Val::default_for_ty(ty).ok_or_else(|| format!("a parameter of type {ty} has no null"))
        }
        WastArgCore::RefExtern(number) => ExternRef::new(store, *number)
            .map(|reference| Val::ExternRef(Some(reference)))
            .map_err(|error| format!("cannot make a `ref.extern`: {error:#}")),
        WastArgCore::RefHost(number) => ExternRef::new(&mut *store, *number)
            .and_then(|reference| AnyRef::convert_extern(store, reference))
            .map(|reference| Val::AnyRef(Some(reference)))
            .map_err(|error| format!("cannot make a `ref.host`: {error:#}")),
        WastArgCore::V128(constant) => Ok(vector::value(constant)),
    }
}

/// Compares a call's results with those that a script expects.
pub(super) fn compare(
    store: &Store<Host>,
    results: &[Val],
    expected: &[WastRet<'_>],
) -> Result<(), String> {
    if results.len() != expected.len() {
        return Err(format!(
            "expected {} results, found {}",
            expected.len(),
            results.len()
        ));
    }
    for (index, (result, expected)) in results.iter().zip(expected).enumerate() {
        let WastRet::Core(expected) = expected else {
            return Err("results of components are not supported".to_string());
        };
        if !matches(store, result, expected)? {
            let which = match results.len() {
                1 => String::new(),
                _ => format!("result {}: ", index + 1),
            };
            return Err(format!(
                "{which}expected {}, found {}",
                Pattern(expected),
                Value(store, result, shape(expected))
            ));
        }
    }
    Ok(())
}

/// Returns whether a value matches a pattern; an error if the pattern is not supported.
fn matches(store: &Store<Host>, value: &Val, pattern: &WastRetCore<'_>) -> Result<bool, String> {
    Ok(match (pattern, value) {
        (WastRetCore::I32(expected), Val::I32(found)) => expected == found,
        (WastRetCore::I64(expected), Val::I64(found)) => expected == found,
        (WastRetCore::F32(expected), Val::F32(found)) => matches_f32(expected, *found),
        (WastRetCore::F64(expected), Val::F64(found)) => matches_f64(expected, *found),
        (WastRetCore::V128(expected), Val::V128(found)) => {
            vector::matches(expected, found.as_u128())
        }
        // The type is not compared: it follows from the function's type.
        (WastRetCore::RefNull(_), value) => is_null(value),
        (WastRetCore::RefExtern(None), Val::ExternRef(Some(_))) => true,
        (WastRetCore::RefExtern(Some(expected)), Val::ExternRef(Some(_))) => {
            extern_number(store, value) == Some(*expected)
        }
        // A script cannot identify the function, because it has no access to the store's indices.
        (WastRetCore::RefFunc(_), Val::FuncRef(Some(_))) => true,
        (WastRetCore::Either(patterns), value) => {
            for pattern in patterns {
                if matches(store, value, pattern)? {
                    return Ok(true);
                }
            }
            false
        }
        (WastRetCore::RefAny, Val::AnyRef(Some(_))) => true,
        (WastRetCore::RefEq, Val::AnyRef(Some(found))) => describe(found.is_eqref(store))?,
        (WastRetCore::RefArray, Val::AnyRef(Some(found))) => describe(found.is_array(store))?,
        (WastRetCore::RefStruct, Val::AnyRef(Some(found))) => describe(found.is_struct(store))?,
        (WastRetCore::RefI31, Val::AnyRef(Some(found))) => describe(found.is_i31(store))?,
        (WastRetCore::RefHost(expected), Val::AnyRef(Some(_))) => {
            host_number(store, value) == Some(*expected)
        }
        (WastRetCore::RefI31Shared, _) => {
            return Err(format!(
                "`{}` needs the shared-everything-threads proposal",
                Pattern(pattern)
            ));
        }
        _ => false,
    })
}

/// Converts the error of a use of a reference to a message.
fn describe<T>(result: backstitch::Result<T>) -> Result<T, String> {
    result.map_err(|error| format!("{error:#}"))
}

/// Returns whether the bits of a 32-bit float match a pattern.
pub(super) fn matches_f32(pattern: &NanPattern<F32>, found: u32) -> bool {
    match pattern {
        NanPattern::CanonicalNan => is_canonical_f32(found),
        NanPattern::ArithmeticNan => is_arithmetic_f32(found),
        NanPattern::Value(expected) => expected.bits == found,
    }
}

/// Returns whether the bits of a 64-bit float match a pattern.
pub(super) fn matches_f64(pattern: &NanPattern<F64>, found: u64) -> bool {
    match pattern {
        NanPattern::CanonicalNan => is_canonical_f64(found),
        NanPattern::ArithmeticNan => is_arithmetic_f64(found),
        NanPattern::Value(expected) => expected.bits == found,
    }
}

/// Returns whether the payload is exactly the quiet bit, with either sign.
fn is_canonical_f32(bits: u32) -> bool {
    bits & 0x7fff_ffff == 0x7fc0_0000
}

/// Returns whether the payload includes the quiet bit, with either sign.
fn is_arithmetic_f32(bits: u32) -> bool {
    bits & 0x7fc0_0000 == 0x7fc0_0000
}

fn is_canonical_f64(bits: u64) -> bool {
    bits & 0x7fff_ffff_ffff_ffff == 0x7ff8_0000_0000_0000
}

fn is_arithmetic_f64(bits: u64) -> bool {
    bits & 0x7ff8_0000_0000_0000 == 0x7ff8_0000_0000_0000
}

fn is_null(value: &Val) -> bool {
    (*value).ref_().is_some_and(|reference| reference.is_null())
}

/// Returns the number that a script gave a `ref.extern`.
fn extern_number(store: &Store<Host>, value: &Val) -> Option<u32> {
    let Val::ExternRef(Some(reference)) = value else {
        return None;
    };
    let data = reference.data(store).ok()??;
    data.downcast_ref::<u32>().copied()
}

/// Returns the number that a script gave a `ref.host`.
fn host_number(store: &Store<Host>, value: &Val) -> Option<u32> {
    let Val::AnyRef(Some(reference)) = value else {
        return None;
    };
    let data = reference.host_data(store).ok()??;
    data.downcast_ref::<u32>().copied()
}

/// Returns the pattern that decides the shape of a vector in a message.
fn shape<'a>(pattern: &'a WastRetCore<'_>) -> Option<&'a V128Pattern> {
    match pattern {
        WastRetCore::V128(pattern) => Some(pattern),
        WastRetCore::Either(patterns) => patterns.iter().find_map(shape),
        _ => None,
    }
}

/// Formats a value in the syntax of scripts; floats are followed by their bits. A vector has the
/// shape of the pattern.
struct Value<'a>(&'a Store<Host>, &'a Val, Option<&'a V128Pattern>);

impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.1 {
            Val::I32(value) => write!(f, "i32.const {value}"),
            Val::I64(value) => write!(f, "i64.const {value}"),
            Val::F32(bits) => write!(f, "f32.const {} ({bits:#010x})", f32::from_bits(*bits)),
            Val::F64(bits) => write!(f, "f64.const {} ({bits:#018x})", f64::from_bits(*bits)),
            Val::V128(vector) => Lanes(vector.as_u128(), self.2).fmt(f),
            value if is_null(value) => write!(f, "ref.null"),
            Val::FuncRef(_) => write!(f, "ref.func"),
            Val::ExternRef(_) => match extern_number(self.0, self.1) {
                Some(number) => write!(f, "ref.extern {number}"),
                None => write!(f, "ref.extern"),
            },
            other => write!(f, "{other:?}"),
        }
    }
}

/// Formats a pattern in the syntax of scripts; floats are followed by their bits.
struct Pattern<'a>(&'a WastRetCore<'a>);

impl fmt::Display for Pattern<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            WastRetCore::I32(value) => write!(f, "i32.const {value}"),
            WastRetCore::I64(value) => write!(f, "i64.const {value}"),
            WastRetCore::F32(NanPattern::Value(value)) => {
                let bits = value.bits;
                write!(f, "f32.const {} ({bits:#010x})", f32::from_bits(bits))
            }
            WastRetCore::F32(NanPattern::CanonicalNan) => write!(f, "f32.const nan:canonical"),
            WastRetCore::F32(NanPattern::ArithmeticNan) => write!(f, "f32.const nan:arithmetic"),
            WastRetCore::F64(NanPattern::Value(value)) => {
                let bits = value.bits;
                write!(f, "f64.const {} ({bits:#018x})", f64::from_bits(bits))
            }
            WastRetCore::F64(NanPattern::CanonicalNan) => write!(f, "f64.const nan:canonical"),
            WastRetCore::F64(NanPattern::ArithmeticNan) => write!(f, "f64.const nan:arithmetic"),
            WastRetCore::V128(pattern) => vector::Pattern(pattern).fmt(f),
            WastRetCore::RefNull(_) => write!(f, "ref.null"),
            WastRetCore::RefExtern(Some(number)) => write!(f, "ref.extern {number}"),
            WastRetCore::RefExtern(None) => write!(f, "ref.extern"),
            WastRetCore::RefHost(number) => write!(f, "ref.host {number}"),
            WastRetCore::RefFunc(_) => write!(f, "ref.func"),
            WastRetCore::RefAny => write!(f, "ref.any"),
            WastRetCore::RefEq => write!(f, "ref.eq"),
            WastRetCore::RefArray => write!(f, "ref.array"),
            WastRetCore::RefStruct => write!(f, "ref.struct"),
            WastRetCore::RefI31 => write!(f, "ref.i31"),
            WastRetCore::RefI31Shared => write!(f, "ref.i31_shared"),
            WastRetCore::Either(patterns) => {
                write!(f, "either")?;
                for pattern in patterns {
                    write!(f, " ({})", Pattern(pattern))?;
                }
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_of_nan() {
        for sign in [0, 0x8000_0000] {
            assert!(is_canonical_f32(sign | 0x7fc0_0000));
            assert!(!is_canonical_f32(sign | 0x7fc0_0001));
            assert!(is_arithmetic_f32(sign | 0x7fc0_0001));
            assert!(!is_arithmetic_f32(sign | 0x7fa0_0000));
            assert!(!is_arithmetic_f32(sign | 0x7f80_0000));
        }
        assert!(is_canonical_f64(f64::NAN.to_bits()));
        assert!(!is_arithmetic_f64(f64::INFINITY.to_bits()));
    }
}
