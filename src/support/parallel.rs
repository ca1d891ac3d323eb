//! Work on many independent items, on as many threads as pay.
//!
//! The outcome never depends on the number of threads: every item before the first one
//! that fails is worked on, and its error is the one that is returned.

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
        for workers in [1, 2, 3, 16] {
            let failed = try_for_each(
                1000,
                workers,
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
        assert_eq!(try_for_each(0, 4, || (), |(), _| Err(())), Ok(()));
        assert_eq!(workers(0), 1);
    }
}
