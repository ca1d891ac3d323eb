//! Detection of proposals that are not supported, and their names.
//!
//! This is only used for modules that fail validation with the supported features: see
//! [`validate`](super::validate).

use super::error::{ModuleError, Place};
use alloc::format;
use alloc::string::{String, ToString};
use wasmparser::{
    BlockType, FunctionBody, HeapType, Operator, RefType, TryTable, ValType, WasmFeatures,
};

/// A use of an unsupported proposal.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Needs {
    proposal: &'static str,
    what: String,
}

impl Needs {
    pub(super) fn new(proposal: &'static str, what: impl Into<String>) -> Needs {
        Needs {
            proposal,
            what: what.into(),
        }
    }

    pub(super) fn at(self, place: Place, offset: u64) -> ModuleError {
        ModuleError::Unsupported {
            place,
            offset,
            what: self.what,
            proposal: self.proposal,
        }
    }
}

/// Returns the name of the proposal that a validator feature belongs to; `None` for a supported
/// feature, which may just be switched off.
pub(super) fn proposal(feature: WasmFeatures) -> Option<&'static str> {
    const NAMES: &[(WasmFeatures, &str)] = &[
        (WasmFeatures::SIMD, "simd"),
        (WasmFeatures::RELAXED_SIMD, "relaxed-simd"),
        (WasmFeatures::THREADS, "threads"),
        (
            WasmFeatures::SHARED_EVERYTHING_THREADS,
            "shared-everything-threads",
        ),
        (WasmFeatures::CUSTOM_DESCRIPTORS, "custom-descriptors"),
        (WasmFeatures::COMPONENT_MODEL, "component-model"),
        (WasmFeatures::MEMORY_CONTROL, "memory-control"),
        (
            WasmFeatures::ACQUIRE_RELEASE_ATOMICS,
            "acquire-release-atomics",
        ),
        (
            WasmFeatures::MULTIBYTE_ARRAY_ACCESS,
            "multibyte-array-access",
        ),
    ];
    NAMES
        .iter()
        .find(|(bits, _)| *bits == feature)
        .map(|(_, name)| *name)
}

/// Checks that values of a type are supported.
pub(super) fn val_type(ty: ValType) -> Result<(), Needs> {
    match ty {
        ValType::I32 | ValType::I64 | ValType::F32 | ValType::F64 => Ok(()),
        ValType::V128 if cfg!(feature = "simd") => Ok(()),
        ValType::V128 => Err(Needs::new("simd", "v128")),
        ValType::Ref(ty) => ref_type(ty),
    }
}

fn ref_type(ty: RefType) -> Result<(), Needs> {
    heap_type(ty.heap_type())
}

/// Checks that references to a heap type are supported.
pub(super) fn heap_type(ty: HeapType) -> Result<(), Needs> {
    match ty {
        HeapType::Concrete(_) | HeapType::Abstract { shared: false, .. } => Ok(()),
        HeapType::Exact(_) => Err(Needs::new(
            "custom-descriptors",
            "a reference to an exact type",
        )),
        HeapType::Abstract { shared: true, .. } => Err(Needs::new(
            "shared-everything-threads",
            "a reference to a shared type",
        )),
    }
}

/// Checks that an instruction of a function is supported.
pub(super) fn operator(op: &Operator<'_>) -> Result<(), Needs> {
    let (proposal, visit) = origin(op);
    let proposal = match proposal {
        "mvp"
        | "sign_extension"
        | "saturating_float_to_int"
        | "bulk_memory"
        | "reference_types"
        | "tail_call"
        | "function_references"
        | "stack_switching"
        | "gc"
        | "wide_arithmetic"
        | "threads"
        | "exceptions"
        | "legacy_exceptions" => {
            return types_of(op);
        }
        "simd" | "relaxed_simd" if cfg!(feature = "simd") => return Ok(()),
        "simd" => "simd",
        "relaxed_simd" => "relaxed-simd",
        "shared_everything_threads" => "shared-everything-threads",
        "acquire_release_atomics" => "acquire-release-atomics",
        "custom_descriptors" => "custom-descriptors",
        "memory_control" => "memory-control",
        _ => "newer",
    };
    Err(Needs::new(proposal, format!("`{}`", mnemonic(visit))))
}

/// Checks that the types in an instruction's immediates are supported.
fn types_of(op: &Operator<'_>) -> Result<(), Needs> {
    match op {
        Operator::Block {
            blockty: BlockType::Type(ty),
        }
        | Operator::Loop {
            blockty: BlockType::Type(ty),
        }
        | Operator::If {
            blockty: BlockType::Type(ty),
        }
        | Operator::Try {
            blockty: BlockType::Type(ty),
        }
        | Operator::TypedSelect { ty }
        | Operator::TryTable {
            try_table:
                TryTable {
                    ty: BlockType::Type(ty),
                    ..
                },
        } => val_type(*ty),
        Operator::TypedSelectMulti { tys } => tys.iter().try_for_each(|ty| val_type(*ty)),
        Operator::RefNull { hty }
        | Operator::RefTestNonNull { hty }
        | Operator::RefTestNullable { hty }
        | Operator::RefCastNonNull { hty }
        | Operator::RefCastNullable { hty } => heap_type(*hty),
        _ => Ok(()),
    }
}

/// Checks that a validated body uses no unsupported proposal.
pub(super) fn body(function: u32, body: &FunctionBody<'_>) -> Result<(), ModuleError> {
    let place = Place::Function(function);
    let invalid = |error: wasmparser::Error| {
        super::error::Fault {
            place,
            error: error.into(),
        }
        .into_invalid()
    };
    let mut locals = body.get_locals_reader().map_err(invalid)?;
    for _ in 0..locals.get_count() {
        let offset = locals.original_position();
        let (_, ty) = locals.read().map_err(invalid)?;
        val_type(ty).map_err(|needs| needs.at(place, offset))?;
    }
    let operators = body.get_operators_reader().map_err(invalid)?;
    for op in operators.into_iter_with_offsets() {
        let (op, offset) = op.map_err(invalid)?;
        operator(&op).map_err(|needs| needs.at(place, offset))?;
    }
    Ok(())
}

macro_rules! define_origin {
    ($(@$proposal:ident $op:ident $({ $($arg:ident: $ty:ty),* })? => $visit:ident ($($rest:tt)*))*) => {
        /// Returns the proposal that introduced an instruction, and the instruction's visitor
        /// name.
        fn origin(op: &Operator<'_>) -> (&'static str, &'static str) {
            match op {
                $(Operator::$op { .. } => (stringify!($proposal), stringify!($visit)),)*
                _ => ("newer", "visit_unknown"),
            }
        }
    };
}
wasmparser::for_each_operator!(define_origin);

/// Converts the name of a visitor method to the instruction's name in the text format.
fn mnemonic(visit: &str) -> String {
    const FAMILIES: &[&str] = &[
        "i8x16", "i16x8", "i32x4", "i64x2", "f32x4", "f64x2", "v128", "i32", "i64", "memory",
        "global", "table", "struct", "array", "ref", "i31", "any", "extern", "cont", "atomic",
    ];
    let name = visit.strip_prefix("visit_").unwrap_or(visit);
    let Some((family, rest)) = name
        .split_once('_')
        .filter(|(family, _)| FAMILIES.contains(family))
    else {
        return name.to_string();
    };
    // `ref.cast` and `ref.test` stand for two instructions each.
    let rest = match rest
        .strip_suffix("_nullable")
        .or(rest.strip_suffix("_non_null"))
    {
        Some(plain) if family == "ref" => plain,
        _ => rest,
    };
    match rest.split_once("atomic_") {
        Some(("", rest)) => {
            let rest = match rest.split_once('_') {
                Some((width, operation)) if width.starts_with("rmw") => {
                    format!("{width}.{operation}")
                }
                _ => rest.to_string(),
            };
            format!("{family}.atomic.{rest}")
        }
        _ => format!("{family}.{rest}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_instructions() {
        for (visit, expected) in [
            ("visit_i32x4_add", "i32x4.add"),
            ("visit_v128_const", "v128.const"),
            ("visit_i32_atomic_rmw8_add_u", "i32.atomic.rmw8.add_u"),
            ("visit_i32_atomic_load16_u", "i32.atomic.load16_u"),
            ("visit_memory_atomic_wait32", "memory.atomic.wait32"),
            ("visit_atomic_fence", "atomic.fence"),
            ("visit_struct_new_default", "struct.new_default"),
            ("visit_ref_cast_non_null", "ref.cast"),
            ("visit_any_convert_extern", "any.convert_extern"),
            ("visit_try_table", "try_table"),
            ("visit_cont_new", "cont.new"),
        ] {
            assert_eq!(mnemonic(visit), expected);
        }
    }

    #[test]
    fn instructions_know_where_they_come_from() {
        assert_eq!(operator(&Operator::I32Add), Ok(()));
        assert_eq!(operator(&Operator::I64Add128), Ok(()));
        assert_eq!(operator(&Operator::RefAsNonNull), Ok(()));
        assert_eq!(operator(&Operator::RefI31), Ok(()));
        assert_eq!(operator(&Operator::ThrowRef), Ok(()));
        let block = Operator::Block {
            blockty: BlockType::Type(ValType::V128),
        };
        let expected = match cfg!(feature = "simd") {
            true => Ok(()),
            false => Err(Needs::new("simd", "v128")),
        };
        assert_eq!(operator(&block), expected);
    }
}
