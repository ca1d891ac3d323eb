//! Declarations that types are safe to share between threads.

/// Implements `Send` and `Sync` for a type that contains addresses. The invocation's
/// documentation states why this is sound.
macro_rules! shared {
    ($(#[doc = $why:literal])+ $name:ty) => {
        // SAFETY: see the invocation.
        unsafe impl Send for $name {}
        // SAFETY: see the invocation.
        unsafe impl Sync for $name {}
    };
}

pub(crate) use shared;
