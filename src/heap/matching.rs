//! Whether what is given for an import is of the type that the import asks for.

use crate::module::{
    ExternType, FuncType, GlobalType, HeapType, Import, MemoryType, RefType, TableType,
    TypeRegistry, ValType,
};
use crate::support::error::Error;
use alloc::format;
use alloc::string::String;
use core::fmt::{self, Display, Write};

/// Refuses `actual` for `import` if it is not of a matching type. For memories and tables
/// the minimum of `actual` is their present size.
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
    let expected = describe_type(types, &import.ty);
    let actual = describe_type(types, actual);
    Error::msg(format!(
        "types incompatible: expected `{expected}`, found `{actual}`"
    ))
    .context(format!(
        "incompatible import type for `{}::{}`",
        import.module, import.name
    ))
}

/// Specification, "Matching", for external types.
fn matches(types: &TypeRegistry, expected: &ExternType, actual: &ExternType) -> bool {
    match (expected, actual) {
        (ExternType::Func(expected), ExternType::Func(actual)) => {
            expected == actual
                || types.heap_is_subtype(HeapType::Concrete(*actual), HeapType::Concrete(*expected))
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

/// A type in the words of the text format, for messages.
pub fn describe_type(types: &TypeRegistry, ty: &ExternType) -> String {
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = match ty {
        ExternType::Func(id) => write!(text, "{}", Func(&types.get(*id))),
        ExternType::Table(ty) => write!(text, "{}", Table(ty)),
        ExternType::Memory(ty) => write!(text, "{}", Memory(ty)),
        ExternType::Global(ty) => write!(text, "{}", Global(ty)),
        ExternType::Tag(id) => write!(text, "(tag {})", Func(&types.get(*id))),
    };
    text
}

struct Func<'a>(&'a FuncType);

impl Display for Func<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(func")?;
        for (name, list) in [("param", &self.0.params), ("result", &self.0.results)] {
            if !list.is_empty() {
                write!(f, " ({name}")?;
                for &ty in list {
                    write!(f, " {}", Value(ty))?;
                }
                f.write_str(")")?;
            }
        }
        f.write_str(")")
    }
}

struct Value(ValType);

impl Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            ValType::I32 => f.write_str("i32"),
            ValType::I64 => f.write_str("i64"),
            ValType::F32 => f.write_str("f32"),
            ValType::F64 => f.write_str("f64"),
            ValType::V128 => f.write_str("v128"),
            ValType::Ref(RefType::FUNCREF) => f.write_str("funcref"),
            ValType::Ref(RefType::EXTERNREF) => f.write_str("externref"),
            ValType::Ref(RefType { nullable, heap }) => {
                f.write_str(if nullable { "(ref null " } else { "(ref " })?;
                match heap {
                    HeapType::Func => f.write_str("func")?,
                    HeapType::NoFunc => f.write_str("nofunc")?,
                    HeapType::Extern => f.write_str("extern")?,
                    HeapType::NoExtern => f.write_str("noextern")?,
                    // Written out, types within types could grow without bound.
                    HeapType::Concrete(id) => write!(f, "(func #{})", id.0)?,
                }
                f.write_str(")")
            }
        }
    }
}

struct Limits {
    wide: bool,
    minimum: u64,
    maximum: Option<u64>,
}

impl Display for Limits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.wide {
            f.write_str("i64 ")?;
        }
        write!(f, "{}", self.minimum)?;
        self.maximum
            .map_or(Ok(()), |maximum| write!(f, " {maximum}"))
    }
}

struct Table<'a>(&'a TableType);

impl Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let TableType {
            element,
            minimum,
            maximum,
            table64: wide,
        } = *self.0;
        write!(
            f,
            "(table {} {})",
            Limits {
                wide,
                minimum,
                maximum
            },
            Value(ValType::Ref(element))
        )
    }
}

struct Memory<'a>(&'a MemoryType);

impl Display for Memory<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let MemoryType {
            minimum,
            maximum,
            memory64: wide,
            ..
        } = *self.0;
        write!(
            f,
            "(memory {}",
            Limits {
                wide,
                minimum,
                maximum
            }
        )?;
        if self.0.shared {
            f.write_str(" shared")?;
        }
        if self.0.page_size_log2 != 16 {
            write!(f, " (pagesize {})", 1_u64 << self.0.page_size_log2.min(63))?;
        }
        f.write_str(")")
    }
}

struct Global<'a>(&'a GlobalType);

impl Display for Global<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = Value(self.0.value);
        if self.0.mutable {
            write!(f, "(global (mut {value}))")
        } else {
            write!(f, "(global {value})")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::boxed::Box;
    use alloc::string::ToString;

    #[test]
    fn limits_match_from_within() {
        assert!(within(1, None, 1, None) && within(2, Some(3), 1, Some(3)));
        assert!(within(2, Some(3), 1, None));
        assert!(!within(0, None, 1, None));
        assert!(!within(1, None, 1, Some(3)) && !within(1, Some(4), 1, Some(3)));
    }

    #[test]
    fn types_are_described_as_text() {
        let memory = MemoryType {
            minimum: 1,
            maximum: Some(2),
            memory64: true,
            shared: false,
            page_size_log2: 0,
        };
        assert_eq!(Memory(&memory).to_string(), "(memory i64 1 2 (pagesize 1))");
        let table = TableType {
            element: RefType::FUNCREF,
            minimum: 3,
            maximum: None,
            table64: false,
        };
        assert_eq!(Table(&table).to_string(), "(table 3 funcref)");
        let global = GlobalType {
            value: ValType::I64,
            mutable: true,
        };
        assert_eq!(Global(&global).to_string(), "(global (mut i64))");
        let func = FuncType {
            params: Box::new([ValType::I32, ValType::F64]),
            results: Box::new([ValType::Ref(RefType {
                nullable: false,
                heap: HeapType::Extern,
            })]),
        };
        assert_eq!(
            Func(&func).to_string(),
            "(func (param i32 f64) (result (ref extern)))"
        );
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
