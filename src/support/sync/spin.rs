//! A lock and a cell that spin, for targets without an operating system.
//!
//! # Invariants
//!
//! * **S1** The value of a [`Mutex`] is accessed only through its guard or `&mut`, and a guard
//!   exists only while `locked` is true.
//! * **S2** The value of a [`OnceLock`] is written only by the thread that changed the state
//!   from `EMPTY` to `BUSY`, and is not changed after the state is `READY`.

use core::cell::UnsafeCell;
use core::fmt;
use core::hint;
use core::mem::MaybeUninit;
use core::ops::{Deref, DerefMut};
use core::sync::atomic::{AtomicBool, AtomicU8, Ordering};

/// A mutual-exclusion lock around a value.
#[derive(Default)]
pub struct Mutex<T> {
    locked: AtomicBool,
    value: UnsafeCell<T>,
}

// SAFETY: S1: one thread at a time accesses the value, so it need not be `Sync`.
unsafe impl<T: Send> Sync for Mutex<T> {}

impl<T> Mutex<T> {
    /// Creates an unlocked lock.
    pub const fn new(value: T) -> Mutex<T> {
        Mutex {
            locked: AtomicBool::new(false),
            value: UnsafeCell::new(value),
        }
    }

    /// Waits until the lock is free and takes it. It is released when the guard is dropped.
    pub fn lock(&self) -> MutexGuard<'_, T> {
        while self
            .locked
            .compare_exchange_weak(false, true, Ordering::Acquire, Ordering::Relaxed)
            .is_err()
        {
            hint::spin_loop();
        }
        MutexGuard { mutex: self }
    }
}

impl<T: fmt::Debug> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The value is left out, because formatting must not block.
        f.debug_struct("Mutex").finish_non_exhaustive()
    }
}

/// Access to the value of a locked [`Mutex`]. Dropping the guard releases the lock.
pub struct MutexGuard<'a, T> {
    mutex: &'a Mutex<T>,
}

// SAFETY: a shared guard gives access to no more than `&T`.
unsafe impl<T: Sync> Sync for MutexGuard<'_, T> {}

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: S1: this guard holds the lock.
        unsafe { &*self.mutex.value.get() }
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: S1: this guard holds the lock, and is borrowed mutably.
        unsafe { &mut *self.mutex.value.get() }
    }
}

impl<T> Drop for MutexGuard<'_, T> {
    fn drop(&mut self) {
        self.mutex.locked.store(false, Ordering::Release);
    }
}

const EMPTY: u8 = 0;
const BUSY: u8 = 1;
const READY: u8 = 2;

/// A cell that is written once.
pub struct OnceLock<T> {
    state: AtomicU8,
    value: UnsafeCell<MaybeUninit<T>>,
}

// SAFETY: S2: the value is shared only when it does not change any more. It may have been
// created on another thread.
unsafe impl<T: Send + Sync> Sync for OnceLock<T> {}

impl<T> OnceLock<T> {
    /// Creates an empty cell.
    pub const fn new() -> OnceLock<T> {
        OnceLock {
            state: AtomicU8::new(EMPTY),
            value: UnsafeCell::new(MaybeUninit::uninit()),
        }
    }

    /// Returns the value if it has been set.
    pub fn get(&self) -> Option<&T> {
        if self.state.load(Ordering::Acquire) != READY {
            return None;
        }
        // SAFETY: S2: the value is set and does not change.
        Some(unsafe { (*self.value.get()).assume_init_ref() })
    }

    /// Returns the value, and first sets it to the result of `make` if it is not set. If several
    /// threads call this at the same time, one calls `make` and the others wait. `make` must not
    /// access the cell.
    pub fn get_or_init(&self, make: impl FnOnce() -> T) -> &T {
        loop {
            if let Some(value) = self.get() {
                return value;
            }
            if self.begin() {
                break;
            }
            hint::spin_loop();
        }
        let reset = Reset(&self.state);
        let value = make();
        core::mem::forget(reset);
        self.finish(value)
    }

    fn begin(&self) -> bool {
        self.state
            .compare_exchange(EMPTY, BUSY, Ordering::Acquire, Ordering::Relaxed)
            .is_ok()
    }

    fn finish(&self, value: T) -> &T {
        // SAFETY: S2: the caller changed the state to `BUSY`, so no other thread accesses the
        // value.
        let value = unsafe { (*self.value.get()).write(value) };
        self.state.store(READY, Ordering::Release);
        value
    }
}

/// Resets the cell to empty if `make` panics.
struct Reset<'a>(&'a AtomicU8);

impl Drop for Reset<'_> {
    fn drop(&mut self) {
        self.0.store(EMPTY, Ordering::Release);
    }
}

impl<T> Default for OnceLock<T> {
    fn default() -> OnceLock<T> {
        OnceLock::new()
    }
}

impl<T: fmt::Debug> fmt::Debug for OnceLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OnceLock").field(&self.get()).finish()
    }
}

impl<T> Drop for OnceLock<T> {
    fn drop(&mut self) {
        if *self.state.get_mut() == READY {
            // SAFETY: S2: the value is set, and is not used again.
            unsafe { self.value.get_mut().assume_init_drop() };
        }
    }
}

#[cfg(all(test, feature = "std"))]
mod tests {
    use super::*;
    use alloc::sync::Arc;
    use core::sync::atomic::AtomicUsize;
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::thread;

    const ROUNDS: usize = if cfg!(miri) { 20 } else { 2_000 };

    #[test]
    fn one_thread_at_a_time() {
        let counter = Mutex::new((0_usize, 0_usize));
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..ROUNDS {
                        let mut guard = counter.lock();
                        guard.0 += 1;
                        guard.1 = guard.0 * 2;
                    }
                });
            }
        });
        assert_eq!(*counter.lock(), (4 * ROUNDS, 8 * ROUNDS));
    }

    #[test]
    fn written_once() {
        let made = AtomicUsize::new(0);
        let cell = OnceLock::new();
        thread::scope(|scope| {
            for number in 0..4 {
                let (cell, made) = (&cell, &made);
                scope.spawn(move || {
                    let value: &usize = cell.get_or_init(|| {
                        made.fetch_add(1, Ordering::Relaxed);
                        number
                    });
                    assert_eq!(Some(value), cell.get());
                });
            }
        });
        assert_eq!(made.into_inner(), 1);
        assert_ne!(*cell.get_or_init(|| usize::MAX), usize::MAX);
    }

    #[test]
    fn a_panic_leaves_it_empty() {
        let cell = OnceLock::new();
        let failed = catch_unwind(AssertUnwindSafe(|| {
            cell.get_or_init(|| panic!("on purpose"));
        }));
        assert!(failed.is_err() && cell.get().is_none());
        let value = Arc::clone(cell.get_or_init(|| Arc::new(1)));
        drop(cell);
        assert_eq!(Arc::strong_count(&value), 1);
    }
}
