//! The system's threads.

use alloc::vec::Vec;
use core::sync::atomic::{AtomicUsize, Ordering};
use std::panic::resume_unwind;
use std::sync::OnceLock;
use std::thread;

/// Below this many bytes of input, starting threads costs more than it saves.
const SERIAL_BYTES: usize = 64 << 10;
/// Each thread should have at least this many bytes of input.
const WORKER_BYTES: usize = 32 << 10;

/// How many threads pay for so many bytes of input.
pub fn workers(bytes: usize) -> usize {
    // Asking the system reads files on some, and takes longer than a small module does.
    static CORES: OnceLock<usize> = OnceLock::new();
    if bytes < SERIAL_BYTES {
        return 1;
    }
    let cores = *CORES.get_or_init(|| thread::available_parallelism().map_or(1, usize::from));
    cores.min(bytes / WORKER_BYTES)
}

/// Calls `work` with each number below `count`, on `workers` threads or fewer, and with
/// a state of the thread's own.
///
/// # Errors
///
/// The error for the lowest number.
pub fn try_for_each<S, E: Send>(
    count: usize,
    workers: usize,
    state: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, usize) -> Result<(), E> + Sync,
) -> Result<(), E> {
    let workers = workers.min(count);
    if workers <= 1 {
        let mut state = state();
        return (0..count).try_for_each(|index| work(&mut state, index));
    }
    // Small enough that no thread is left with a long tail, large enough that the
    // counter is not what they wait for.
    let batch = (count / (workers * 16)).clamp(1, 64);
    let next = AtomicUsize::new(0);
    let lowest_failure = AtomicUsize::new(usize::MAX);
    let run = || -> Option<(usize, E)> {
        let mut state = state();
        loop {
            let start = next.fetch_add(batch, Ordering::Relaxed);
            for index in start..count.min(start.saturating_add(batch)) {
                // A thread's numbers only rise, so there is nothing left for it to do.
                if index > lowest_failure.load(Ordering::Relaxed) {
                    return None;
                }
                if let Err(error) = work(&mut state, index) {
                    lowest_failure.fetch_min(index, Ordering::Relaxed);
                    return Some((index, error));
                }
            }
            if start >= count {
                return None;
            }
        }
    };
    thread::scope(|scope| {
        // Where the system has no thread left, fewer do the work.
        let helpers: Vec<_> = (1..workers)
            .map_while(|_| thread::Builder::new().spawn_scoped(scope, run).ok())
            .collect();
        let mut failure = run();
        for helper in helpers {
            let other = helper.join().unwrap_or_else(|panic| resume_unwind(panic));
            failure = match (failure, other) {
                (Some(one), Some(other)) => Some(if one.0 < other.0 { one } else { other }),
                (one, other) => one.or(other),
            };
        }
        failure.map_or(Ok(()), |(_, error)| Err(error))
    })
}
