//! Explores every interleaving of threads for the state that they share: the interruption of
//! running code, the publication of translated code, and waiting at addresses. Files of the library are compiled here
//! again, with `loom`'s atomics and locks instead of the standard ones.

#![allow(dead_code, reason = "the files contain more than these tests use")]

// The paths `core`, `alloc` and `crate` in those files resolve to this file.
extern crate self as alloc;
extern crate self as core;

pub use std::{any, boxed, collections, ptr, task, vec};

/// Synchronization types of `loom`.
pub mod sync {
    pub use loom::sync::Arc;
    // No test has a weak reference.
    pub use std::sync::Weak;

    /// Atomics.
    pub mod atomic {
        pub use loom::sync::atomic::{AtomicBool, AtomicPtr, AtomicU8, AtomicUsize, Ordering};
    }
}

mod support {
    pub mod sync {
        pub use loom::sync::MutexGuard;

        /// Has the interface of the library's own mutex.
        #[derive(Debug)]
        pub struct Mutex<T>(loom::sync::Mutex<T>);

        impl<T: Default> Default for Mutex<T> {
            fn default() -> Mutex<T> {
                Mutex::new(T::default())
            }
        }

        impl<T> Mutex<T> {
            pub fn new(value: T) -> Mutex<T> {
                Mutex(loom::sync::Mutex::new(value))
            }

            pub fn lock(&self) -> MutexGuard<'_, T> {
                self.0.lock().expect("no thread panics")
            }
        }
    }
}

#[path = "../../../src/stack/interrupt.rs"]
mod interrupt;

#[path = "../../../src/support/wait_queue.rs"]
mod wait_queue;

#[path = "interleavings/block.rs"]
mod block;
#[path = "../../../src/code/module_code.rs"]
#[allow(dead_code, reason = "code that threads share has no probes")]
mod module_code;
#[path = "interleavings/waiting.rs"]
mod waiting;

use block::{CodeBlock, CodeHeader, HandlerTable};
use interrupt::{InterruptFlag, InterruptHandle};
use loom::cell::UnsafeCell;
use loom::model;
use loom::thread;
use module_code::ModuleCode;
use sync::Arc;
use sync::atomic::{AtomicUsize, Ordering};

/// Runs up to `rounds` rounds of a loop. Polls as the handlers of loop headers do, and returns to
/// the driver, which takes the interruption. Returns the number of interruptions taken.
fn run(flag: &InterruptFlag, rounds: usize) -> usize {
    (0..rounds)
        .filter(|_| flag.is_raised() && flag.take())
        .count()
}

#[test]
fn no_interruption_is_lost() {
    model(|| {
        let flag = Arc::new(InterruptFlag::default());
        let handle = InterruptHandle(Arc::clone(&flag));
        let other = thread::spawn(move || handle.interrupt());
        let taken = run(&flag, 2);
        other.join().expect("the other thread ends");
        // It is taken while the code runs, or in the next run, and only once.
        assert_eq!(taken + run(&flag, 2), 1);
    });
}

#[test]
fn interruptions_from_two_threads_are_one_or_two() {
    model(|| {
        let flag = Arc::new(InterruptFlag::default());
        let handle = InterruptHandle(Arc::clone(&flag));
        let wishes = Arc::new(AtomicUsize::new(0));
        let others = [handle.clone(), handle].map(|handle| {
            let wishes = Arc::clone(&wishes);
            thread::spawn(move || {
                wishes.fetch_add(1, Ordering::Relaxed);
                handle.interrupt();
            })
        });
        let taken = run(&flag, 1);
        let seen = wishes.load(Ordering::Relaxed);
        for other in others {
            other.join().expect("the other thread ends");
        }
        // A request that has not been noticed must still be taken.
        let left = run(&flag, 1);
        assert!((1..=2).contains(&(taken + left)));
        assert!(left == 1 || seen == 2);
        assert!(!flag.is_raised());
    });
}

#[test]
fn writes_before_an_interruption_are_visible_after_it() {
    model(|| {
        let flag = Arc::new(InterruptFlag::default());
        let handle = InterruptHandle(Arc::clone(&flag));
        let reason = Arc::new(UnsafeCell::new(0));
        let given = Arc::clone(&reason);
        let other = thread::spawn(move || {
            // SAFETY: no other thread reads it before the interruption.
            given.with_mut(|reason| unsafe { *reason = 7 });
            handle.interrupt();
        });
        if run(&flag, 2) > 0 {
            // SAFETY: the interruption has been taken; `loom` checks that this orders the accesses.
            assert_eq!(reason.with(|reason| unsafe { *reason }), 7);
        }
        other.join().expect("the other thread ends");
    });
}

/// A module of one function, and a call of that function in the module's code.
struct Shared {
    code: ModuleCode,
    /// Stands for the word in the call, which initially is the stub, like the module's entry.
    call: ModuleCode,
}

impl Shared {
    fn new() -> Arc<Shared> {
        let handlers = HandlerTable::leak();
        let [code, call] = [(); 2].map(|()| ModuleCode::new(handlers, 1));
        Arc::new(Shared { code, call })
    }

    /// Calls the function as running code does: through the word in the call, which is patched once
    /// there is code. Returns the code that ran.
    fn call(&self) -> *const CodeHeader {
        let stub = self.code.handlers().fixed.stub.code();
        let mut code = self.call.entry(0).load();
        if code == stub {
            code = self.code.published(0).unwrap_or_else(|| {
                // Both threads may get here and translate the function.
                self.code.publish(0, CodeBlock::of_function(0))
            });
            self.call.entry(0).replace(code);
        }
        // SAFETY: code lives as long as its module. `loom` checks that it is complete when read.
        let extent = unsafe { (*code).read() };
        assert_eq!(extent, 10);
        // The function must be found by the address of its code.
        let start = CodeBlock::start_of(code);
        let location = self.code.locate(start);
        assert_eq!(location.map(|location| location.function), Some(0));
        code
    }
}

#[test]
fn published_code_is_complete() {
    model(|| {
        let shared = Shared::new();
        let theirs = Arc::clone(&shared);
        let other = thread::spawn(move || theirs.call().addr());
        let ours = shared.call().addr();
        // The other thread's patch may happen between two calls of this thread.
        assert_eq!(shared.call().addr(), ours);
        let theirs = other.join().expect("the other thread ends");
        assert_eq!(ours, theirs, "the first to publish wins");
        assert_eq!(shared.call.entry(0).load().addr(), ours);
    });
}
