//! The name section of an image.

use wasm_encoder::{NameMap, NameSection};
use wasmparser::{BinaryReader, Result};

/// Number of the subsection with the names of element segments.
const ELEMENTS: u8 = 8;
/// Number of the subsection with the names of data segments.
const DATA: u8 = 9;

/// Returns the name section without the names of segments that the image does not have: those from
/// `elements` and from `data` on. Everything else is copied.
///
/// # Errors
///
/// If the section is malformed.
pub fn without_segments(contents: &[u8], elements: u32, data: u32) -> Result<NameSection> {
    let mut reader = BinaryReader::new(contents, 0);
    let mut section = NameSection::new();
    while !reader.eof() {
        let id = reader.read_u8()?;
        let len = reader.read_var_u32()? as usize;
        let subsection = reader.read_bytes(len)?;
        match id {
            ELEMENTS => section.elements(&below(subsection, elements)?),
            DATA => section.data(&below(subsection, data)?),
            _ => section.raw(id, subsection),
        }
    }
    Ok(section)
}

/// Returns the names of a map whose indices are below `limit`.
fn below(subsection: &[u8], limit: u32) -> Result<NameMap> {
    let mut reader = BinaryReader::new(subsection, 0);
    let mut names = NameMap::new();
    for _ in 0..reader.read_var_u32()? {
        let index = reader.read_var_u32()?;
        let name = reader.read_string()?;
        if index < limit {
            names.append(index, name);
        }
    }
    Ok(names)
}
