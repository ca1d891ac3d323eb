//! Records which compilers built this binary: the header of a report names them, because a peer
//! written in C is as fast as its C compiler lets it be.

use std::env;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=CC");
    let rustc = env::var("RUSTC").unwrap_or_else(|_| "rustc".into());
    let cc = env::var("CC").unwrap_or_else(|_| "cc".into());
    println!("cargo::rustc-env=COMPARE_RUSTC={}", first_line(&rustc));
    println!("cargo::rustc-env=COMPARE_CC={}", first_line(&cc));
}

fn first_line(program: &str) -> String {
    Command::new(program)
        .arg("--version")
        .output()
        .ok()
        .and_then(|output| String::from_utf8(output.stdout).ok())
        .and_then(|text| text.lines().next().map(str::to_owned))
        .unwrap_or_else(|| "unknown".into())
}
