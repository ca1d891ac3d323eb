//! Requests to Callgrind, so that it counts one call only, without loading, translation and warm-up.

/// Begins counting in a run that was started with `--instr-atstart=no`. Does nothing without
/// Callgrind.
pub fn start() {
    #[cfg(target_arch = "x86_64")]
    request(START_INSTRUMENTATION);
}

/// Ends counting.
pub fn stop() {
    #[cfg(target_arch = "x86_64")]
    request(STOP_INSTRUMENTATION);
}

/// The first number of Callgrind's requests: its two letters, and the fifth and sixth request.
#[cfg(target_arch = "x86_64")]
const START_INSTRUMENTATION: usize = (b'C' as usize) << 24 | (b'T' as usize) << 16 | 4;
#[cfg(target_arch = "x86_64")]
const STOP_INSTRUMENTATION: usize = START_INSTRUMENTATION + 1;

/// Sends a request by the sequence of instructions that Valgrind recognises (see `valgrind.h`).
#[cfg(target_arch = "x86_64")]
fn request(number: usize) {
    let arguments = [number, 0, 0, 0, 0, 0];
    // SAFETY: The rotations add up to 128 bits, and the exchange is of a register with itself, so the
    // sequence has no effect on a processor. Valgrind reads `arguments` and writes `rdx`.
    unsafe {
        std::arch::asm!(
            "rol rdi, 3",
            "rol rdi, 13",
            "rol rdi, 61",
            "rol rdi, 51",
            "xchg rbx, rbx",
            in("rax") arguments.as_ptr(),
            inout("rdx") 0_usize => _,
        );
    }
}
