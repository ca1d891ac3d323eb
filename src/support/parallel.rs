//! Parallel work on independent items, on as many threads as pay.
//!
//! The result does not depend on the number of threads: every item before the first one that
//! fails is processed, and its error is returned.
//!
//! The cost of threads: to start a helper takes 10 to 20 µs of the calling thread, and the helper
//! begins to work after 15 to 40 µs (Linux in a virtual machine). In a process that has not done
//! this before, and most processes load one module, it takes 40 to 100 µs, and to find out the
//! number of cores another 40 to 70 µs. If no core is idle, all of this is lost. So helpers are
//! started for at least 350 µs of work, and for each further 170 µs.
//!
//! A pool of waiting threads would save 10 µs of these, but its threads would stay in a process
//! that only asked for a module. To sleep until a helper has ended takes another 25 µs, and to
//! join it 10 µs: so the caller spins, and joins no thread.

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
