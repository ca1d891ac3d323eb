//! One thread: the caller's.

/// How many threads pay for so many bytes of input, of which each should have a share.
pub fn workers(_bytes: usize, _share: usize) -> usize {
    1
}

/// Calls `work` with each number below `count`, and with a state of the thread's own.
///
/// # Errors
///
/// The error for the lowest number.
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
