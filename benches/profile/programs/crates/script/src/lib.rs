//! A script that is parsed and then interpreted by walking its tree, with tagged values.

use rhai::{Engine, Scope};

const SCRIPT: &str = "
    fn ways(steps) { if steps < 2 { 1 } else { ways(steps - 1) + ways(steps - 2) } }
    let total = 0;
    let round = 0;
    while round < n {
        round += 1;
        total += ways(7) + round * 3 % 7;
        if round % 2 == 0 { total -= 1; }
    }
    total
";

/// Fills a buffer with constant bytes, in place of randomness.
#[unsafe(no_mangle)]
extern "Rust" fn __getrandom_v03_custom(
    bytes: *mut u8,
    len: usize,
) -> Result<(), getrandom::Error> {
    // SAFETY: the caller guarantees that `len` bytes can be written.
    unsafe { bytes.write_bytes(0x5a, len) };
    Ok(())
}

/// Runs the script's loop `n` times.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut scope = Scope::new();
    scope.push("n", i64::from(n));
    Engine::new_raw()
        .eval_with_scope(&mut scope, SCRIPT)
        .expect("the script is valid")
}
