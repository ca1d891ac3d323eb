//! Types that are another type under a public name.

/// Declares a structure around one private value, and a way to see a borrowed value as
/// the structure.
///
/// # Why
///
/// The embedder's `Module` is the runtime's `Arc<Module>` and nothing more. A function
/// that returns `&Module` could not lend what is stored as `&Arc<Module>` otherwise, and
/// storing the embedder's type below the API would turn the layers upside down.
macro_rules! transparent {
    ($(#[$meta:meta])* pub struct $name:ident($inner:ty);) => {
        $(#[$meta])*
        #[repr(transparent)]
        pub struct $name(pub(super) $inner);

        impl $name {
            /// The same value, seen as the structure.
            pub(super) fn from_ref(inner: &$inner) -> &$name {
                // SAFETY: `repr(transparent)` gives both types one layout and one validity.
                unsafe { &*core::ptr::from_ref(inner).cast::<$name>() }
            }
        }
    };
}

pub(crate) use transparent;
