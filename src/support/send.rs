//! Promises about threads that the compiler cannot see for itself.

/// Says that a type that holds addresses may be shared between threads, and why.
macro_rules! shared {
    ($(#[doc = $why:literal])+ $name:ty) => {
        // SAFETY: as the invocation says.
        unsafe impl Send for $name {}
        // SAFETY: as the invocation says.
        unsafe impl Sync for $name {}
    };
}

pub(crate) use shared;
