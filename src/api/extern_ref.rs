//! Values of the host's that guests may hold and pass on.

use super::context::{AsContext, AsContextMut, StoreContext, StoreContextMut};
use crate::heap::{ExternIndex, Reference, StoreId, StoreInner};
use crate::support::error::Result;
use crate::{bail, ensure};
use alloc::boxed::Box;
use core::any::Any;
use core::ops::Deref;

/// A value of the host's, kept by a store for its guests.
///
/// It lives as long as guests can reach it or the host holds it: see [`Rooted`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ExternRef {
    store: StoreId,
    index: ExternIndex,
}

mod sealed {
    /// Only this crate's types are references to a store's values.
    pub trait Sealed: Copy {}
    impl Sealed for super::ExternRef {}
    impl Sealed for crate::api::any_ref::AnyRef {}
    impl Sealed for crate::api::exn_ref::ExnRef {}
}

/// What a [`Rooted`] can hold.
pub trait GcRef: sealed::Sealed {}

impl GcRef for ExternRef {}

/// A reference that the host holds: the store does not free what it refers to.
///
/// The host holds what it has made and what it was given until the host function returns
/// in which that was, or the [`RootScope`](crate::RootScope) ends; outside both, as long
/// as the store lives. A reference used afterwards, when what it referred to has been
/// collected, gives an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rooted<T: GcRef>(T);

impl<T: GcRef> Rooted<T> {
    pub(super) fn new(value: T) -> Rooted<T> {
        Rooted(value)
    }
}

impl<T: GcRef> Deref for Rooted<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: GcRef + PartialEq> Rooted<T> {
    /// Whether both refer to the same value.
    pub fn rooted_eq(a: Rooted<T>, b: Rooted<T>) -> bool {
        a == b
    }

    /// Whether both refer to the same value.
    ///
    /// # Errors
    ///
    /// None at present; Wasmtime's signature.
    pub fn ref_eq(_store: impl AsContext, a: &Rooted<T>, b: &Rooted<T>) -> Result<bool> {
        Ok(a == b)
    }
}

impl ExternRef {
    /// Gives the store a value.
    ///
    /// # Errors
    ///
    /// If the store has too many already.
    pub fn new<T>(mut store: impl AsContextMut, value: T) -> Result<Rooted<ExternRef>>
    where
        T: 'static + Any + Send + Sync,
    {
        let store = store.as_context_mut().0;
        let index = store.add_extern(Box::new(value))?;
        store.hold(Reference::Extern(index));
        Ok(Rooted(ExternRef {
            store: store.id(),
            index,
        }))
    }

    /// The value.
    ///
    /// # Errors
    ///
    /// If it belongs to another store.
    pub fn data<'a, T: 'static>(
        &self,
        store: impl Into<StoreContext<'a, T>>,
    ) -> Result<Option<&'a (dyn Any + Send + Sync)>> {
        let store = store.into().0;
        self.ensure_store(store)?;
        Ok(store.extern_value(self.index))
    }

    /// The value, to change.
    ///
    /// # Errors
    ///
    /// If it belongs to another store.
    pub fn data_mut<'a, T: 'static>(
        &self,
        store: impl Into<StoreContextMut<'a, T>>,
    ) -> Result<Option<&'a mut (dyn Any + Send + Sync)>> {
        let store = store.into().0;
        self.ensure_store(store)?;
        Ok(store.extern_value_mut(self.index))
    }

    /// A number that stands for the value in this store.
    ///
    /// # Errors
    ///
    /// If it belongs to another store.
    pub fn to_raw(&self, mut store: impl AsContextMut) -> Result<u32> {
        self.ensure_store(store.as_context_mut().0)?;
        Ok(self.index.0 + 1)
    }

    /// The value for which a number from [`ExternRef::to_raw`] stands; `None` for 0.
    pub fn from_raw(mut store: impl AsContextMut, raw: u32) -> Option<Rooted<ExternRef>> {
        let store = store.as_context_mut().0;
        let value = ExternRef::from_bits(raw.into(), store.id())?;
        store.hold(Reference::Extern(value.index));
        Some(value)
    }

    pub(super) fn from_bits(bits: u64, store: StoreId) -> Option<Rooted<ExternRef>> {
        let index = ExternIndex((bits as u32).checked_sub(1)?);
        Some(Rooted(ExternRef { store, index }))
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
                "the number {} stands for no value of this store, or for none any more",
                self.index.0 + 1
            );
        }
        Ok(())
    }
}
