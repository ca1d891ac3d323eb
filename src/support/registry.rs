//! Process-wide lists for debuggers.
//!
//! A debugger that has stopped the process at any instruction follows `first` and each node's
//! `next`. A node is initialised before it is linked, and unlinked by a single store before it
//! is freed. So the list is consistent in forward direction at any time.
//!
//! # Invariants
//!
//! * **R1** A list's links are read and written only while its lock is held.
//! * **R2** A node is in its list from its creation until its [`Listed`] is dropped, which frees
//!   it.

use super::sync::Mutex;
use alloc::boxed::Box;
use core::cell::UnsafeCell;
use core::fmt;
use core::mem::offset_of;
use core::ptr::{self, NonNull};

/// A list, newest value first.
#[repr(C)]
pub struct List<T: 'static> {
    /// First node, or null.
    first: UnsafeCell<*mut Node<T>>,
    lock: Mutex<()>,
}

/// A node of a list.
#[repr(C)]
struct Node<T: 'static> {
    next: *mut Node<T>,
    previous: *mut Node<T>,
    value: T,
}

// SAFETY: R1; a list gives no access to the values.
unsafe impl<T> Sync for List<T> {}

impl<T> List<T> {
    /// Offset of the address of the first node, in bytes.
    pub const FIRST: usize = offset_of!(List<T>, first);
    /// Offset of the address of the next node, in bytes.
    pub const NEXT: usize = offset_of!(Node<T>, next);
    /// Offset of the value in a node, in bytes.
    pub const VALUE: usize = offset_of!(Node<T>, value);

    /// Creates an empty list.
    pub const fn new() -> List<T> {
        List {
            first: UnsafeCell::new(ptr::null_mut()),
            lock: Mutex::new(()),
        }
    }
}

/// A value in a list. Dropping this removes the value from the list. The value does not move.
pub struct Listed<T: 'static> {
    list: &'static List<T>,
    node: NonNull<Node<T>>,
}

// SAFETY: it owns the value, like a box; R1 protects the links.
unsafe impl<T: Send> Send for Listed<T> {}
// SAFETY: as above.
unsafe impl<T: Sync> Sync for Listed<T> {}

impl<T> Listed<T> {
    /// Adds a value to a list.
    pub fn new(list: &'static List<T>, value: T) -> Listed<T> {
        let node = NonNull::from(Box::leak(Box::new(Node {
            next: ptr::null_mut(),
            previous: ptr::null_mut(),
            value,
        })));
        let _guard = list.lock.lock();
        // SAFETY: R1; the node is new, and the first one is in the list (R2). The store to
        // `first` comes last, because a debugger may look at the list between two stores.
        unsafe {
            let first = *list.first.get();
            (*node.as_ptr()).next = first;
            if !first.is_null() {
                (*first).previous = node.as_ptr();
            }
            core::sync::atomic::compiler_fence(core::sync::atomic::Ordering::Release);
            list.first.get().write_volatile(node.as_ptr());
        }
        Listed { list, node }
    }

    /// Returns the address of the value, valid as long as `self`.
    pub fn value(&self) -> *const T {
        // SAFETY: R2.
        unsafe { &raw const (*self.node.as_ptr()).value }
    }
}

impl<T> Drop for Listed<T> {
    fn drop(&mut self) {
        let guard = self.list.lock.lock();
        // SAFETY: R1 and R2: the node and its neighbours are in the list.
        unsafe {
            let Node { next, previous, .. } = *self.node.as_ptr();
            if previous.is_null() {
                self.list.first.get().write_volatile(next);
            } else {
                (&raw mut (*previous).next).write_volatile(next);
            }
            if !next.is_null() {
                (*next).previous = previous;
            }
        }
        drop(guard);
        // SAFETY: the node came from a box in `new`, and is in no list any more.
        drop(unsafe { Box::from_raw(self.node.as_ptr()) });
    }
}

impl<T> fmt::Debug for Listed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listed").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    /// Returns the values as a debugger finds them.
    fn values<T: Copy>(list: &List<T>) -> Vec<T> {
        let _guard = list.lock.lock();
        let mut values = Vec::new();
        // SAFETY: R1, R2.
        unsafe {
            let mut node = *list.first.get();
            while !node.is_null() {
                values.push((*node).value);
                node = (*node).next;
            }
        }
        values
    }

    #[test]
    fn what_is_dropped_is_not_listed() {
        static LIST: List<u8> = List::new();
        assert!(values(&LIST).is_empty());
        let [one, two, three] = [1, 2, 3].map(|value| Listed::new(&LIST, value));
        assert_eq!(values(&LIST), [3, 2, 1]);
        drop(two);
        assert_eq!(values(&LIST), [3, 1]);
        drop(three);
        // SAFETY: `one` has not been dropped.
        assert_eq!(unsafe { *one.value() }, 1);
        drop(one);
        assert!(values(&LIST).is_empty());
    }

    #[cfg(feature = "std")]
    #[test]
    fn threads_come_and_go() {
        static LIST: List<usize> = List::new();
        let rounds = if cfg!(miri) { 10 } else { 1_000 };
        std::thread::scope(|scope| {
            for number in 0..4 {
                scope.spawn(move || {
                    let mut kept = None;
                    for _ in 0..rounds {
                        kept = Some(Listed::new(&LIST, number));
                    }
                    drop(kept);
                });
            }
        });
        assert!(values(&LIST).is_empty());
    }
}
