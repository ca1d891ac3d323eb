//! Work on many independent items, on as many threads as pay.
//!
//! The outcome never depends on the number of threads: every item before the first one
//! that fails is worked on, and its error is the one that is returned.
//!
//! How much pays: a helper costs the calling thread 22 µs, and begins to work after 40
//! (Linux, a virtual machine). The caller works in the meantime, so that half of what is
//! beyond about 60 µs is saved. A pool of threads that wait would save 10 of these, and
//! live on in a process that asked for a module. To sleep until a helper has ended costs
//! 25 more, and its end in the system 10: so the caller waits awake, and joins none.

#[cfg(not(feature = "std"))]
mod serial;
#[cfg(feature = "std")]
mod threads;

#[cfg(not(feature = "std"))]
pub use serial::{try_for_each, workers};
#[cfg(feature = "std")]
pub use threads::{try_for_each, workers};

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;
    use core::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn each_item_once() {
        for workers in [1, 2, 7] {
            let counts: Vec<AtomicUsize> = (0..100).map(|_| AtomicUsize::new(0)).collect();
            let done: Result<(), ()> = try_for_each(
                counts.len(),
                workers,
                |index| index % 9 == 5,
                || (),
                |(), index| {
                    counts[index].fetch_add(1, Ordering::Relaxed);
                    Ok(())
                },
            );
            assert_eq!(done, Ok(()));
            assert!(
                counts
                    .iter()
                    .all(|count| count.load(Ordering::Relaxed) == 1)
            );
        }
    }

    #[test]
    fn the_first_error_wins() {
        for (workers, large) in [(1, 100), (2, 100), (3, 77), (16, 7)] {
            let failed = try_for_each(
                1000,
                workers,
                |index| index % large == 0,
                || 0_usize,
                |seen, index| {
                    *seen += 1;
                    if index % 100 == 77 {
                        Err(index)
                    } else {
                        Ok(())
                    }
                },
            );
            assert_eq!(failed, Err(77));
        }
    }

    #[test]
    fn nothing_to_do() {
        assert_eq!(try_for_each(0, 4, |_| true, || (), |(), _| Err(())), Ok(()));
        assert_eq!(workers(0, 1), 1);
        assert_eq!(workers(1999, 1000), 1);
    }
}
