//! Execution on the calling thread only.

/// Returns the number of threads that pay for `bytes` bytes of input, with at least `share`
/// bytes for each thread: always 1.
pub fn workers(_bytes: usize, _share: usize) -> usize {
    1
}

/// Calls `work` with each number below `count`, and with a state of the thread.
///
/// # Errors
///
/// The error of the lowest number.
pub fn try_for_each<S, E>(
    count: usize,
    _workers: usize,
    _large: impl Fn(usize) -> bool,
    state: impl Fn() -> S,
    work: impl Fn(&mut S, usize) -> Result<(), E>,
) -> Result<(), E> {
    let mut state = state();
    (0..count).try_for_each(|index| work(&mut state, index))
}
