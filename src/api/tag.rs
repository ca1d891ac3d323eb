//! Tags.

use super::context::{AsContext, AsContextMut};
use super::engine::Engine;
use super::extern_type::TagType;
use crate::heap::{HostEvent, StoreInner};
use crate::ids::{StoreId, TagIndex};
use crate::support::error::Result;
use crate::{ensure, module};
use alloc::sync::Arc;

/// A tag of a store, with which exceptions are thrown and caught.
///
/// Two handles are equal if they refer to the same tag. Each instance of a module has its own
/// tags. Using a tag with another store panics.
///
/// Corresponds to [`wasmtime::Tag`](https://docs.rs/wasmtime/latest/wasmtime/struct.Tag.html).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Tag {
    store: StoreId,
    index: TagIndex,
}

impl Tag {
    pub(super) fn of(store: StoreId, index: TagIndex) -> Tag {
        Tag { store, index }
    }

    /// Creates a tag.
    ///
    /// # Errors
    ///
    /// Returns an error if the type belongs to another engine.
    pub fn new(mut store: impl AsContextMut, ty: &TagType) -> Result<Tag> {
        let store = store.as_context_mut();
        ensure!(
            Engine::same(ty.ty().engine(), store.engine()),
            "type used with wrong engine"
        );
        let store = store.0;
        store.note(HostEvent::CreatesTag(ty.ty().id()));
        Ok(Tag {
            store: store.id(),
            index: store.add_tag(ty.ty().id()),
        })
    }

    /// Returns the type.
    ///
    /// # Panics
    ///
    /// Panics if `store` does not own this item.
    pub fn ty(&self, store: impl AsContext) -> TagType {
        let store = store.as_context().0;
        assert!(self.belongs_to(store), "object used with the wrong store");
        self.ty_in(store)
    }

    pub(super) fn ty_in(&self, store: &StoreInner) -> TagType {
        TagType::from_id(Engine::from_ref(store.engine()), store.tag(self.index).ty())
    }

    /// Returns the function type whose parameters are the types of the payload.
    pub(super) fn payload(&self, store: &StoreInner) -> Arc<module::FuncType> {
        store.engine().types.func(store.tag(self.index).ty())
    }

    /// Returns whether `a` and `b` are the same tag.
    ///
    /// # Panics
    ///
    /// Panics if `store` does not own both tags.
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
