//! Tags: what exceptions and suspensions are told apart by.

use crate::ids::TypeId;

/// A tag.
///
/// Its identity is its index in the store: each instance of a module has tags of its own,
/// though all have the same types.
#[derive(Clone, Copy, Debug)]
pub struct Tag {
    ty: TypeId,
    fields: u16,
}

impl Tag {
    /// A tag whose payload is the parameters of a function type: so many slots.
    pub fn new(ty: TypeId, fields: u16) -> Tag {
        Tag { ty, fields }
    }

    /// The slots of its payload.
    pub fn fields(&self) -> usize {
        self.fields.into()
    }

    /// The function type.
    pub fn ty(&self) -> TypeId {
        self.ty
    }
}
