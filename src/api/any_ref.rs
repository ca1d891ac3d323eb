//! References to internal values (`anyref`).

use super::context::{AsContext, AsContextMut, StoreContext};
use super::extern_ref::ExternRef;
use super::rooted::sealed::Kept;
use super::rooted::{GcRef, Rooted};
use crate::ensure;
use crate::heap::{AnyKind, Reference, StoreInner};
use crate::ids::{StoreId, TypeId};
use crate::module::{self, CompositeKind};
use crate::support::error::Result;
use core::any::Any;

/// A reference to an internal value: a structure, an array, an `i31`, or a host value that was
/// converted.
///
/// Corresponds to
/// [`wasmtime::AnyRef`](https://docs.rs/wasmtime/latest/wasmtime/struct.AnyRef.html).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AnyRef {
    store: StoreId,
    /// The bits of an [`AnyKind`].
    bits: u32,
}

impl GcRef for AnyRef {}

impl Kept for AnyRef {
    fn reference(&self, store: &StoreInner) -> Result<Option<Reference>> {
        live_reference(store, self.store, self.bits)
    }
}

/// Returns the collector's name of what a reference of the `any` or `extern` hierarchy refers to;
/// none of an `i31`. Returns an error if it belongs to another store or has been collected.
pub(super) fn live_reference(
    store: &StoreInner,
    owner: StoreId,
    bits: u32,
) -> Result<Option<Reference>> {
    ensure!(owner == store.id(), "object used with the wrong store");
    let reference = Reference::of_any(bits.into());
    let is_live = match reference {
        Some(Reference::Object(object)) => store.objects.is_live(object),
        Some(Reference::Extern(index)) => store.extern_value(index).is_some(),
        _ => true,
    };
    ensure!(is_live, "{bits:#x} is not a live value of this store");
    Ok(reference)
}

impl AnyRef {
    /// Converts an `externref` to an `anyref`, as `any.convert_extern` does.
    ///
    /// # Errors
    ///
    /// Returns an error if the reference belongs to another store or has been collected.
    pub fn convert_extern(
        mut store: impl AsContextMut,
        externref: Rooted<ExternRef>,
    ) -> Result<Rooted<AnyRef>> {
        let store = store.as_context_mut().0;
        if let Some(reference) = externref.reference(store)? {
            store.hold(reference);
        }
        Ok(Rooted::new(AnyRef {
            store: store.id(),
            bits: externref.bits(),
        }))
    }

    /// Returns the host value, if the reference is a converted `externref`.
    ///
    /// # Errors
    ///
    /// Returns an error if the reference belongs to another store or has been collected.
    pub fn host_data<'a, T: 'static>(
        &self,
        store: impl Into<StoreContext<'a, T>>,
    ) -> Result<Option<&'a (dyn Any + Send + Sync)>> {
        let store = store.into().0;
        Ok(match self.reference(store)? {
            Some(Reference::Extern(index)) => store.extern_value(index),
            _ => None,
        })
    }

    /// Returns whether the value is an `i31`.
    ///
    /// # Errors
    ///
    /// Returns an error if the reference belongs to another store or has been collected.
    pub fn is_i31(&self, store: impl AsContext) -> Result<bool> {
        let store = store.as_context().0;
        Ok(self.heap_type(store)? == module::HeapType::I31)
    }

    /// Returns whether the value is a structure.
    ///
    /// # Errors
    ///
    /// Returns an error if the reference belongs to another store or has been collected.
    pub fn is_struct(&self, store: impl AsContext) -> Result<bool> {
        let ty = self.heap_type(store.as_context().0)?;
        Ok(matches!(ty, module::HeapType::ConcreteStruct(_)))
    }

    /// Returns whether the value is an array.
    ///
    /// # Errors
    ///
    /// Returns an error if the reference belongs to another store or has been collected.
    pub fn is_array(&self, store: impl AsContext) -> Result<bool> {
        let ty = self.heap_type(store.as_context().0)?;
        Ok(matches!(ty, module::HeapType::ConcreteArray(_)))
    }

    /// Returns whether the value is one that `ref.eq` compares.
    ///
    /// # Errors
    ///
    /// Returns an error if the reference belongs to another store or has been collected.
    pub fn is_eqref(&self, store: impl AsContext) -> Result<bool> {
        let ty = self.heap_type(store.as_context().0)?;
        Ok(ty != module::HeapType::Any)
    }

    /// Returns the most precise type of the value.
    pub(super) fn heap_type(&self, store: &StoreInner) -> Result<module::HeapType> {
        self.reference(store)?;
        Ok(match AnyKind::of(self.bits.into()) {
            None => module::HeapType::None,
            Some(AnyKind::I31(_)) => module::HeapType::I31,
            Some(AnyKind::Extern(_)) => module::HeapType::Any,
            Some(AnyKind::Object(object)) => {
                let ty: TypeId = store.objects.type_of(object);
                match store.objects.layout(ty).kind {
                    CompositeKind::Array => module::HeapType::ConcreteArray(ty),
                    _ => module::HeapType::ConcreteStruct(ty),
                }
            }
        })
    }

    pub(super) fn from_bits(bits: u64, store: StoreId) -> Option<Rooted<AnyRef>> {
        let bits = bits as u32;
        (bits != 0).then(|| Rooted::new(AnyRef { store, bits }))
    }

    pub(super) fn bits(&self) -> u32 {
        self.bits
    }

    pub(super) fn belongs_to(&self, store: &StoreInner) -> bool {
        self.store == store.id()
    }
}
