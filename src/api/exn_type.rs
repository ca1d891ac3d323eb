//! The types of exceptions.

use super::engine::Engine;
use super::extern_type::TagType;
use super::field_type::{FieldType, StorageType};
use super::func_type::FuncType;
use super::val_type::{Mutability, ValType};
use crate::ensure;
use crate::support::error::Result;

/// The type of an exception: that of its payload.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ExnType {
    tag: TagType,
}

impl ExnType {
    /// A type of exceptions with such a payload.
    ///
    /// # Errors
    ///
    /// None at present; Wasmtime's signature.
    ///
    /// # Panics
    ///
    /// If a type is one of another engine's, or there are more than 1,000.
    pub fn new(engine: &Engine, fields: impl IntoIterator<Item = ValType>) -> Result<ExnType> {
        Ok(ExnType {
            tag: TagType::new(FuncType::new(engine, fields, [])),
        })
    }

    /// The type of the exceptions that are thrown with tags of a type.
    ///
    /// # Errors
    ///
    /// If such tags have results: they are for suspending.
    pub fn from_tag_type(tag: &TagType) -> Result<ExnType> {
        ensure!(
            tag.ty().results().len() == 0,
            "a tag with results is not one of exceptions: {}",
            tag.ty()
        );
        Ok(ExnType { tag: tag.clone() })
    }

    /// The type of the tags that such exceptions are thrown with.
    pub fn tag_type(&self) -> TagType {
        self.tag.clone()
    }

    /// The type of value `i` of the payload.
    pub fn field(&self, i: usize) -> Option<FieldType> {
        self.fields().nth(i)
    }

    /// The types of the payload's values.
    pub fn fields(&self) -> impl ExactSizeIterator<Item = FieldType> + '_ {
        self.tag
            .ty()
            .params()
            .map(|ty| FieldType::new(Mutability::Const, StorageType::ValType(ty)))
    }

    /// Its engine.
    pub fn engine(&self) -> &Engine {
        self.tag.ty().engine()
    }

    /// Whether exceptions of this type are of type `other`.
    pub fn matches(&self, other: &ExnType) -> bool {
        self == other
    }
}
