//! Exception types.

use super::engine::Engine;
use super::extern_type::TagType;
use super::field_type::{FieldType, StorageType};
use super::func_type::FuncType;
use super::val_type::{Mutability, ValType};
use crate::ensure;
use crate::support::error::Result;

/// The type of an exception, which is the type of its payload.
///
/// Corresponds to
/// [`wasmtime::ExnType`](https://docs.rs/wasmtime/latest/wasmtime/struct.ExnType.html).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ExnType {
    tag: TagType,
}

impl ExnType {
    /// Creates the type of exceptions whose payload has the types `fields`.
    ///
    /// # Errors
    ///
    /// Never returns an error; the signature is that of Wasmtime.
    ///
    /// # Panics
    ///
    /// Panics if a type belongs to another engine, or if there are more than 1,000 fields.
    pub fn new(engine: &Engine, fields: impl IntoIterator<Item = ValType>) -> Result<ExnType> {
        Ok(ExnType {
            tag: TagType::new(FuncType::new(engine, fields, [])),
        })
    }

    /// Creates the type of exceptions that are thrown with tags of type `tag`.
    ///
    /// # Errors
    ///
    /// Returns an error if the tag type has results: such tags are for suspending.
    pub fn from_tag_type(tag: &TagType) -> Result<ExnType> {
        ensure!(
            tag.ty().results().len() == 0,
            "exceptions cannot have a tag with results: {}",
            tag.ty()
        );
        Ok(ExnType { tag: tag.clone() })
    }

    /// Returns the type of the tags with which these exceptions are thrown.
    pub fn tag_type(&self) -> TagType {
        self.tag.clone()
    }

    /// Returns the type of value `i` of the payload.
    pub fn field(&self, i: usize) -> Option<FieldType> {
        self.fields().nth(i)
    }

    /// Returns the types of the payload's values.
    pub fn fields(&self) -> impl ExactSizeIterator<Item = FieldType> + '_ {
        self.tag
            .ty()
            .params()
            .map(|ty| FieldType::new(Mutability::Const, StorageType::ValType(ty)))
    }

    /// Returns the associated engine.
    pub fn engine(&self) -> &Engine {
        self.tag.ty().engine()
    }

    /// Returns whether this type is a subtype of `other`.
    pub fn matches(&self, other: &ExnType) -> bool {
        self == other
    }
}
