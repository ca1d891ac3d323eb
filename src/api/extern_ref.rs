//! Host values that guests can hold as `externref`.

use super::context::{AsContextMut, StoreContext, StoreContextMut};
use super::rooted::sealed::Kept;
use super::rooted::{GcRef, Rooted};
use crate::heap::{Reference, StoreInner};
use crate::ids::{ExternIndex, StoreId};
use crate::support::error::Result;
use crate::{bail, ensure};
use alloc::boxed::Box;
use core::any::Any;

/// A host value that guests can hold as an `externref`.
///
/// The value lives as long as guests can reach it or the host holds it: see [`Rooted`].
///
/// Corresponds to
/// [`wasmtime::ExternRef`](https://docs.rs/wasmtime/latest/wasmtime/struct.ExternRef.html).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ExternRef {
    store: StoreId,
    index: ExternIndex,
}

impl GcRef for ExternRef {}

impl Kept for ExternRef {
    fn reference(&self, store: &StoreInner) -> Result<Reference> {
        self.ensure_store(store)?;
        Ok(Reference::Extern(self.index))
    }
}

impl ExternRef {
    /// Moves a value into the store.
    ///
    /// # Errors
    ///
    /// Returns an error if the store's limit of host values is reached.
    pub fn new<T>(mut store: impl AsContextMut, value: T) -> Result<Rooted<ExternRef>>
    where
        T: 'static + Any + Send + Sync,
    {
        let store = store.as_context_mut().0;
        let index = store.add_extern(Box::new(value))?;
        store.hold(Reference::Extern(index));
        Ok(Rooted::new(ExternRef {
            store: store.id(),
            index,
        }))
    }

    /// Returns the value.
    ///
    /// # Errors
    ///
    /// Returns an error if the reference belongs to another store.
    pub fn data<'a, T: 'static>(
        &self,
        store: impl Into<StoreContext<'a, T>>,
    ) -> Result<Option<&'a (dyn Any + Send + Sync)>> {
        let store = store.into().0;
        self.ensure_store(store)?;
        Ok(store.extern_value(self.index))
    }

    /// Returns the value mutably.
    ///
    /// # Errors
    ///
    /// Returns an error if the reference belongs to another store.
    pub fn data_mut<'a, T: 'static>(
        &self,
        store: impl Into<StoreContextMut<'a, T>>,
    ) -> Result<Option<&'a mut (dyn Any + Send + Sync)>> {
        let store = store.into().0;
        self.ensure_store(store)?;
        Ok(store.extern_value_mut(self.index))
    }

    /// Converts the reference to a number that identifies the value in this store.
    ///
    /// # Errors
    ///
    /// Returns an error if the reference belongs to another store.
    pub fn to_raw(&self, mut store: impl AsContextMut) -> Result<u32> {
        self.ensure_store(store.as_context_mut().0)?;
        Ok(self.index.0 + 1)
    }

    /// Converts a number from [`ExternRef::to_raw`] back to a reference; 0 becomes `None`.
    pub fn from_raw(mut store: impl AsContextMut, raw: u32) -> Option<Rooted<ExternRef>> {
        let store = store.as_context_mut().0;
        let value = ExternRef::from_bits(raw.into(), store.id())?;
        store.hold(Reference::Extern(value.index));
        Some(value)
    }

    pub(super) fn from_bits(bits: u64, store: StoreId) -> Option<Rooted<ExternRef>> {
        let index = ExternIndex((bits as u32).checked_sub(1)?);
        Some(Rooted::new(ExternRef { store, index }))
    }

    pub(super) fn index(&self) -> ExternIndex {
        self.index
    }

    pub(super) fn belongs_to(&self, store: &StoreInner) -> bool {
        self.store == store.id()
    }

    pub(super) fn ensure_store(&self, store: &StoreInner) -> Result<()> {
        ensure!(self.belongs_to(store), "object used with the wrong store");
        if store.extern_value(self.index).is_none() {
            bail!(
                "{} is not the number of a live value of this store",
                self.index.0 + 1
            );
        }
        Ok(())
    }
}
