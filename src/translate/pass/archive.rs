//! Archives of modules: the code and the frame maps of all functions, as bytes.

use super::frame_map::FrameMap;
use super::function::{Function, Translated};
use crate::code::{Op, fingerprint};
use crate::ids::TypeId;
use crate::module::{ArchiveWriter, ArchivedFunction, Module};
use crate::support::error::Result;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

/// Returns a module as an archive: with the code and the frame maps of all functions.
///
/// # Errors
///
/// If a body is not valid, or the module is larger than archives can be.
pub fn archive(module: &Module) -> Result<Vec<u8>> {
    let mut writer = ArchiveWriter::new(module)?;
    // Of types with one identity, the first is named.
    let mut indices = BTreeMap::new();
    for (ty, index) in module.types.iter().zip(0..) {
        indices.entry(ty.id).or_insert(index);
    }
    let index = |id: TypeId| -> Option<u32> { indices.get(&id).copied() };
    for function in (module.imported_functions..).take(module.bodies.len()) {
        module.validate_body(function)?;
        let first = Function::translate(module, function, 0, Some(&[]))?;
        let instructions = observable(&first);
        let translated = Function::translate(module, function, 0, Some(&instructions))?;
        let assembler = &translated.values.assembler;
        if assembler
            .cells()
            .any(|cell| fingerprint::needs_vectors(cell.op()))
        {
            writer.uses_vectors();
        }
        let (mut code, mut catches, mut map) = (Vec::new(), Vec::new(), Vec::new());
        let positions = assembler.write_indexed(&mut code, index);
        translated.catches.write(&mut catches, &positions)?;
        let extent = translated.extent;
        FrameMap::of(translated).write(&mut map, &positions)?;
        writer.push(&ArchivedFunction {
            extent,
            code: &code,
            catches: &catches,
            map: &map,
        })?;
    }
    writer.finish()
}

/// Returns the offsets in the module of the instructions at which a frame can be seen: those with a cell
/// that can trap, call, suspend or allocate.
fn observable(translated: &Translated<'_>) -> Vec<u32> {
    let Some(mapping) = &translated.mapping else {
        return Vec::new();
    };
    let is_silent = |op: Op| {
        op.family().is_total()
            || matches!(
                op,
                Op::Copy | Op::Copy2 | Op::Copy4 | Op::CopyThrough | Op::CopyThrough2 | Op::Branch
            )
    };
    let cells = translated.values.assembler.cells();
    let cells = cells.filter(|cell| !is_silent(cell.op()));
    let mut instructions: Vec<u32> = cells
        .filter_map(|cell| mapping.sites.wasm_offset(cell.offset))
        .chain(mapping.first_instruction)
        .collect();
    instructions.sort_unstable();
    instructions.dedup();
    instructions
}
