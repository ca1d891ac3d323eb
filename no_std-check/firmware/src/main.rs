//! The program on a Cortex-M4 without an operating system. On a PC it only prints an error.

#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
mod board;

#[cfg(not(target_os = "none"))]
fn main() {
    eprintln!("this is firmware: build it with --target thumbv7em-none-eabihf");
}
