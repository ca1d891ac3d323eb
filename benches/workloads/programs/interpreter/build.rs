//! Assembles the guest, so that the workload needs no parser of the text format.

use std::{env, error::Error, fs, path::Path};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=src/guest.wat");
    let output = env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?;
    fs::write(
        Path::new(&output).join("guest.wasm"),
        wat::parse_file("src/guest.wat")?,
    )?;
    Ok(())
}
