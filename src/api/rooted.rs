//! References that the host holds.

use super::context::{AsContext, AsContextMut};
use crate::support::error::Result;
use alloc::sync::Arc;
use core::ops::Deref;

pub(super) mod sealed {
    use crate::heap::{Reference, StoreInner};
    use crate::support::error::Result;

    /// A type of objects that a store can keep. Only types of this crate implement it.
    pub trait Kept: Copy {
        /// Returns the collector's name of the object; none of a value that is no object. Returns an
        /// error if the object belongs to another store or has been collected.
        fn reference(&self, store: &StoreInner) -> Result<Option<Reference>>;
    }
}

/// A type of objects to which a [`Rooted`] can refer.
///
/// Corresponds to [`wasmtime::GcRef`](https://docs.rs/wasmtime/latest/wasmtime/trait.GcRef.html).
pub trait GcRef: sealed::Kept {}

/// A reference that the host holds: the store does not free its object.
///
/// The host holds what it creates or receives until the host function that it is in returns, or
/// until the innermost [`RootScope`](crate::RootScope) ends. Outside both, it holds it as long as
/// the store lives. If a reference is used later and its object has been collected, the use
/// returns an error. An [`OwnedRooted`] holds its object longer.
///
/// Corresponds to
/// [`wasmtime::Rooted`](https://docs.rs/wasmtime/latest/wasmtime/struct.Rooted.html).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rooted<T: GcRef>(T);

impl<T: GcRef> Rooted<T> {
    pub(super) fn new(value: T) -> Rooted<T> {
        Rooted(value)
    }

    /// Creates a reference that holds the object until it is dropped.
    ///
    /// # Errors
    ///
    /// Returns an error if the reference belongs to another store, if its object has been
    /// collected, or if there is no memory.
    pub fn to_owned_rooted(&self, mut store: impl AsContextMut) -> Result<OwnedRooted<T>> {
        let store = store.as_context_mut().0;
        let reference = self.0.reference(store)?;
        Ok(OwnedRooted {
            value: self.0,
            _held: match reference {
                Some(reference) => store.hold_until_dropped(reference)?,
                None => Arc::new(()),
            },
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
    /// Returns whether both refer to the same object.
    pub fn rooted_eq(a: Rooted<T>, b: Rooted<T>) -> bool {
        a == b
    }

    /// Returns whether both refer to the same object.
    ///
    /// # Errors
    ///
    /// Never returns an error; the signature is that of Wasmtime.
    pub fn ref_eq(
        _store: impl AsContext,
        a: &impl Deref<Target = T>,
        b: &impl Deref<Target = T>,
    ) -> Result<bool> {
        Ok(**a == **b)
    }
}

/// A reference that the host holds until it and its clones are dropped, independently of scopes.
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
    /// Mark of the root: the store keeps the object until its own `Arc` is the only one.
    _held: Arc<()>,
}

impl<T: GcRef> OwnedRooted<T> {
    /// Creates a reference that the current scope holds.
    ///
    /// # Panics
    ///
    /// Panics if `store` does not own this reference.
    pub fn to_rooted(&self, mut store: impl AsContextMut) -> Rooted<T> {
        let store = store.as_context_mut().0;
        match self.value.reference(store) {
            Ok(Some(reference)) => store.hold(reference),
            Ok(None) => {}
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
