//! The lock and cell of the crate `spin`, for targets without an operating system.

pub use spin::mutex::{SpinMutex as Mutex, SpinMutexGuard as MutexGuard};

/// A cell that is written once.
#[derive(Debug)]
pub struct OnceLock<T>(spin::Once<T>);

impl<T> OnceLock<T> {
    /// Creates an empty cell.
    pub const fn new() -> OnceLock<T> {
        OnceLock(spin::Once::new())
    }

    /// Returns the value, and first sets it to the result of `make` if it is not set. If several
    /// threads call this at the same time, one calls `make` and the others wait. `make` must not
    /// access the cell.
    ///
    /// # Panics
    ///
    /// If `make` panics, and at every call after that.
    pub fn get_or_init(&self, make: impl FnOnce() -> T) -> &T {
        self.0.call_once(make)
    }
}

impl<T: Clone> Clone for OnceLock<T> {
    fn clone(&self) -> OnceLock<T> {
        OnceLock(match self.0.get() {
            Some(value) => spin::Once::initialized(value.clone()),
            None => spin::Once::new(),
        })
    }
}

impl<T> Default for OnceLock<T> {
    fn default() -> OnceLock<T> {
        OnceLock::new()
    }
}
