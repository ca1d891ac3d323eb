//! Chooses the dispatch backends that this build has, from what the crate's own
//! configuration cannot see: whether handlers are optimised (without which LLVM turns no
//! call into a jump), and whether the compiler is a nightly one.

use std::env;
use std::process::Command;

/// Targets where LLVM makes a jump of a call with eight arguments at the end of a function
/// of the same signature, as the disassembly test has seen.
const TAIL_CALL_TARGETS: &[&str] = &["x86_64", "aarch64", "riscv64"];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(backstitch_tail)");
    println!("cargo::rustc-check-cfg=cfg(backstitch_become)");
    let is_set = |name: &str| env::var_os(name).is_some();
    let target = env::var("CARGO_CFG_TARGET_ARCH").unwrap_or_default();
    let optimised = env::var("OPT_LEVEL").is_ok_and(|level| level != "0");
    let instrumented = is_set("CARGO_CFG_MIRI") || is_set("CARGO_CFG_SANITIZE");
    if TAIL_CALL_TARGETS.contains(&target.as_str()) && optimised && !instrumented {
        println!("cargo::rustc-cfg=backstitch_tail");
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
