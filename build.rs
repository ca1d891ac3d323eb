//! Selects the dispatch backends of this build from facts that the crate's own configuration
//! does not contain: whether handlers are optimised (otherwise LLVM does not turn calls into
//! jumps), and whether the compiler is nightly.

use std::env;
use std::process::Command;

/// Targets on which LLVM turns a tail call to a function of the same signature, with eight
/// arguments, into a jump. The disassembly test verifies this.
const TAIL_CALL_TARGETS: &[&str] = &["x86_64", "aarch64", "riscv64"];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(backstitch_tail)");
    println!("cargo::rustc-check-cfg=cfg(backstitch_avx2)");
    println!("cargo::rustc-check-cfg=cfg(backstitch_become)");
    println!("cargo::rustc-check-cfg=cfg(backstitch_threads)");
    println!("cargo::rustc-check-cfg=cfg(backstitch_asm)");
    println!("cargo::rustc-check-cfg=cfg(backstitch_pages)");
    let is_set = |name: &str| env::var_os(name).is_some();
    let target = env::var("CARGO_CFG_TARGET_ARCH").unwrap_or_default();
    let optimised = env::var("OPT_LEVEL").is_ok_and(|level| level != "0");
    let instrumented = is_set("CARGO_CFG_MIRI") || is_set("CARGO_CFG_SANITIZE");
    if TAIL_CALL_TARGETS.contains(&target.as_str()) && optimised && !instrumented {
        println!("cargo::rustc-cfg=backstitch_tail");
    }
    // The `tail` backend, on an x86-64 that may have AVX2: found when an engine is made, for which
    // the standard library is needed.
    let features = env::var("CARGO_CFG_TARGET_FEATURE").unwrap_or_default();
    let always = features.split(',').any(|feature| feature == "avx2");
    if target == "x86_64"
        && optimised
        && !instrumented
        && !always
        && is_set("CARGO_FEATURE_SIMD")
        && is_set("CARGO_FEATURE_STD")
    {
        println!("cargo::rustc-cfg=backstitch_avx2");
    }
    // Memories that threads of the operating system share have 64-bit atomic instructions.
    let atomics = env::var("CARGO_CFG_TARGET_HAS_ATOMIC").unwrap_or_default();
    if is_set("CARGO_FEATURE_STD") && atomics.split(',').any(|width| width == "64") {
        println!("cargo::rustc-cfg=backstitch_threads");
    }
    // Instruments do not see what assembly accesses.
    if ["x86_64", "aarch64"].contains(&target.as_str()) && !instrumented {
        println!("cargo::rustc-cfg=backstitch_asm");
    }
    // Memories whose pages a fork shares. Instruments do not know what the system maps.
    let linux = env::var("CARGO_CFG_TARGET_OS").is_ok_and(|system| system == "linux");
    if is_set("CARGO_FEATURE_COPY_ON_WRITE") && linux && !instrumented {
        println!("cargo::rustc-cfg=backstitch_pages");
    }
    if is_set("CARGO_FEATURE_BECOME") && !instrumented && compiler_is_nightly() {
        println!("cargo::rustc-cfg=backstitch_become");
    }
}

fn compiler_is_nightly() -> bool {
    let Some(rustc) = env::var_os("RUSTC") else {
        return false;
    };
    Command::new(rustc)
        .arg("--version")
        .output()
        .is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains("nightly"))
}
