//! `assemble IN.wat OUT.wasm`: assembles the text format, with a name section.

use std::{env, error::Error, fs, path::PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<PathBuf> = env::args_os().skip(1).map(PathBuf::from).collect();
    let [input, output] = arguments.as_slice() else {
        return Err("usage: assemble IN.wat OUT.wasm".into());
    };
    fs::write(output, wat::parse_file(input)?)?;
    Ok(())
}
