//! Tags, by which exceptions and suspensions are distinguished.

use crate::ids::TypeId;

/// A tag.
///
/// A tag is identified by its index in the store: each instance of a module has tags of its
/// own.
#[derive(Clone, Copy, Debug)]
pub struct Tag {
    ty: TypeId,
    payload_slots: u16,
}

impl Tag {
    /// Creates a tag. Its payload is what the parameters of the function type `ty` are, and
    /// takes `payload_slots` slots.
    pub fn new(ty: TypeId, payload_slots: u16) -> Tag {
        Tag { ty, payload_slots }
    }

    /// Returns the number of slots that its payload takes.
    pub fn payload_slots(&self) -> usize {
        self.payload_slots.into()
    }

    /// Returns the function type that it was created with.
    pub fn ty(&self) -> TypeId {
        self.ty
    }
}
