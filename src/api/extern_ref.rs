//! Host values that guests can hold as `externref`.

use super::any_ref::{self, AnyRef};
use super::context::{AsContext, AsContextMut, StoreContext, StoreContextMut};
use super::heap_type::HeapType;
use super::out_of_memory::GcHeapOutOfMemory;
use super::rooted::sealed::Kept as _;
use super::rooted::{Root, Rooted, gc_ref};
use crate::heap::{AnyKind, EXTERN_BYTES, Reference, StoreInner};
use crate::ids::ExternIndex;
use crate::support::error::Result;
use alloc::boxed::Box;
use core::any::Any;

/// A host value that guests can hold as an `externref`.
///
/// The value lives as long as guests can reach it or the host holds it: see [`Rooted`].
///
/// Corresponds to
/// [`wasmtime::ExternRef`](https://docs.rs/wasmtime/latest/wasmtime/struct.ExternRef.html).
#[derive(Clone, Copy, Debug)]
pub struct ExternRef(Root);

gc_ref!(ExternRef: Extern in Extern, |bits: u32| Reference::of_any(bits.into()));

impl ExternRef {
    /// Moves a value into the store.
    ///
    /// # Errors
    ///
    /// Returns a [`GcHeapOutOfMemory<T>`](GcHeapOutOfMemory) with the value if there are too many
    /// host values, even after a collection: at most one for each 64 bytes of
    /// [`ResourceLimiter::gc_heap_bytes`](crate::ResourceLimiter::gc_heap_bytes).
    pub fn new<T>(mut store: impl AsContextMut, value: T) -> Result<Rooted<ExternRef>>
    where
        T: 'static + Any + Send + Sync,
    {
        let store = store.as_context_mut().0;
        match store.add_extern(Box::new(value)) {
            Ok(index) => Ok(Rooted::new(store, AnyKind::Extern(index).bits() as u32)),
            Err(value) => {
                let value = value.downcast::<T>().expect("the value was not added");
                Err(GcHeapOutOfMemory::new(*value, EXTERN_BYTES as u64).into())
            }
        }
    }

    /// Converts an `anyref` to an `externref`, as `extern.convert_any` does.
    ///
    /// # Errors
    ///
    /// Returns an error if the reference belongs to another store or its scope has ended.
    pub fn convert_any(
        mut store: impl AsContextMut,
        anyref: Rooted<AnyRef>,
    ) -> Result<Rooted<ExternRef>> {
        let store = store.as_context_mut().0;
        let bits = anyref.root().bits(store)?;
        Ok(Rooted::new(store, bits))
    }

    /// Returns the value, or `None` if the reference is a converted `anyref`.
    ///
    /// # Errors
    ///
    /// Returns an error if the reference belongs to another store or its scope has ended.
    pub fn data<'a, T: 'static>(
        &self,
        store: impl Into<StoreContext<'a, T>>,
    ) -> Result<Option<&'a (dyn Any + Send + Sync)>> {
        let store = store.into().0;
        let index = self.index(store)?;
        Ok(index.and_then(|index| store.extern_value(index)))
    }

    /// Returns the value mutably, or `None` if the reference is a converted `anyref`.
    ///
    /// # Errors
    ///
    /// Returns an error if the reference belongs to another store or its scope has ended.
    pub fn data_mut<'a, T: 'static>(
        &self,
        store: impl Into<StoreContextMut<'a, T>>,
    ) -> Result<Option<&'a mut (dyn Any + Send + Sync)>> {
        let store = store.into().0;
        Ok(match self.index(store)? {
            Some(index) => store.extern_value_mut(index),
            None => None,
        })
    }

    /// Returns the type of the value, which is `extern`.
    ///
    /// # Errors
    ///
    /// Returns an error if the reference belongs to another store or its scope has ended.
    pub fn ty(&self, store: impl AsContext) -> Result<HeapType> {
        self.0.bits(store.as_context().0)?;
        Ok(HeapType::Extern)
    }

    /// Returns whether the value is of type `ty`.
    ///
    /// # Errors
    ///
    /// Returns an error if the reference belongs to another store or its scope has ended.
    pub fn matches_ty(&self, store: impl AsContext, ty: &HeapType) -> Result<bool> {
        Ok(self.ty(store)?.matches(ty))
    }

    /// Converts the reference to a number that identifies the value in this store.
    ///
    /// The number does not keep the value alive.
    ///
    /// # Errors
    ///
    /// Returns an error if the reference belongs to another store or its scope has ended.
    pub fn to_raw(&self, mut store: impl AsContextMut) -> Result<u32> {
        any_ref::to_raw(self.0, store.as_context_mut().0)
    }

    /// Converts a number from [`ExternRef::to_raw`] back to a reference; 0 becomes `None`.
    ///
    /// Returns `None` if the value has been collected.
    pub fn from_raw(mut store: impl AsContextMut, raw: u32) -> Option<Rooted<ExternRef>> {
        any_ref::from_raw(raw, store.as_context_mut().0)
    }

    /// Returns the number of the host value; none of a converted `anyref`.
    fn index(&self, store: &StoreInner) -> Result<Option<ExternIndex>> {
        Ok(match any_ref::kind(self.0, store)? {
            AnyKind::Extern(index) => Some(index),
            AnyKind::I31(_) | AnyKind::Object(_) => None,
        })
    }
}
