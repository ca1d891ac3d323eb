//! References that the host holds.

use super::any_ref::AnyRef;
use super::array_ref::ArrayRef;
use super::context::{AsContext, AsContextMut};
use super::eq_ref::EqRef;
use super::heap_type::HeapType;
use super::reference::Ref;
use super::struct_ref::StructRef;
use crate::ensure;
use crate::format_err;
use crate::heap::{HostRoot, Reference, StoreInner};
use crate::ids::StoreId;
use crate::support::error::Result;
use alloc::sync::Arc;
use core::fmt;
use core::hash::{Hash, Hasher};
use core::ops::Deref;

/// The place of a reference that the host holds, and the store to which it belongs.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Root {
    store: StoreId,
    place: HostRoot,
}

impl Root {
    /// Holds what the bits of a reference that is not null refer to, until the current scope ends.
    pub(super) fn new(store: &mut StoreInner, bits: u32, reference: Option<Reference>) -> Root {
        Root {
            store: store.id(),
            place: store.root(bits, reference),
        }
    }

    /// Returns the bits of the reference.
    ///
    /// # Errors
    ///
    /// An error if it belongs to another store, or if the host no longer holds it.
    pub(super) fn bits(self, store: &StoreInner) -> Result<u32> {
        ensure!(self.belongs_to(store), "object used with the wrong store");
        store.rooted(self.place).ok_or_else(|| {
            format_err!("attempted to use a garbage-collected object that has been unrooted")
        })
    }

    pub(super) fn belongs_to(self, store: &StoreInner) -> bool {
        self.store == store.id()
    }

    /// Returns the same place in a fork of the store.
    ///
    /// # Panics
    ///
    /// Panics if `origin` does not own the reference.
    pub(super) fn in_fork(self, origin: &StoreInner, fork: &StoreInner) -> Root {
        assert!(self.belongs_to(origin), "object used with the wrong store");
        Root {
            store: fork.id(),
            ..self
        }
    }
}

impl fmt::Debug for Root {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.place, f)
    }
}

pub(super) mod sealed {
    use super::*;

    /// A type of what a store can hold for the host. Only types of this crate implement it.
    pub trait Kept: Copy + fmt::Debug + Send + Sync + 'static {
        /// Returns the object at a place.
        fn at(root: Root) -> Self;

        /// Returns the place.
        fn root(self) -> Root;

        /// Returns the collector's name of what a reference's bits refer to; none of an `i31`.
        fn reference(bits: u32) -> Option<Reference>;

        /// Returns the heap type that all such objects have.
        fn heap_type() -> HeapType;

        /// Makes a reference of the hierarchy.
        fn into_ref(value: Option<Rooted<Self>>) -> Ref
        where
            Self: GcRef;
    }

    /// A reference that the host holds.
    pub trait Held {}
}

use sealed::{Held, Kept};

/// Implements [`GcRef`] for a type that consists of a [`Root`].
macro_rules! gc_ref {
    ($ty:ident: $heap:ident in $hierarchy:ident, $reference:expr) => {
        impl $crate::api::rooted::GcRef for $ty {}

        impl $crate::api::rooted::sealed::Kept for $ty {
            #[inline]
            fn at(root: $crate::api::rooted::Root) -> $ty {
                $ty(root)
            }

            #[inline]
            fn root(self) -> $crate::api::rooted::Root {
                self.0
            }

            #[inline]
            fn reference(bits: u32) -> Option<$crate::heap::Reference> {
                ($reference)(bits)
            }

            fn heap_type() -> $crate::api::heap_type::HeapType {
                $crate::api::heap_type::HeapType::$heap
            }

            fn into_ref(
                value: Option<$crate::api::rooted::Rooted<$ty>>,
            ) -> $crate::api::reference::Ref {
                $crate::api::reference::Ref::$hierarchy(value.map(|value| value.cast()))
            }
        }
    };
}

pub(super) use gc_ref;

/// A type of objects to which a [`Rooted`] can refer.
///
/// Corresponds to [`wasmtime::GcRef`](https://docs.rs/wasmtime/latest/wasmtime/trait.GcRef.html).
pub trait GcRef: Kept {}

/// A reference that the host holds: a [`Rooted`] or an [`OwnedRooted`].
///
/// The trait is sealed.
///
/// Corresponds to
/// [`wasmtime::RootedGcRef`](https://docs.rs/wasmtime/latest/wasmtime/trait.RootedGcRef.html).
pub trait RootedGcRef<T: GcRef>: Held + Deref<Target = T> {}

/// A reference that the host holds until the current scope ends.
///
/// The host holds what it creates or receives until the host function that it is in returns, or
/// until the innermost [`RootScope`](crate::RootScope) ends. Outside both, it holds it as long as
/// the store lives. Each use of a `Rooted` after its scope returns an error; it never refers to
/// another object. An [`OwnedRooted`] holds its object longer.
///
/// ```
/// use backstitch::{Engine, ExternRef, RootScope, Store};
///
/// let mut store = Store::new(&Engine::default(), ());
/// let stale = {
///     let mut scope = RootScope::new(&mut store);
///     ExternRef::new(&mut scope, 5)?
/// };
/// assert!(stale.data(&store).is_err());
/// # Ok::<(), backstitch::Error>(())
/// ```
///
/// Corresponds to
/// [`wasmtime::Rooted`](https://docs.rs/wasmtime/latest/wasmtime/struct.Rooted.html).
#[derive(Clone, Copy, Debug)]
pub struct Rooted<T: GcRef>(T);

impl<T: GcRef> Held for Rooted<T> {}
impl<T: GcRef> RootedGcRef<T> for Rooted<T> {}

impl<T: GcRef> Rooted<T> {
    /// Holds what the bits of a reference refer to, unless they are null.
    #[inline]
    pub(super) fn from_bits(bits: u64, store: &mut StoreInner) -> Option<Rooted<T>> {
        let bits = bits as u32;
        (bits != 0).then(|| Rooted::new(store, bits))
    }

    /// Holds what the bits of a reference refer to. They are not null.
    pub(super) fn new(store: &mut StoreInner, bits: u32) -> Rooted<T> {
        Rooted::at(Root::new(store, bits, T::reference(bits)))
    }

    /// Returns the reference at a place, which is one to a `T`.
    #[inline]
    pub(super) fn at(root: Root) -> Rooted<T> {
        Rooted(T::at(root))
    }

    /// Returns the same reference as one to another type, which the object has.
    #[inline]
    pub(super) fn cast<U: GcRef>(self) -> Rooted<U> {
        Rooted::at(self.0.root())
    }

    /// Creates a reference that holds the object until it is dropped.
    ///
    /// # Errors
    ///
    /// Returns an error if the reference belongs to another store, if its scope has ended, or if
    /// there is no memory.
    pub fn to_owned_rooted(&self, mut store: impl AsContextMut) -> Result<OwnedRooted<T>> {
        let store = store.as_context_mut().0;
        OwnedRooted::new(store, self.0.root().bits(store)?)
    }

    /// Returns whether both are the same reference, which was created once and copied.
    ///
    /// Two references to the same object may be different: see [`Rooted::ref_eq`].
    pub fn rooted_eq(a: Rooted<T>, b: Rooted<T>) -> bool {
        a.0.root() == b.0.root()
    }

    /// Returns whether both refer to the same object, or are the same `i31`.
    ///
    /// # Errors
    ///
    /// Returns an error if a reference belongs to another store or its scope has ended.
    pub fn ref_eq(
        store: impl AsContext,
        a: &impl RootedGcRef<T>,
        b: &impl RootedGcRef<T>,
    ) -> Result<bool> {
        let store = store.as_context().0;
        Ok(a.root().bits(store)? == b.root().bits(store)?)
    }

    /// Hashes the reference. References that are equal by [`Rooted::rooted_eq`] have equal hashes.
    pub fn rooted_hash<H: Hasher>(&self, state: &mut H) {
        self.0.root().hash(state);
    }

    /// Hashes the identity of the object. References that are equal by [`Rooted::ref_eq`] have equal
    /// hashes.
    ///
    /// # Errors
    ///
    /// Returns an error if the reference belongs to another store or its scope has ended.
    pub fn ref_hash<H: Hasher>(&self, store: impl AsContext, state: &mut H) -> Result<()> {
        self.0.root().bits(store.as_context().0)?.hash(state);
        Ok(())
    }
}

impl<T: GcRef> Deref for Rooted<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
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
/// store.gc(None)?;
/// let value = kept.to_rooted(&mut store);
/// assert!(value.data(&store)?.is_some_and(|data| data.is::<&str>()));
/// # Ok::<(), backstitch::Error>(())
/// ```
///
/// Corresponds to
/// [`wasmtime::OwnedRooted`](https://docs.rs/wasmtime/latest/wasmtime/struct.OwnedRooted.html).
#[derive(Clone, Debug)]
pub struct OwnedRooted<T: GcRef> {
    value: T,
    /// Mark of the root: the store keeps the object until its own `Arc` is the only one.
    held: Arc<()>,
}

impl<T: GcRef> Held for OwnedRooted<T> {}
impl<T: GcRef> RootedGcRef<T> for OwnedRooted<T> {}

impl<T: GcRef> OwnedRooted<T> {
    /// Holds what the bits of a reference refer to. They are not null.
    pub(super) fn new(store: &mut StoreInner, bits: u32) -> Result<OwnedRooted<T>> {
        let (place, held) = store.root_until_dropped(bits, T::reference(bits))?;
        let store = store.id();
        let value = T::at(Root { store, place });
        Ok(OwnedRooted { value, held })
    }

    /// Returns the same reference as one to another type, which the object has.
    fn cast<U: GcRef>(self) -> OwnedRooted<U> {
        OwnedRooted {
            value: U::at(self.value.root()),
            held: self.held,
        }
    }

    /// Creates a reference that the current scope holds.
    ///
    /// # Panics
    ///
    /// Panics if `store` does not own this reference.
    pub fn to_rooted(&self, mut store: impl AsContextMut) -> Rooted<T> {
        let store = store.as_context_mut().0;
        match self.value.root().bits(store) {
            Ok(bits) => Rooted::new(store, bits),
            Err(error) => panic!("{error}"),
        }
    }

    /// Returns whether both refer to the same object: see [`Rooted::ref_eq`].
    ///
    /// # Errors
    ///
    /// Returns an error if a reference belongs to another store or its scope has ended.
    pub fn ref_eq(
        store: impl AsContext,
        a: &impl RootedGcRef<T>,
        b: &impl RootedGcRef<T>,
    ) -> Result<bool> {
        Rooted::ref_eq(store, a, b)
    }

    /// Hashes the reference. Clones have equal hashes.
    pub fn rooted_hash<H: Hasher>(&self, state: &mut H) {
        self.value.root().hash(state);
    }

    /// Hashes the identity of the object: see [`Rooted::ref_hash`].
    ///
    /// # Panics
    ///
    /// Panics if `store` does not own this reference.
    pub fn ref_hash<H: Hasher>(&self, store: impl AsContext, state: &mut H) {
        match self.value.root().bits(store.as_context().0) {
            Ok(bits) => bits.hash(state),
            Err(error) => panic!("{error}"),
        }
    }
}

impl<T: GcRef> Deref for OwnedRooted<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

macro_rules! upcasts {
    ($($from:ident as $to:ident: $method:ident $what:literal;)*) => {$(
        impl Rooted<$from> {
            #[doc = concat!("Returns the reference as one to ", $what, ".")]
            #[inline]
            pub fn $method(self) -> Rooted<$to> {
                self.cast()
            }
        }

        impl OwnedRooted<$from> {
            #[doc = concat!("Returns the reference as one to ", $what, ".")]
            #[inline]
            pub fn $method(self) -> OwnedRooted<$to> {
                self.cast()
            }
        }

        impl From<Rooted<$from>> for Rooted<$to> {
            fn from(value: Rooted<$from>) -> Rooted<$to> {
                value.cast()
            }
        }

        impl From<OwnedRooted<$from>> for OwnedRooted<$to> {
            fn from(value: OwnedRooted<$from>) -> OwnedRooted<$to> {
                value.cast()
            }
        }
    )*};
}

upcasts! {
    EqRef as AnyRef: to_anyref "any internal value";
    StructRef as AnyRef: to_anyref "any internal value";
    StructRef as EqRef: to_eqref "a value that `ref.eq` compares";
    ArrayRef as AnyRef: to_anyref "any internal value";
    ArrayRef as EqRef: to_eqref "a value that `ref.eq` compares";
}
