//! Globals.

use super::context::{AsContext, AsContextMut};
use super::engine::Engine;
use super::extern_type::GlobalType;
use super::values::Val;
use crate::ensure;
use crate::heap::{self, HostEvent, StoreInner};
use crate::ids::{GlobalIndex, StoreId};
use crate::support::error::{Context, Result};

/// A global of a store.
///
/// Using it with another store panics.
///
/// Corresponds to
/// [`wasmtime::Global`](https://docs.rs/wasmtime/latest/wasmtime/struct.Global.html).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Global {
    store: StoreId,
    index: GlobalIndex,
}

impl Global {
    pub(super) fn of(store: StoreId, index: GlobalIndex) -> Global {
        Global { store, index }
    }

    /// Creates a global with the initial value `val`.
    ///
    /// # Errors
    ///
    /// Returns an error if the value does not have the global's type.
    pub fn new(mut store: impl AsContextMut, ty: GlobalType, val: Val) -> Result<Global> {
        let store = store.as_context_mut();
        ensure!(
            ty.content().belongs_to(store.engine()),
            "type used with wrong engine"
        );
        let store = &mut *store.0;
        let ty = ty.to_inner();
        let bits = val
            .to_bits(store, ty.value)
            .context("the initial value of a global")?;
        store.record(HostEvent::CreatesGlobal(ty, bits))?;
        Ok(Global {
            store: store.id(),
            index: store.add_global(ty, bits),
        })
    }

    /// Returns the type.
    ///
    /// # Panics
    ///
    /// Panics if `store` does not own this item.
    pub fn ty(&self, store: impl AsContext) -> GlobalType {
        let store = store.as_context().0;
        GlobalType::from_inner(Engine::from_ref(store.engine()), *self.inner(store).ty())
    }

    /// Returns the value.
    ///
    /// # Panics
    ///
    /// Panics if `store` does not own this global.
    pub fn get(&self, mut store: impl AsContextMut) -> Val {
        let store = store.as_context_mut().0;
        let global = self.inner(store);
        let (bits, ty) = (global.get(), global.ty().value);
        Val::from_bits(bits, ty, store)
    }

    /// Sets the value.
    ///
    /// # Errors
    ///
    /// Returns an error if the global is immutable, or if the value does not have its type.
    ///
    /// # Panics
    ///
    /// Panics if `store` does not own this global.
    pub fn set(&self, mut store: impl AsContextMut, val: Val) -> Result<()> {
        let store = store.as_context_mut().0;
        let ty = *self.inner(store).ty();
        ensure!(ty.mutable, "immutable global cannot be set");
        let bits = val
            .to_bits(store, ty.value)
            .context("the new value of a global")?;
        store.record(HostEvent::SetsGlobal(self.index, bits))?;
        store.global_mut(self.index).set(bits);
        Ok(())
    }

    pub(super) fn index(&self) -> GlobalIndex {
        self.index
    }

    pub(super) fn belongs_to(&self, store: &StoreInner) -> bool {
        self.store == store.id()
    }

    #[track_caller]
    fn inner<'a>(&self, store: &'a StoreInner) -> &'a heap::Global {
        assert!(self.belongs_to(store), "object used with the wrong store");
        store.global(self.index)
    }
}
