//! Passes the board's memory layout to the linker. Does nothing on a PC.

use std::env;
use std::error::Error;
use std::fs;
use std::path::PathBuf;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=memory.x");
    if env::var("CARGO_CFG_TARGET_OS")? == "none" {
        let directory = PathBuf::from(env::var("OUT_DIR")?);
        fs::copy("memory.x", directory.join("memory.x"))?;
        println!("cargo::rustc-link-search={}", directory.display());
        println!("cargo::rustc-link-arg-bins=-Tlink.x");
        // Keeps sections at their given addresses, without alignment to pages.
        println!("cargo::rustc-link-arg-bins=--nmagic");
    }
    Ok(())
}
