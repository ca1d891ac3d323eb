//! Field types.

use super::engine::Engine;
use super::val_type::{Mutability, RefType, ValType};
use crate::module;
use core::fmt;

/// The type of a field of a structure, of an element of an array, or of a value of an exception's
/// payload.
///
/// Corresponds to
/// [`wasmtime::FieldType`](https://docs.rs/wasmtime/latest/wasmtime/struct.FieldType.html).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FieldType {
    mutability: Mutability,
    element_type: StorageType,
}

/// The storage type of a field.
///
/// Corresponds to
/// [`wasmtime::StorageType`](https://docs.rs/wasmtime/latest/wasmtime/enum.StorageType.html).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum StorageType {
    /// An 8-bit integer.
    I8,
    /// A 16-bit integer.
    I16,
    /// A value of this type.
    ValType(ValType),
}

impl StorageType {
    /// Returns whether this is `i8`.
    pub fn is_i8(&self) -> bool {
        matches!(self, StorageType::I8)
    }

    /// Returns whether this is `i16`.
    pub fn is_i16(&self) -> bool {
        matches!(self, StorageType::I16)
    }

    /// Returns whether this is a value type.
    pub fn is_val_type(&self) -> bool {
        matches!(self, StorageType::ValType(_))
    }

    /// Returns the value type, if this is one.
    pub fn as_val_type(&self) -> Option<&ValType> {
        match self {
            StorageType::ValType(ty) => Some(ty),
            StorageType::I8 | StorageType::I16 => None,
        }
    }

    /// Returns the value type.
    ///
    /// # Panics
    ///
    /// Panics if this is a packed type.
    pub fn unwrap_val_type(&self) -> &ValType {
        self.as_val_type().expect("a value type")
    }

    /// Returns the type of the value that is read from such a field.
    pub fn unpack(&self) -> &ValType {
        match self {
            StorageType::I8 | StorageType::I16 => &ValType::I32,
            StorageType::ValType(ty) => ty,
        }
    }

    /// Returns whether this type is a subtype of `other`.
    pub fn matches(&self, other: &StorageType) -> bool {
        match (self, other) {
            (StorageType::ValType(a), StorageType::ValType(b)) => a.matches(b),
            (a, b) => a == b,
        }
    }
}

impl From<ValType> for StorageType {
    fn from(ty: ValType) -> StorageType {
        StorageType::ValType(ty)
    }
}

impl From<RefType> for StorageType {
    fn from(ty: RefType) -> StorageType {
        StorageType::ValType(ty.into())
    }
}

impl fmt::Display for StorageType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StorageType::I8 => f.write_str("i8"),
            StorageType::I16 => f.write_str("i16"),
            StorageType::ValType(ty) => fmt::Display::fmt(ty, f),
        }
    }
}

impl FieldType {
    /// Creates a field type.
    pub fn new(mutability: Mutability, element_type: StorageType) -> FieldType {
        FieldType {
            mutability,
            element_type,
        }
    }

    /// Returns the mutability of the field.
    pub fn mutability(&self) -> Mutability {
        self.mutability
    }

    /// Returns the storage type.
    pub fn element_type(&self) -> &StorageType {
        &self.element_type
    }

    /// Returns whether this type is a subtype of `other`.
    pub fn matches(&self, other: &FieldType) -> bool {
        self.mutability == other.mutability
            && self.element_type.matches(&other.element_type)
            && (self.mutability.is_const() || other.element_type.matches(&self.element_type))
    }

    #[track_caller]
    pub(super) fn to_inner(&self, engine: &Engine) -> module::FieldType {
        module::FieldType {
            storage: match &self.element_type {
                StorageType::I8 => module::StorageType::I8,
                StorageType::I16 => module::StorageType::I16,
                StorageType::ValType(ty) => {
                    assert!(ty.belongs_to(engine), "type used with wrong engine");
                    module::StorageType::Val(ty.to_inner())
                }
            },
            mutable: self.mutability.is_var(),
        }
    }

    pub(super) fn from_inner(engine: &Engine, ty: module::FieldType) -> FieldType {
        FieldType {
            mutability: if ty.mutable {
                Mutability::Var
            } else {
                Mutability::Const
            },
            element_type: match ty.storage {
                module::StorageType::I8 => StorageType::I8,
                module::StorageType::I16 => StorageType::I16,
                module::StorageType::Val(ty) => {
                    StorageType::ValType(ValType::from_inner(engine, ty))
                }
            },
        }
    }
}
