//! Matching of items with the types of imports.

use crate::module::{ExternType, Import, TypeRegistry, ValType, describe_extern};
use crate::support::error::Error;
use alloc::format;

/// Checks that the type `actual` of an item matches the type of an import. The minimum of a
/// memory or table in `actual` is its present size.
///
/// # Errors
///
/// An error that describes both types.
pub fn check_import(
    types: &TypeRegistry,
    import: &Import,
    actual: &ExternType,
) -> Result<(), Error> {
    if matches(types, &import.ty, actual) {
        Ok(())
    } else {
        Err(mismatch(types, import, actual))
    }
}

#[cold]
fn mismatch(types: &TypeRegistry, import: &Import, actual: &ExternType) -> Error {
    let expected = describe_extern(types, &import.ty);
    let actual = describe_extern(types, actual);
    Error::msg(format!(
        "types incompatible: expected `{expected}`, found `{actual}`"
    ))
    .context(format!(
        "incompatible import type for `{}::{}`",
        import.module, import.name
    ))
}

/// Returns whether an external type matches another one (specification, "Matching").
fn matches(types: &TypeRegistry, expected: &ExternType, actual: &ExternType) -> bool {
    match (expected, actual) {
        (ExternType::Func(expected), ExternType::Func(actual)) => {
            types.is_declared_subtype(*actual, *expected)
        }
        (ExternType::Table(expected), ExternType::Table(actual)) => {
            let (a, b) = (ValType::Ref(expected.element), ValType::Ref(actual.element));
            expected.table64 == actual.table64
                && (a == b || types.is_subtype(a, b) && types.is_subtype(b, a))
                && within(
                    actual.minimum,
                    actual.maximum,
                    expected.minimum,
                    expected.maximum,
                )
        }
        (ExternType::Memory(expected), ExternType::Memory(actual)) => {
            expected.memory64 == actual.memory64
                && expected.shared == actual.shared
                && expected.page_size_log2 == actual.page_size_log2
                && within(
                    actual.minimum,
                    actual.maximum,
                    expected.minimum,
                    expected.maximum,
                )
        }
        (ExternType::Global(expected), ExternType::Global(actual)) => {
            let (a, b) = (expected.value, actual.value);
            expected.mutable == actual.mutable
                && (a == b
                    || types.is_subtype(b, a) && (!expected.mutable || types.is_subtype(a, b)))
        }
        (ExternType::Tag(expected), ExternType::Tag(actual)) => expected == actual,
        _ => false,
    }
}

fn within(minimum: u64, maximum: Option<u64>, at_least: u64, at_most: Option<u64>) -> bool {
    minimum >= at_least
        && at_most.is_none_or(|at_most| maximum.is_some_and(|maximum| maximum <= at_most))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::module::{GlobalType, HeapType, RefType};

    #[test]
    fn limits_match_from_within() {
        assert!(within(1, None, 1, None) && within(2, Some(3), 1, Some(3)));
        assert!(within(2, Some(3), 1, None));
        assert!(!within(0, None, 1, None));
        assert!(!within(1, None, 1, Some(3)) && !within(1, Some(4), 1, Some(3)));
    }

    #[test]
    fn matching_is_subtyping_for_immutable_globals_alone() {
        let types = TypeRegistry::default();
        let global = |heap, mutable| {
            let value = ValType::Ref(RefType {
                nullable: true,
                heap,
            });
            ExternType::Global(GlobalType { value, mutable })
        };
        let expected = global(HeapType::Func, false);
        assert!(matches(&types, &expected, &global(HeapType::NoFunc, false)));
        assert!(!matches(
            &types,
            &global(HeapType::NoFunc, false),
            &expected
        ));
        let expected = global(HeapType::Func, true);
        assert!(!matches(&types, &expected, &global(HeapType::NoFunc, true)));
        assert!(!matches(&types, &expected, &global(HeapType::Func, false)));
        assert!(matches(&types, &expected, &global(HeapType::Func, true)));
    }
}
