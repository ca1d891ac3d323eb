//! A lock and a write-once cell, with the same interface with and without `std`.
//!
//! With `std` they are those of the standard library. A poisoned lock is taken nevertheless,
//! because each change to the values behind the locks is a single step. Without `std` they are
//! those of the crate `spin`, which takes 660 bytes of flash on a Cortex-M4. To spin is
//! sufficient for short waits: no lock is held during a call of guest code or of the host.

#[cfg(not(feature = "std"))]
mod spin;
#[cfg(feature = "std")]
mod standard;

#[cfg(not(feature = "std"))]
pub use spin::{Mutex, MutexGuard, OnceLock};
#[cfg(feature = "std")]
pub use standard::{Mutex, MutexGuard, OnceLock};
