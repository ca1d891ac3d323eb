//! Execution on threads of the system.

use alloc::vec::Vec;
use core::hint;
use core::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread::{self, ScopedJoinHandle};

/// Number of times that the caller checks whether its helpers have ended before it sleeps. This
/// takes about as long as waking up from sleep.
const PATIENCE: u32 = 500;

/// Returns the number of threads that pay for `bytes` bytes of input, with at least `share`
/// bytes for each thread.
pub fn workers(bytes: usize, share: usize) -> usize {
    // Some systems read files to find this number, which takes longer than a small module does.
    static CORES: OnceLock<usize> = OnceLock::new();
    let most = bytes / share;
    if most < 2 {
        return 1;
    }
    let cores = *CORES.get_or_init(|| thread::available_parallelism().map_or(1, usize::from));
    cores.min(most)
}

/// Calls `work` with each number below `count`, and with a state of the thread, on at most
/// `workers` threads. If there are several threads, numbers for which `large` returns true come
/// first, so that no thread is left with a long item while the others are idle.
///
/// # Errors
///
/// The error of the lowest number.
pub fn try_for_each<S, E: Send>(
    count: usize,
    workers: usize,
    large: impl Fn(usize) -> bool + Sync,
    state: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, usize) -> Result<(), E> + Sync,
) -> Result<(), E> {
    let workers = workers.min(count);
    if workers <= 1 {
        let mut state = state();
        return (0..count).try_for_each(|index| work(&mut state, index));
    }
    // Small enough that no thread is left with many items at the end, and large enough that
    // threads do not contend for the counter.
    let batch = (count / (workers * 16)).clamp(1, 64);
    let large_ones: Vec<usize> = (0..count).filter(|&index| large(index)).collect();
    let next_large = AtomicUsize::new(0);
    let next = AtomicUsize::new(0);
    let lowest_failure = AtomicUsize::new(usize::MAX);
    let failure = Mutex::new(None);
    let run = || {
        let mut state = state();
        let mut attempt = |index| {
            if let Err(error) = work(&mut state, index) {
                let mut failure = failure.lock().unwrap_or_else(PoisonError::into_inner);
                if index < lowest_failure.fetch_min(index, Ordering::Relaxed) {
                    *failure = Some(error);
                }
            }
        };
        while let Some(&index) = large_ones.get(next_large.fetch_add(1, Ordering::Relaxed)) {
            if index < lowest_failure.load(Ordering::Relaxed) {
                attempt(index);
            }
        }
        loop {
            let start = next.fetch_add(batch, Ordering::Relaxed);
            if start >= count {
                return;
            }
            for index in start..count.min(start + batch) {
                // The numbers that this thread takes only rise from here, so it has nothing left
                // to do.
                if index > lowest_failure.load(Ordering::Relaxed) {
                    return;
                }
                if !large(index) {
                    attempt(index);
                }
            }
        }
    };
    thread::scope(|scope| {
        // If the system cannot create more threads, fewer do the work.
        let helpers: Vec<_> = (1..workers)
            .map_while(|_| thread::Builder::new().spawn_scoped(scope, run).ok())
            .collect();
        run();
        let at_work = || !helpers.iter().all(ScopedJoinHandle::is_finished);
        let mut patience = PATIENCE;
        while patience > 0 && at_work() {
            hint::spin_loop();
            patience -= 1;
        }
    });
    let failure = failure.into_inner();
    match failure.unwrap_or_else(PoisonError::into_inner) {
        Some(error) => Err(error),
        None => Ok(()),
    }
}
