//! A lock and a write-once cell, with the same interface with and without `std`.
//!
//! With `std` they are those of the standard library. A poisoned lock is taken nevertheless,
//! because each change to the values behind the locks is a single step. Without `std` they spin.
//! That is sufficient for short waits: no lock is held during a call of guest code or of the
//! host.

#[cfg(any(test, not(feature = "std")))]
#[cfg_attr(feature = "std", allow(dead_code))]
mod spin;
#[cfg(feature = "std")]
mod standard;

#[cfg(not(feature = "std"))]
pub use spin::{Mutex, MutexGuard, OnceLock};
#[cfg(feature = "std")]
pub use standard::{Mutex, MutexGuard, OnceLock};
