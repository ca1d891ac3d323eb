//! Array types.

use super::engine::Engine;
use super::field_type::{FieldType, StorageType};
use super::val_type::Mutability;
use crate::ids::TypeId;
use crate::module;
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

    /// Returns the type and the mutability of the elements.
    pub fn field_type(&self) -> FieldType {
        let ty = self.engine.0.types.get(self.id);
        let module::CompositeType::Array(element) = &ty.composite else {
            unreachable!("the type is an array type");
        };
        FieldType::from_inner(&self.engine, *element)
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
