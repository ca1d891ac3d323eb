//! Types in the notation of messages.

use backstitch::{ExternType, FuncType};
use std::fmt::Display;

/// Formats a function's type: `(i32, i64) -> f32`, `() -> (i32, i32)`, `()`.
pub(crate) fn of_function(ty: &FuncType) -> String {
    let parameters = format!("({})", join(ty.params()));
    match ty.results().len() {
        0 => parameters,
        1 => format!("{parameters} -> {}", join(ty.results())),
        _ => format!("{parameters} -> ({})", join(ty.results())),
    }
}

/// Formats the type of an import or export.
pub(crate) fn of_extern(ty: &ExternType) -> String {
    match ty {
        ExternType::Func(ty) => format!("function {}", of_function(ty)),
        ExternType::Global(ty) => format!(
            "{} {}",
            if ty.mutability().is_var() {
                "mutable global"
            } else {
                "global"
            },
            ty.content()
        ),
        ExternType::Table(ty) => format!(
            "table {} {}",
            limits(ty.minimum(), ty.maximum()),
            ty.element()
        ),
        ExternType::Memory(ty) => {
            format!("memory {}", limits(ty.minimum(), ty.maximum()))
        }
        _ => "tag".to_string(),
    }
}

/// Returns the kind of an export, with its article.
pub(crate) fn kind(ty: &ExternType) -> &'static str {
    match ty {
        ExternType::Func(_) => "a function",
        ExternType::Global(_) => "a global",
        ExternType::Table(_) => "a table",
        ExternType::Memory(_) => "a memory",
        _ => "a tag",
    }
}

fn limits(minimum: u64, maximum: Option<u64>) -> String {
    match maximum {
        Some(maximum) => format!("{minimum}..{maximum}"),
        None => format!("{minimum}.."),
    }
}

fn join(types: impl Iterator<Item = impl Display>) -> String {
    types
        .map(|ty| ty.to_string())
        .collect::<Vec<_>>()
        .join(", ")
}
