//! The functions and blocks that an instruction is in, and their variables.

use super::location::{self, Frame, Place};
use super::render::Renderer;
use super::{
    Entry, FrameValues, SourceScope, SourceVariable, Unit, attribute, name, text, type_of,
};
use addr2line::gimli::{self, AttributeValue, constants};
use alloc::vec::Vec;

/// Largest number of variables of a frame that are shown.
const MAX_VARIABLES: usize = 1000;

/// A function or block that is open while the entries are read in their order.
struct Open {
    depth: isize,
    /// The function that it is, or is a part of, as an index.
    function: usize,
}

/// Returns the variables that are in scope at an address: those of the innermost inlined function first.
pub(in crate::dwarf) fn scopes<'a>(
    unit: Unit<'_, 'a>,
    address: u64,
    values: &dyn FrameValues,
) -> gimli::Result<Vec<SourceScope>> {
    let mut frame = Frame {
        unit,
        address,
        values,
        base: None,
    };
    let mut functions: Vec<SourceScope> = Vec::new();
    let mut open: Vec<Open> = Vec::new();
    let mut count = 0;
    // Entries below this depth belong to code that is not executed here.
    let mut skipped: Option<isize> = None;
    let mut entries = unit.entries();
    while let Some(entry) = entries.next_dfs()? {
        let depth = entry.depth();
        if skipped.is_some_and(|limit| depth > limit) {
            continue;
        }
        skipped = None;
        while open.last().is_some_and(|scope| scope.depth >= depth) {
            open.pop();
        }
        if open.is_empty() && !functions.is_empty() {
            break;
        }
        match entry.tag() {
            constants::DW_TAG_subprogram
            | constants::DW_TAG_inlined_subroutine
            | constants::DW_TAG_lexical_block => {
                if !covers(unit, entry, address)? {
                    skipped = Some(depth);
                    continue;
                }
                let is_block = entry.tag() == constants::DW_TAG_lexical_block;
                let function = match open.last() {
                    Some(outer) if is_block => outer.function,
                    _ => {
                        if functions.is_empty() {
                            frame.base = location::frame_base(&frame, entry);
                        }
                        functions.push(SourceScope {
                            function: function_name(unit, entry),
                            variables: Vec::new(),
                        });
                        functions.len() - 1
                    }
                };
                open.push(Open { depth, function });
            }
            tag @ (constants::DW_TAG_formal_parameter | constants::DW_TAG_variable) => {
                let scope = open.last().filter(|scope| scope.depth + 1 == depth);
                if let Some(scope) = scope
                    && count < MAX_VARIABLES
                {
                    count += 1;
                    let is_parameter = tag == constants::DW_TAG_formal_parameter;
                    let variable = variable(&frame, entry, is_parameter);
                    functions[scope.function].variables.push(variable);
                }
            }
            _ => {}
        }
    }
    functions.reverse();
    Ok(functions)
}

fn covers<'a>(unit: Unit<'_, 'a>, entry: &Entry<'a>, address: u64) -> gimli::Result<bool> {
    let mut ranges = unit.die_ranges(entry)?;
    while let Some(range) = ranges.next()? {
        if (range.begin..range.end).contains(&address) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn function_name<'a>(unit: Unit<'_, 'a>, entry: &Entry<'a>) -> Option<alloc::string::String> {
    let linkage = attribute(unit, entry, constants::DW_AT_linkage_name);
    let linkage = linkage.and_then(|value| text(unit, value));
    linkage.or_else(|| name(unit, entry))
}

fn variable<'a>(frame: &Frame<'_, 'a>, entry: &Entry<'a>, is_parameter: bool) -> SourceVariable {
    let unit = frame.unit;
    let ty = type_of(unit, entry);
    let place = match attribute(unit, entry, constants::DW_AT_const_value) {
        Some(value) => constant(&value),
        None => attribute(unit, entry, constants::DW_AT_location)
            .and_then(|value| location::place(frame, value)),
    };
    let mut renderer = Renderer::new(frame);
    SourceVariable {
        name: name(unit, entry),
        ty: renderer.type_name(ty),
        value: place.and_then(|place| renderer.value(ty, &place)),
        is_parameter,
    }
}

/// Returns a value that the debugging information itself contains.
fn constant<'a>(value: &AttributeValue<super::Section<'a>>) -> Option<Place> {
    if let AttributeValue::Block(bytes) = value {
        return Some(Place::of_bytes(bytes.slice()));
    }
    let bits = value.udata_value();
    let bits = bits.or_else(|| value.sdata_value().map(i64::cast_unsigned))?;
    Some(Place::of_bytes(&bits.to_le_bytes()))
}
