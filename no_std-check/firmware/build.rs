//! Tells the linker where the board's memory is; on a PC there is nothing to do.

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
        // Sections begin where they are said to, without room for page tables.
        println!("cargo::rustc-link-arg-bins=--nmagic");
    }
    Ok(())
}
