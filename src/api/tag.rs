//! Tags.

use super::context::{AsContext, AsContextMut};
use super::engine::Engine;
use super::extern_type::TagType;
use crate::heap::StoreInner;
use crate::ids::{StoreId, TagIndex};
use crate::support::error::Result;
use crate::{ensure, module};
use alloc::sync::Arc;

/// A tag of a store: what exceptions are thrown with and caught by.
///
/// Two handles are equal where they are one tag. Each instance of a module has tags of
/// its own. Using one with another store panics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Tag {
    store: StoreId,
    index: TagIndex,
}

impl Tag {
    pub(super) fn of(store: StoreId, index: TagIndex) -> Tag {
        Tag { store, index }
    }

    /// A new tag.
    ///
    /// # Errors
    ///
    /// If its type is of another engine.
    pub fn new(mut store: impl AsContextMut, ty: &TagType) -> Result<Tag> {
        let store = store.as_context_mut();
        ensure!(
            Engine::same(ty.ty().engine(), store.engine()),
            "type used with wrong engine"
        );
        let store = store.0;
        Ok(Tag {
            store: store.id(),
            index: store.add_tag(ty.ty().id()),
        })
    }

    /// Its type.
    ///
    /// # Panics
    ///
    /// If it belongs to another store.
    pub fn ty(&self, store: impl AsContext) -> TagType {
        let store = store.as_context().0;
        assert!(self.belongs_to(store), "object used with the wrong store");
        self.ty_in(store)
    }

    pub(super) fn ty_in(&self, store: &StoreInner) -> TagType {
        TagType::from_id(Engine::from_ref(store.engine()), store.tag(self.index).ty())
    }

    /// The function type whose parameters are its payload.
    pub(super) fn payload(&self, store: &StoreInner) -> Arc<module::FuncType> {
        store.engine().types.func(store.tag(self.index).ty())
    }

    /// Whether both are one tag.
    ///
    /// # Panics
    ///
    /// If one belongs to another store.
    pub fn eq(a: &Tag, b: &Tag, store: impl AsContext) -> bool {
        let store = store.as_context().0;
        assert!(
            a.belongs_to(store) && b.belongs_to(store),
            "object used with the wrong store"
        );
        a.index == b.index
    }

    pub(super) fn index(&self) -> TagIndex {
        self.index
    }

    pub(super) fn belongs_to(&self, store: &StoreInner) -> bool {
        self.store == store.id()
    }
}
