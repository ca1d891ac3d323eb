//! A lock and a cell that is written once, with one face whether `std` is there or not.
//!
//! With `std` they are the system's, and a lock whose holder panicked is taken all the
//! same: what stands behind the locks here is changed in single steps. Without it they
//! spin, which is right where a wait is short: nothing here is held across a call of
//! guest code or of the host's.

#[cfg(any(test, not(feature = "std")))]
#[cfg_attr(feature = "std", allow(dead_code))]
mod spin;
#[cfg(feature = "std")]
mod standard;

#[cfg(not(feature = "std"))]
pub use spin::{Mutex, MutexGuard, OnceLock};
#[cfg(feature = "std")]
pub use standard::{Mutex, MutexGuard, OnceLock};
