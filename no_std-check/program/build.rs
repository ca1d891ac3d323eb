//! With the feature `archives`, translates the modules ahead of time.

#[cfg(not(feature = "archives"))]
fn main() {
    println!("cargo::rerun-if-changed=build.rs");
}

#[cfg(feature = "archives")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo::rerun-if-changed=modules");
    let directory = std::path::PathBuf::from(std::env::var("OUT_DIR")?);
    for name in ["controller", "readings", "readings_lines", "vectors"] {
        let wasm = std::fs::read(format!("modules/{name}.wasm"))?;
        let archive = archives::archive(&wasm)?;
        std::fs::write(directory.join(format!("{name}.stitch")), archive)?;
    }
    Ok(())
}
