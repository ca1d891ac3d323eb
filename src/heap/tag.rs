//! Tags: what exceptions and suspensions are told apart by.

use crate::module::TypeId;

/// A tag.
///
/// Its identity is its index in the store: each instance of a module has tags of its own,
/// though all have the same types.
#[derive(Clone, Copy, Debug)]
pub struct Tag {
    ty: TypeId,
}

impl Tag {
    /// A tag whose payload is the parameters of a function type.
    pub fn new(ty: TypeId) -> Tag {
        Tag { ty }
    }

    /// The function type.
    pub fn ty(&self) -> TypeId {
        self.ty
    }
}
