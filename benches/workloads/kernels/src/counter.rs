//! Loops whose bodies are as short as possible without being folded away.

use std::hint::black_box;

/// Counts to a thousand times `n` in a local.
#[unsafe(no_mangle)]
pub extern "C" fn counter(n: i32) -> i64 {
    let mut state = 1u64;
    for i in 0..n as u32 * 1000 {
        state = state.rotate_left(5).wrapping_add(u64::from(i));
    }
    state as i64
}

/// Counts to a thousand times `n` in memory: a load, an add, a store.
#[unsafe(no_mangle)]
pub extern "C" fn counter_memory(n: i32) -> i64 {
    let mut count = 0u32;
    let place = black_box(&mut count);
    for _ in 0..n as u32 * 1000 {
        *black_box(&mut *place) += 3;
    }
    i64::from(*place)
}
