//! The code of modules in archives: written by the translator, and read in its place.

use super::frame_map::FrameMap;
use super::function::{Function, Translated};
use super::function_code::FunctionCode;
use crate::code::{Assembler, CatchTable, Op, Positions};
use crate::ids::TypeId;
use crate::module::{ArchiveWriter, ArchivedFunction, Module};
use crate::support::encoding::Reader;
use crate::support::error::Result;
use alloc::vec::Vec;

/// Returns a module as an archive: with the code and the frame maps of all functions.
///
/// # Errors
///
/// If a body is not valid, or the module is larger than archives can be.
pub fn archive(module: &Module) -> Result<Vec<u8>> {
    let mut writer = ArchiveWriter::new(module)?;
    let index = |id: TypeId| {
        let index = module.types.iter().position(|ty| ty.id == id)?;
        Some(index as u32)
    };
    for function in (module.imported_functions..).take(module.bodies.len()) {
        module.validate_body(function)?;
        let first = Function::translate(module, function, 0, Some(&[]))?;
        let instructions = observable(&first);
        let translated = Function::translate(module, function, 0, Some(&instructions))?;
        let (mut code, mut catches, mut map) = (Vec::new(), Vec::new(), Vec::new());
        let positions = translated.values.assembler.write_indexed(&mut code, index);
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

/// Returns the code of a function, and where its cells stand in the archive.
fn read(module: &Module, function: &ArchivedFunction<'_>) -> Result<(FunctionCode, Positions)> {
    let id = |index: u32| module.types.get(index as usize).map(|ty| ty.id);
    let (assembler, positions) = Assembler::read_indexed(function.code, id)?;
    let catches = CatchTable::read(&mut Reader::new(function.catches), &positions)?;
    let code = FunctionCode {
        assembler,
        catches,
        counters: Vec::new(),
        extent: function.extent,
    };
    Ok((code, positions))
}

/// Returns the code of a function of a module that comes from an archive; `None` if it does not.
///
/// # Errors
///
/// If the archive is damaged.
pub fn code(module: &Module, function: u32) -> Result<Option<FunctionCode>> {
    match module.archived(function)? {
        Some(function) => Ok(Some(read(module, &function)?.0)),
        None => Ok(None),
    }
}

/// Returns the frame map of a function of a module that comes from an archive, with the operands of the
/// instructions at these offsets; `None` if it does not.
///
/// # Errors
///
/// If the archive is damaged.
pub fn map(module: &Module, function: u32, wanted: &[u32]) -> Result<Option<FrameMap>> {
    let Some(function) = module.archived(function)? else {
        return Ok(None);
    };
    let (_, positions) = read(module, &function)?;
    let mut reader = Reader::new(function.map);
    FrameMap::read(&mut reader, &positions, wanted).map(Some)
}
