//! Structure types.

use super::engine::Engine;
use super::field_type::FieldType;
use super::finality::{self, Finality};
use crate::ensure;
use crate::ids::TypeId;
use crate::module;
use crate::support::error::Result;
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;
use core::hash::{Hash, Hasher};

/// The type of a structure, registered with an engine.
///
/// Corresponds to
/// [`wasmtime::StructType`](https://docs.rs/wasmtime/latest/wasmtime/struct.StructType.html).
#[derive(Clone)]
pub struct StructType {
    engine: Engine,
    id: TypeId,
}

impl StructType {
    /// Creates a final structure type.
    ///
    /// # Errors
    ///
    /// Returns an error if there are more than 10,000 fields, which is the limit of WebAssembly's
    /// JavaScript API.
    ///
    /// # Panics
    ///
    /// Panics if the type of a field belongs to another engine.
    pub fn new(engine: &Engine, fields: impl IntoIterator<Item = FieldType>) -> Result<StructType> {
        StructType::with_finality_and_supertype(engine, Finality::Final, None, fields)
    }

    /// Creates a structure type, which may have a supertype and subtypes.
    ///
    /// The type is equal to one that a module defines alone, without a recursion group, with the same
    /// fields, finality and supertype.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`StructType::new`], and one if the supertype is final or if the fields
    /// do not match those of the supertype, which must be the first ones.
    ///
    /// # Panics
    ///
    /// Panics if the supertype or the type of a field belongs to another engine.
    pub fn with_finality_and_supertype(
        engine: &Engine,
        finality: Finality,
        supertype: Option<&StructType>,
        fields: impl IntoIterator<Item = FieldType>,
    ) -> Result<StructType> {
        let fields: Vec<FieldType> = fields.into_iter().collect();
        if let Some(supertype) = supertype {
            finality::check_supertype(engine, &supertype.engine, supertype.id)?;
            let above = supertype.fields();
            ensure!(
                fields.len() >= above.len() && fields.iter().zip(above).all(|(a, b)| a.matches(&b)),
                "struct fields must match their supertype's fields"
            );
        }
        ensure!(
            fields.len() <= 10_000,
            "a structure has at most 10,000 fields, not {}",
            fields.len()
        );
        let fields: Box<[_]> = fields.iter().map(|field| field.to_inner(engine)).collect();
        let ty = module::SubType {
            is_final: finality.is_final(),
            supertype: supertype.map(StructType::id),
            composite: module::CompositeType::Struct(fields),
        };
        Ok(StructType::from_id(engine, engine.0.types.intern_alone(ty)))
    }

    pub(super) fn from_id(engine: &Engine, id: TypeId) -> StructType {
        StructType {
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
    pub fn supertype(&self) -> Option<StructType> {
        let supertype = self.engine.0.types.get(self.id).supertype?;
        Some(StructType::from_id(&self.engine, supertype))
    }

    /// Returns the type of field `i`.
    pub fn field(&self, i: usize) -> Option<FieldType> {
        self.fields().nth(i)
    }

    /// Returns the types of the fields.
    pub fn fields(&self) -> impl ExactSizeIterator<Item = FieldType> + '_ {
        let ty = self.engine.0.types.get(self.id);
        let module::CompositeType::Struct(fields) = &ty.composite else {
            unreachable!("the type is a structure type");
        };
        let fields: Vec<_> = fields.to_vec();
        fields
            .into_iter()
            .map(|field| FieldType::from_inner(&self.engine, field))
    }

    /// Returns whether this type is a subtype of `other`.
    pub fn matches(&self, other: &StructType) -> bool {
        Engine::same(&self.engine, &other.engine)
            && self.engine.0.types.is_declared_subtype(self.id, other.id)
    }
}

impl PartialEq for StructType {
    fn eq(&self, other: &StructType) -> bool {
        self.id == other.id && Engine::same(&self.engine, &other.engine)
    }
}

impl Eq for StructType {}

impl Hash for StructType {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id.hash(state);
    }
}

impl fmt::Debug for StructType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for StructType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&module::describe_type(&self.engine.0.types, self.id))
    }
}
