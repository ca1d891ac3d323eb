//! Assembles a module from the text format. With `--check`, only checks that the binary is up to
//! date.

use std::error::Error;
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [source, binary] => Ok(fs::write(binary, wat::parse_file(source)?)?),
        ["--check", source, binary] if wat::parse_file(source)? == fs::read(binary)? => Ok(()),
        ["--check", source, binary] => Err(format!(
            "{binary} is not up to date with {source}: run program/modules/build"
        )
        .into()),
        _ => Err("usage: assemble [--check] SOURCE.wat BINARY.wasm".into()),
    }
}
