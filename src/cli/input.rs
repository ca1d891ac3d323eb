//! Reading a module from a file, binary or text.

use super::failure::Failure;
use std::fs;
use std::path::Path;

/// The first bytes of every WebAssembly binary.
const MAGIC: &[u8] = b"\0asm";

/// Reads a module's binary form. A file in the text format is converted to it.
pub(crate) fn read_module(path: &Path) -> Result<Vec<u8>, Failure> {
    let bytes = fs::read(path)
        .map_err(|error| Failure::Input(format!("cannot read `{}`: {error}", path.display())))?;
    if bytes.starts_with(MAGIC) {
        return Ok(bytes);
    }
    // The text format accepts this as a module without contents, which is never intended.
    if bytes.trim_ascii().is_empty() {
        return Err(Failure::Input(format!(
            "`{}` is empty and contains no module",
            path.display()
        )));
    }
    let Ok(text) = std::str::from_utf8(&bytes) else {
        return Err(Failure::Input(format!(
            "`{}` is not a WebAssembly module: it neither begins with the bytes 00 61 73 6d of a \
             binary, nor is it text in UTF-8",
            path.display()
        )));
    };
    wat::parse_str(text).map_err(|mut error| {
        error.set_path(path);
        Failure::Input(format!(
            "`{}` is not a WebAssembly module, neither binary nor text: {}",
            path.display(),
            shortened(&error.to_string())
        ))
    })
}

/// Shortens long lines of a text. An error quotes the faulty line, and a whole module can be one
/// line.
fn shortened(text: &str) -> String {
    const LENGTH: usize = 200;
    let cut = |line: &str| match line.char_indices().nth(LENGTH) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_string(),
    };
    text.lines().map(cut).collect::<Vec<_>>().join("\n")
}
