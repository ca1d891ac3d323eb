//! How the host holds references.

use super::context::{AsContext, AsContextMut};
use crate::support::error::Result;
use alloc::sync::Arc;
use core::ops::Deref;

pub(super) mod sealed {
    use crate::heap::{Reference, StoreInner};
    use crate::support::error::Result;

    /// What a store keeps: only this crate's types.
    pub trait Kept: Copy {
        /// Its name for the collector. An error if it belongs to another store, or has been
        /// collected.
        fn reference(&self, store: &StoreInner) -> Result<Reference>;
    }
}

/// What a [`Rooted`] can hold.
pub trait GcRef: sealed::Kept {}

/// A reference that the host holds: the store does not free what it refers to.
///
/// The host holds what it has made and what it was given until the host function returns
/// in which that was, or the [`RootScope`](crate::RootScope) ends; outside both, as long
/// as the store lives. A reference used afterwards, when what it referred to has been
/// collected, gives an error. An [`OwnedRooted`] holds it for longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rooted<T: GcRef>(T);

impl<T: GcRef> Rooted<T> {
    pub(super) fn new(value: T) -> Rooted<T> {
        Rooted(value)
    }

    /// The same, held until that is dropped.
    ///
    /// # Errors
    ///
    /// If it belongs to another store, or has been collected; if there is no memory.
    pub fn to_owned_rooted(&self, mut store: impl AsContextMut) -> Result<OwnedRooted<T>> {
        let store = store.as_context_mut().0;
        let reference = self.0.reference(store)?;
        Ok(OwnedRooted {
            value: self.0,
            _held: store.hold_until_dropped(reference)?,
        })
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
    pub fn ref_eq(
        _store: impl AsContext,
        a: &impl Deref<Target = T>,
        b: &impl Deref<Target = T>,
    ) -> Result<bool> {
        Ok(**a == **b)
    }
}

/// A reference that the host holds until it and its clones are dropped, whatever scope it
/// was made in.
///
/// ```
/// use backstitch::{Engine, ExternRef, RootScope, Store};
///
/// let mut store = Store::new(&Engine::default(), ());
/// let kept = {
///     let mut scope = RootScope::new(&mut store);
///     let value = ExternRef::new(&mut scope, "kept")?;
///     value.to_owned_rooted(&mut scope)?
/// };
/// store.gc();
/// let value = kept.to_rooted(&mut store);
/// assert!(value.data(&store)?.is_some_and(|data| data.is::<&str>()));
/// # Ok::<(), backstitch::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct OwnedRooted<T: GcRef> {
    value: T,
    /// The store keeps the value until it alone has this.
    _held: Arc<()>,
}

impl<T: GcRef> OwnedRooted<T> {
    /// The same, held by the scope that there is now.
    ///
    /// # Panics
    ///
    /// If it belongs to another store.
    pub fn to_rooted(&self, mut store: impl AsContextMut) -> Rooted<T> {
        let store = store.as_context_mut().0;
        match self.value.reference(store) {
            Ok(reference) => store.hold(reference),
            Err(error) => panic!("{error}"),
        }
        Rooted(self.value)
    }
}

impl<T: GcRef> Deref for OwnedRooted<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}
