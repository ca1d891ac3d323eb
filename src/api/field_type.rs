//! The types of fields.

use super::engine::Engine;
use super::val_type::{Mutability, ValType};
use crate::module;

/// The type of a structure's field, of an array's elements, or of an exception's payload.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FieldType {
    mutability: Mutability,
    element_type: StorageType,
}

/// What a field keeps.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum StorageType {
    /// Eight bits.
    I8,
    /// Sixteen bits.
    I16,
    /// A value.
    ValType(ValType),
}

impl StorageType {
    /// Whether it keeps eight bits.
    pub fn is_i8(&self) -> bool {
        matches!(self, StorageType::I8)
    }

    /// Whether it keeps sixteen bits.
    pub fn is_i16(&self) -> bool {
        matches!(self, StorageType::I16)
    }

    /// Whether it keeps a value.
    pub fn is_val_type(&self) -> bool {
        matches!(self, StorageType::ValType(_))
    }

    /// The type of the value that it keeps.
    pub fn as_val_type(&self) -> Option<&ValType> {
        match self {
            StorageType::ValType(ty) => Some(ty),
            StorageType::I8 | StorageType::I16 => None,
        }
    }

    /// The type of the value that it keeps.
    ///
    /// # Panics
    ///
    /// If it keeps less.
    pub fn unwrap_val_type(&self) -> &ValType {
        self.as_val_type().expect("a type of values")
    }

    /// The type of the value that is read from it.
    pub fn unpack(&self) -> &ValType {
        match self {
            StorageType::I8 | StorageType::I16 => &ValType::I32,
            StorageType::ValType(ty) => ty,
        }
    }

    /// Whether what it keeps can be kept by `other`.
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

impl FieldType {
    /// A type of fields.
    pub fn new(mutability: Mutability, element_type: StorageType) -> FieldType {
        FieldType {
            mutability,
            element_type,
        }
    }

    /// Whether it may change.
    pub fn mutability(&self) -> Mutability {
        self.mutability
    }

    /// What it keeps.
    pub fn element_type(&self) -> &StorageType {
        &self.element_type
    }

    /// Whether a field of this type can stand for one of type `other`.
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
