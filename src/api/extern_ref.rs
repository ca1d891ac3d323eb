//! Host values that guests can hold as `externref`.

use super::any_ref::{AnyRef, live_reference};
use super::context::{AsContextMut, StoreContext, StoreContextMut};
use super::rooted::sealed::Kept;
use super::rooted::{GcRef, Rooted};
use crate::heap::{AnyKind, Reference, StoreInner};
use crate::ids::{ExternIndex, StoreId};
use crate::support::error::Result;
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
    /// The bits of an [`AnyKind`].
    bits: u32,
}

impl GcRef for ExternRef {}

impl Kept for ExternRef {
    fn reference(&self, store: &StoreInner) -> Result<Option<Reference>> {
        self.ensure_store(store)?;
        Ok(Reference::of_any(self.bits.into()))
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
            bits: AnyKind::Extern(index).bits() as u32,
        }))
    }

    /// Converts an `anyref` to an `externref`, as `extern.convert_any` does.
    ///
    /// # Errors
    ///
    /// Returns an error if the reference belongs to another store or has been collected.
    pub fn convert_any(
        mut store: impl AsContextMut,
        anyref: Rooted<AnyRef>,
    ) -> Result<Rooted<ExternRef>> {
        let store = store.as_context_mut().0;
        if let Some(reference) = anyref.reference(store)? {
            store.hold(reference);
        }
        Ok(Rooted::new(ExternRef {
            store: store.id(),
            bits: anyref.bits(),
        }))
    }

    /// Returns the value, or `None` if the reference is a converted `anyref`.
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
        Ok(self.index().and_then(|index| store.extern_value(index)))
    }

    /// Returns the value mutably, or `None` if the reference is a converted `anyref`.
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
        Ok(match self.index() {
            Some(index) => store.extern_value_mut(index),
            None => None,
        })
    }

    /// Converts the reference to a number that identifies the value in this store.
    ///
    /// # Errors
    ///
    /// Returns an error if the reference belongs to another store.
    pub fn to_raw(&self, mut store: impl AsContextMut) -> Result<u32> {
        self.ensure_store(store.as_context_mut().0)?;
        Ok(self.bits)
    }

    /// Converts a number from [`ExternRef::to_raw`] back to a reference; 0 becomes `None`.
    pub fn from_raw(mut store: impl AsContextMut, raw: u32) -> Option<Rooted<ExternRef>> {
        let store = store.as_context_mut().0;
        let value = ExternRef::from_bits(raw.into(), store.id())?;
        // An object that is not alive cannot be held: a use of the reference returns an error.
        if let Ok(Some(reference)) = value.reference(store) {
            store.hold(reference);
        }
        Some(value)
    }

    pub(super) fn from_bits(bits: u64, store: StoreId) -> Option<Rooted<ExternRef>> {
        let bits = bits as u32;
        (bits != 0).then(|| Rooted::new(ExternRef { store, bits }))
    }

    /// Returns the number of the host value; none of a converted `anyref`.
    fn index(&self) -> Option<ExternIndex> {
        match AnyKind::of(self.bits.into()) {
            Some(AnyKind::Extern(index)) => Some(index),
            _ => None,
        }
    }

    pub(super) fn bits(&self) -> u32 {
        self.bits
    }

    pub(super) fn belongs_to(&self, store: &StoreInner) -> bool {
        self.store == store.id()
    }

    pub(super) fn ensure_store(&self, store: &StoreInner) -> Result<()> {
        live_reference(store, self.store, self.bits).map(drop)
    }
}
