//! Array types.

use super::engine::Engine;
use super::field_type::{FieldType, StorageType};
use super::finality::{self, Finality};
use super::val_type::Mutability;
use crate::ensure;
use crate::ids::TypeId;
use crate::module;
use crate::support::error::Result;
use core::fmt;
use core::hash::{Hash, Hasher};

/// The type of an array, registered with an engine.
///
/// Corresponds to
/// [`wasmtime::ArrayType`](https://docs.rs/wasmtime/latest/wasmtime/struct.ArrayType.html).
#[derive(Clone)]
pub struct ArrayType {
    engine: Engine,
    id: TypeId,
}

impl ArrayType {
    /// Creates a final array type with elements of type `field_type`.
    ///
    /// # Panics
    ///
    /// Panics if `field_type` contains a type of another engine.
    pub fn new(engine: &Engine, field_type: FieldType) -> ArrayType {
        let composite = module::CompositeType::Array(field_type.to_inner(engine));
        ArrayType::from_id(engine, engine.0.types.intern_plain(composite))
    }

    /// Creates an array type, which may have a supertype and subtypes.
    ///
    /// The type is equal to one that a module defines alone, without a recursion group, with the same
    /// elements, finality and supertype.
    ///
    /// # Errors
    ///
    /// Returns an error if the supertype is final, or if the elements do not match those of the
    /// supertype.
    ///
    /// # Panics
    ///
    /// Panics if the supertype or `field_type` belongs to another engine.
    pub fn with_finality_and_supertype(
        engine: &Engine,
        finality: Finality,
        supertype: Option<&ArrayType>,
        field_type: FieldType,
    ) -> Result<ArrayType> {
        if let Some(supertype) = supertype {
            finality::check_supertype(engine, &supertype.engine, supertype.id)?;
            ensure!(
                field_type.matches(&supertype.field_type()),
                "array field type must match its supertype's field type"
            );
        }
        let ty = module::SubType {
            is_final: finality.is_final(),
            supertype: supertype.map(ArrayType::id),
            composite: module::CompositeType::Array(field_type.to_inner(engine)),
        };
        Ok(ArrayType::from_id(engine, engine.0.types.intern_alone(ty)))
    }

    pub(super) fn from_id(engine: &Engine, id: TypeId) -> ArrayType {
        ArrayType {
            engine: engine.clone(),
            id,
        }
    }

    pub(super) fn id(&self) -> TypeId {
        self.id
    }

    /// Returns the associated engine.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Returns whether the type may have subtypes.
    pub fn finality(&self) -> Finality {
        Finality::of(&self.engine.0.types.get(self.id))
    }

    /// Returns the declared supertype.
    pub fn supertype(&self) -> Option<ArrayType> {
        let supertype = self.engine.0.types.get(self.id).supertype?;
        Some(ArrayType::from_id(&self.engine, supertype))
    }

    /// Returns the type and the mutability of the elements.
    pub fn field_type(&self) -> FieldType {
        FieldType::from_inner(&self.engine, self.inner_element())
    }

    /// Returns the type of the elements as it is represented below the API.
    pub(super) fn inner_element(&self) -> module::FieldType {
        let ty = self.engine.0.types.get(self.id);
        let module::CompositeType::Array(element) = ty.composite else {
            unreachable!("the type is an array type");
        };
        element
    }

    /// Returns the mutability of the elements.
    pub fn mutability(&self) -> Mutability {
        self.field_type().mutability()
    }

    /// Returns the storage type of the elements.
    pub fn element_type(&self) -> StorageType {
        self.field_type().element_type().clone()
    }

    /// Returns whether this type is a subtype of `other`.
    pub fn matches(&self, other: &ArrayType) -> bool {
        Engine::same(&self.engine, &other.engine)
            && self.engine.0.types.is_declared_subtype(self.id, other.id)
    }
}

impl PartialEq for ArrayType {
    fn eq(&self, other: &ArrayType) -> bool {
        self.id == other.id && Engine::same(&self.engine, &other.engine)
    }
}

impl Eq for ArrayType {}

impl Hash for ArrayType {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id.hash(state);
    }
}

impl fmt::Debug for ArrayType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for ArrayType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&module::describe_type(&self.engine.0.types, self.id))
    }
}
