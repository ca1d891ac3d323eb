//! The n-queens problem: recursion over bit masks.

fn place(all: u32, columns: u32, left: u32, right: u32) -> i64 {
    if columns == all {
        return 1;
    }
    let mut free = all & !(columns | left | right);
    let mut count = 0;
    while free != 0 {
        let queen = free & free.wrapping_neg();
        free ^= queen;
        count += place(
            all,
            columns | queen,
            (left | queen) << 1,
            (right | queen) >> 1,
        );
    }
    count
}

/// Counts the ways to place `n` queens on a board of that size. The time is exponential.
#[unsafe(no_mangle)]
pub extern "C" fn queens(n: i32) -> i64 {
    place((1 << n) - 1, 0, 0, 0)
}
