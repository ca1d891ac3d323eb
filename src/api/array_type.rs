//! The types of arrays.

use super::engine::Engine;
use super::field_type::{FieldType, StorageType};
use super::val_type::Mutability;
use crate::ids::TypeId;
use crate::module;
use core::fmt;
use core::hash::{Hash, Hasher};

/// The type of an array, known to its engine.
#[derive(Clone)]
pub struct ArrayType {
    engine: Engine,
    id: TypeId,
}

impl ArrayType {
    /// A final type of arrays of such elements.
    ///
    /// # Panics
    ///
    /// If the elements' type is one of another engine's.
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

    /// Its engine.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The type of its elements, and whether they may change.
    pub fn field_type(&self) -> FieldType {
        let ty = self.engine.0.types.get(self.id);
        let module::CompositeType::Array(element) = &ty.composite else {
            unreachable!("the type is one of arrays");
        };
        FieldType::from_inner(&self.engine, *element)
    }

    /// Whether its elements may change.
    pub fn mutability(&self) -> Mutability {
        self.field_type().mutability()
    }

    /// What its elements are kept as.
    pub fn element_type(&self) -> StorageType {
        self.field_type().element_type().clone()
    }

    /// Whether an array of this type is one of type `other`.
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
