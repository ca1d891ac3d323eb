//! Modules with the debugging information of another file, for tools that read only one.

use super::sections::{File, INFO};
use crate::support::encoding;
use crate::support::error::Result;
use alloc::vec::Vec;

/// Returns a module with the DWARF of the first of these files that has some, in custom sections at its end.
///
/// Offsets of instructions remain the same. Returns `None` if the module has DWARF itself, or if no file has.
/// Packages of split DWARF are left out.
///
/// # Errors
///
/// If the bytes are not a module, or if a file has other code or another `build_id` than the module.
pub fn embed_debug_info(wasm: &[u8], files: &[&[u8]]) -> Result<Option<Vec<u8>>> {
    let module = File::read(wasm)?;
    let files = File::read_all(&module, files)?;
    let mut files = files.iter().filter(|file| file.sections.contains_key(INFO));
    let Some(file) = files.next().filter(|_| module.sections.is_empty()) else {
        return Ok(None);
    };
    let mut embedded = wasm.to_vec();
    for (name, data) in &file.sections {
        let mut contents = Vec::new();
        encoding::string(&mut contents, name)?;
        contents.extend_from_slice(data);
        // The number of custom sections.
        encoding::byte(&mut embedded, 0)?;
        encoding::bytes(&mut embedded, &contents)?;
    }
    Ok(Some(embedded))
}
