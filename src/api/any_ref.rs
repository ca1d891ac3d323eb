//! References to internal values (`anyref`).

use super::array_ref::ArrayRef;
use super::context::{AsContext, AsContextMut, StoreContext};
use super::engine::Engine;
use super::eq_ref::EqRef;
use super::extern_ref::ExternRef;
use super::heap_type::HeapType;
use super::i31::I31;
use super::rooted::sealed::Kept as _;
use super::rooted::{Root, Rooted, gc_ref};
use super::struct_ref::StructRef;
use crate::heap::{AnyKind, Reference, StoreInner};
use crate::module::{self, CompositeKind};
use crate::support::error::Result;
use core::any::Any;

/// An internal value: a structure, an array, an `i31`, or a host value that was converted.
///
/// ```
/// use backstitch::{AnyRef, Engine, HeapType, I31, Store};
///
/// let mut store = Store::new(&Engine::default(), ());
/// let value = AnyRef::from_i31(&mut store, I31::wrapping_u32(1234));
/// assert!(value.is_eqref(&store)? && !value.is_struct(&store)?);
/// assert_eq!(value.unwrap_i31(&store)?.get_u32(), 1234);
/// assert_eq!(value.ty(&store)?, HeapType::I31);
/// # Ok::<(), backstitch::Error>(())
/// ```
///
/// Corresponds to
/// [`wasmtime::AnyRef`](https://docs.rs/wasmtime/latest/wasmtime/struct.AnyRef.html).
#[derive(Clone, Copy, Debug)]
pub struct AnyRef(Root);

gc_ref!(AnyRef: Any in Any, |bits: u32| Reference::of_any(bits.into()));

/// Returns what a reference of the `any` or `extern` hierarchy refers to.
pub(super) fn kind(root: Root, store: &StoreInner) -> Result<AnyKind> {
    let bits = root.bits(store)?;
    Ok(AnyKind::of(bits.into()).expect("null has no root"))
}

/// Returns the most precise type of a value.
pub(super) fn heap_type(root: Root, store: &StoreInner) -> Result<module::HeapType> {
    Ok(match kind(root, store)? {
        AnyKind::I31(_) => module::HeapType::I31,
        AnyKind::Extern(_) => module::HeapType::Any,
        AnyKind::Object(object) => {
            let ty = store.objects.type_of(object);
            module::HeapType::concrete(store.objects.layout(ty).kind, ty)
        }
    })
}

/// Returns whether a value is an object of this kind.
fn is_object(root: Root, store: &StoreInner, expected: CompositeKind) -> Result<bool> {
    Ok(match kind(root, store)? {
        AnyKind::Object(object) => store.objects.layout_of(object).kind == expected,
        AnyKind::I31(_) | AnyKind::Extern(_) => false,
    })
}

/// Defines the methods that references to internal values have in common.
macro_rules! internal_value {
    ($ty:ident, $name:literal) => {
        impl $ty {
            /// Creates a reference to an `i31`, which takes no space in the store's heap.
            pub fn from_i31(mut store: impl AsContextMut, value: I31) -> Rooted<$ty> {
                Rooted::new(store.as_context_mut().0, value.bits())
            }

            /// Returns the most precise type of the value.
            ///
            /// # Errors
            ///
            /// Returns an error if the reference belongs to another store or its scope has ended.
            pub fn ty(&self, store: impl AsContext) -> Result<HeapType> {
                let store = store.as_context().0;
                let ty = $crate::api::any_ref::heap_type(self.root(), store)?;
                Ok(HeapType::from_inner(Engine::from_ref(store.engine()), ty))
            }

            /// Returns whether the value is of type `ty`.
            ///
            /// # Errors
            ///
            /// Returns an error if the reference belongs to another store or its scope has ended.
            pub fn matches_ty(&self, store: impl AsContext, ty: &HeapType) -> Result<bool> {
                Ok(self.ty(store)?.matches(ty))
            }

            /// Returns whether the value is an `i31`.
            ///
            /// # Errors
            ///
            /// Returns an error if the reference belongs to another store or its scope has ended.
            pub fn is_i31(&self, store: impl AsContext) -> Result<bool> {
                Ok(self.as_i31(store)?.is_some())
            }

            /// Returns the value if it is an `i31`.
            ///
            /// # Errors
            ///
            /// Returns an error if the reference belongs to another store or its scope has ended.
            pub fn as_i31(&self, store: impl AsContext) -> Result<Option<I31>> {
                I31::of(self.root(), store.as_context().0)
            }

            /// Returns the value, which must be an `i31`.
            ///
            /// # Errors
            ///
            /// Returns an error if the reference belongs to another store or its scope has ended.
            ///
            /// # Panics
            ///
            /// Panics if it is something else.
            pub fn unwrap_i31(&self, store: impl AsContext) -> Result<I31> {
                let value = self.as_i31(store)?;
                Ok(value.expect(concat!($name, "::unwrap_i31 on non-i31")))
            }

            /// Returns whether the value is a structure.
            ///
            /// # Errors
            ///
            /// Returns an error if the reference belongs to another store or its scope has ended.
            pub fn is_struct(&self, store: impl AsContext) -> Result<bool> {
                $crate::api::any_ref::is_struct(self.root(), store.as_context().0)
            }

            /// Returns the reference as one to a structure, if it is that.
            ///
            /// # Errors
            ///
            /// Returns an error if the reference belongs to another store or its scope has ended.
            pub fn as_struct(&self, store: impl AsContext) -> Result<Option<Rooted<StructRef>>> {
                let is = self.is_struct(store)?;
                Ok(is.then(|| Rooted::at(self.root())))
            }

            /// Returns the reference as one to a structure.
            ///
            /// # Errors
            ///
            /// Returns an error if the reference belongs to another store or its scope has ended.
            ///
            /// # Panics
            ///
            /// Panics if the value is something else.
            pub fn unwrap_struct(&self, store: impl AsContext) -> Result<Rooted<StructRef>> {
                let value = self.as_struct(store)?;
                Ok(value.expect(concat!($name, "::unwrap_struct on non-structref")))
            }

            /// Returns whether the value is an array.
            ///
            /// # Errors
            ///
            /// Returns an error if the reference belongs to another store or its scope has ended.
            pub fn is_array(&self, store: impl AsContext) -> Result<bool> {
                $crate::api::any_ref::is_array(self.root(), store.as_context().0)
            }

            /// Returns the reference as one to an array, if it is that.
            ///
            /// # Errors
            ///
            /// Returns an error if the reference belongs to another store or its scope has ended.
            pub fn as_array(&self, store: impl AsContext) -> Result<Option<Rooted<ArrayRef>>> {
                let is = self.is_array(store)?;
                Ok(is.then(|| Rooted::at(self.root())))
            }

            /// Returns the reference as one to an array.
            ///
            /// # Errors
            ///
            /// Returns an error if the reference belongs to another store or its scope has ended.
            ///
            /// # Panics
            ///
            /// Panics if the value is something else.
            pub fn unwrap_array(&self, store: impl AsContext) -> Result<Rooted<ArrayRef>> {
                let value = self.as_array(store)?;
                Ok(value.expect(concat!($name, "::unwrap_array on non-arrayref")))
            }
        }
    };
}

pub(super) use internal_value;

/// Returns whether a value is a structure.
pub(super) fn is_struct(root: Root, store: &StoreInner) -> Result<bool> {
    is_object(root, store, CompositeKind::Struct)
}

/// Returns whether a value is an array.
pub(super) fn is_array(root: Root, store: &StoreInner) -> Result<bool> {
    is_object(root, store, CompositeKind::Array)
}

internal_value!(AnyRef, "AnyRef");

impl AnyRef {
    /// Converts an `externref` to an `anyref`, as `any.convert_extern` does.
    ///
    /// # Errors
    ///
    /// Returns an error if the reference belongs to another store or its scope has ended.
    pub fn convert_extern(
        mut store: impl AsContextMut,
        externref: Rooted<ExternRef>,
    ) -> Result<Rooted<AnyRef>> {
        let store = store.as_context_mut().0;
        let bits = externref.root().bits(store)?;
        Ok(Rooted::new(store, bits))
    }

    /// Returns the host value, if the reference is a converted `externref`.
    ///
    /// # Errors
    ///
    /// Returns an error if the reference belongs to another store or its scope has ended.
    pub fn host_data<'a, T: 'static>(
        &self,
        store: impl Into<StoreContext<'a, T>>,
    ) -> Result<Option<&'a (dyn Any + Send + Sync)>> {
        let store = store.into().0;
        Ok(match kind(self.0, store)? {
            AnyKind::Extern(index) => store.extern_value(index),
            AnyKind::I31(_) | AnyKind::Object(_) => None,
        })
    }

    /// Returns whether the value is one that `ref.eq` compares.
    ///
    /// # Errors
    ///
    /// Returns an error if the reference belongs to another store or its scope has ended.
    pub fn is_eqref(&self, store: impl AsContext) -> Result<bool> {
        let kind = kind(self.0, store.as_context().0)?;
        Ok(!matches!(kind, AnyKind::Extern(_)))
    }

    /// Returns the reference as one to a value that `ref.eq` compares, if it is that.
    ///
    /// # Errors
    ///
    /// Returns an error if the reference belongs to another store or its scope has ended.
    pub fn as_eqref(&self, store: impl AsContext) -> Result<Option<Rooted<EqRef>>> {
        let is = self.is_eqref(store)?;
        Ok(is.then(|| Rooted::at(self.0)))
    }

    /// Returns the reference as one to a value that `ref.eq` compares.
    ///
    /// # Errors
    ///
    /// Returns an error if the reference belongs to another store or its scope has ended.
    ///
    /// # Panics
    ///
    /// Panics if the value is something else.
    pub fn unwrap_eqref(&self, store: impl AsContext) -> Result<Rooted<EqRef>> {
        let value = self.as_eqref(store)?;
        Ok(value.expect("AnyRef::unwrap_eqref on non-eqref"))
    }

    /// Converts the reference to a number that identifies the value in this store.
    ///
    /// The number does not keep the value alive.
    ///
    /// # Errors
    ///
    /// Returns an error if the reference belongs to another store or its scope has ended.
    pub fn to_raw(&self, mut store: impl AsContextMut) -> Result<u32> {
        to_raw(self.0, store.as_context_mut().0)
    }

    /// Converts a number from [`AnyRef::to_raw`] back to a reference; 0 becomes `None`.
    ///
    /// Returns `None` if the value has been collected, unless its number has been given to another
    /// value.
    pub fn from_raw(mut store: impl AsContextMut, raw: u32) -> Option<Rooted<AnyRef>> {
        from_raw(raw, store.as_context_mut().0)
    }
}

/// Returns the bits of a reference, and records that the host has them.
pub(super) fn to_raw(root: Root, store: &mut StoreInner) -> Result<u32> {
    let bits = root.bits(store)?;
    if let Some(reference) = Reference::of_any(bits.into()) {
        store.see(reference);
    }
    Ok(bits)
}

/// Returns the reference of the `any` or `extern` hierarchy with these bits, if the host has had
/// them and they refer to a live value.
pub(super) fn from_raw<T: super::rooted::GcRef>(
    raw: u32,
    store: &mut StoreInner,
) -> Option<Rooted<T>> {
    let reference = Reference::of_any(raw.into());
    if reference.is_none_or(|reference| store.is_live(reference)) {
        Rooted::from_bits(raw.into(), store)
    } else {
        None
    }
}
