//! Newtypes that can be borrowed from a reference to the inner type.

/// Declares a newtype with a private field, and a conversion from a reference to the inner type.
///
/// # Why
///
/// The embedder's `Module` is the runtime's `Arc<Module>`. A function that returns `&Module` can
/// only borrow it from a stored `&Arc<Module>` by this conversion. To store the embedder's type
/// instead would make the runtime depend on the API.
macro_rules! transparent {
    ($(#[$meta:meta])* pub struct $name:ident($inner:ty);) => {
        $(#[$meta])*
        #[repr(transparent)]
        pub struct $name(pub(super) $inner);

        impl $name {
            /// Returns the same value as a reference to the newtype.
            pub(super) fn from_ref(inner: &$inner) -> &$name {
                // SAFETY: `repr(transparent)` gives both types one layout and one validity.
                unsafe { &*core::ptr::from_ref(inner).cast::<$name>() }
            }
        }
    };
}

pub(crate) use transparent;
