//! Fibonacci numbers, by recursion and by a loop.

/// Computes the `n`th number by its definition. The time is proportional to the result.
#[unsafe(no_mangle)]
pub extern "C" fn fibonacci_recursive(n: i32) -> i64 {
    if n < 2 {
        i64::from(n)
    } else {
        fibonacci_recursive(n - 1).wrapping_add(fibonacci_recursive(n - 2))
    }
}

/// Computes the number with index a thousand times `n`, modulo 2⁶⁴.
#[unsafe(no_mangle)]
pub extern "C" fn fibonacci_iterative(n: i32) -> i64 {
    let (mut a, mut b) = (0i64, 1i64);
    for _ in 0..n as u32 * 1000 {
        (a, b) = (b, a.wrapping_add(b));
    }
    a
}
