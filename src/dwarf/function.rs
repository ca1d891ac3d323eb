//! The functions of a program's source, at the places of their code.

use super::sections::Section;
use crate::support::error::Result;
use addr2line::gimli::{
    AttributeValue, DebugInfoOffset, DebuggingInformationEntry, DwAt, Dwarf, DwarfPackage, Unit,
    UnitOffset, UnitRef, constants,
};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use core::ops::Range;

/// Largest number of references that are followed from a function to its declaration.
const MAX_ORIGINS: usize = 16;

type Entry<'a> = DebuggingInformationEntry<Section<'a>>;

/// A place of a function of a program's source: its own code, or a copy of it in a function that it is
/// inlined into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFunction<'a> {
    /// The function's name, which may be mangled.
    pub name: &'a str,
    /// The path of the source file with the declaration, if it is known.
    pub file: Option<Arc<str>>,
    /// The line of the declaration, starting from 1, if it is known.
    pub line: Option<u32>,
    /// Offsets of the code in the module. Code of other functions may be in between.
    pub offsets: Range<u64>,
    /// `true` for code in another function.
    pub is_inlined: bool,
}

/// The units of a module's debugging information.
struct Units<'d, 'a> {
    dwarf: &'d Dwarf<Section<'a>>,
    /// The units, in their order.
    units: Vec<Unit<Section<'a>>>,
    /// The unit with the lines, if this is another one.
    skeleton: Option<UnitRef<'d, Section<'a>>>,
}

/// The name of a function, and the file and line of its declaration. The file is an index in the line table
/// of a unit, which is an index too.
struct Declaration<'a> {
    name: &'a str,
    file: Option<(usize, u64)>,
    line: Option<u32>,
}

/// Returns the places of all functions, in the order of the debugging information; those in a package are
/// the last. Their offsets are addresses.
///
/// # Errors
///
/// An error if the debugging information is malformed.
pub(super) fn functions<'a>(
    dwarf: &Dwarf<Section<'a>>,
    package: Option<&DwarfPackage<Section<'a>>>,
) -> Result<Vec<SourceFunction<'a>>> {
    let mut units = Vec::new();
    let mut headers = dwarf.units();
    while let Some(header) = headers.next()? {
        units.push(dwarf.unit(header)?);
    }
    let units = Units {
        dwarf,
        units,
        skeleton: None,
    };
    let mut functions = Vec::new();
    units.add_functions(&mut functions)?;
    let Some(package) = package else {
        return Ok(functions);
    };
    let mut seen = BTreeSet::new();
    for (index, unit) in units.units.iter().enumerate() {
        if let Some(id) = unit.dwo_id
            && seen.insert(id.0)
            && let Some(dwarf) = package.find_cu(id, dwarf)?
            && let Some(header) = dwarf.units().next()?
        {
            let mut split = dwarf.unit(header)?;
            split.copy_relocated_attributes(unit);
            let split = Units {
                dwarf: &dwarf,
                units: vec![split],
                skeleton: Some(units.unit(index)),
            };
            split.add_functions(&mut functions)?;
        }
    }
    Ok(functions)
}

impl<'a> Units<'_, 'a> {
    fn unit(&self, index: usize) -> UnitRef<'_, Section<'a>> {
        self.units[index].unit_ref(self.dwarf)
    }

    /// Adds the places of the functions of all units.
    fn add_functions(&self, functions: &mut Vec<SourceFunction<'a>>) -> Result<()> {
        // Many functions share a path.
        let mut paths: BTreeMap<(usize, u64), Option<Arc<str>>> = BTreeMap::new();
        for index in 0..self.units.len() {
            let unit = self.unit(index);
            let mut entries = unit.entries();
            while let Some(entry) = entries.next_dfs()? {
                let is_inlined = match entry.tag() {
                    constants::DW_TAG_subprogram => false,
                    constants::DW_TAG_inlined_subroutine => true,
                    _ => continue,
                };
                let mut offsets: Option<Range<u64>> = None;
                let mut ranges = unit.die_ranges(entry)?;
                while let Some(range) = ranges.next()? {
                    if range.begin < range.end {
                        let all = offsets.get_or_insert(range.begin..range.end);
                        *all = all.start.min(range.begin)..all.end.max(range.end);
                    }
                }
                if let Some(offsets) = offsets
                    && let Some(declaration) = self.declaration(index, entry)
                {
                    let file = declaration.file.and_then(|file| {
                        let path = paths.entry(file);
                        let lines = self.skeleton.unwrap_or_else(|| self.unit(file.0));
                        path.or_insert_with(|| path_of(lines, file.1)).clone()
                    });
                    functions.push(SourceFunction {
                        name: declaration.name,
                        file,
                        line: declaration.line,
                        offsets,
                        is_inlined,
                    });
                }
            }
        }
        Ok(())
    }

    /// Returns the declaration of a function. `None` if it has no name.
    fn declaration(&self, unit: usize, entry: &Entry<'a>) -> Option<Declaration<'a>> {
        let (mut name, mut linkage_name, mut file, mut line) = (None, None, None, None);
        let mut next = Some((unit, entry.clone()));
        for _ in 0..MAX_ORIGINS {
            let Some((at, entry)) = next else {
                break;
            };
            let text = |name: DwAt| text(self.unit(at), entry.attr_value(name)?);
            name = name.or_else(|| text(constants::DW_AT_name));
            linkage_name = linkage_name.or_else(|| text(constants::DW_AT_linkage_name));
            line = line.or_else(|| number(&entry, constants::DW_AT_decl_line));
            let index = || number(&entry, constants::DW_AT_decl_file);
            file = file.or_else(|| Some((at, index()?)));
            next = self.origin(at, &entry);
        }
        let line = line.and_then(|line| u32::try_from(line).ok());
        Some(Declaration {
            name: linkage_name.or(name)?,
            file,
            line: line.filter(|&line| line != 0),
        })
    }

    /// Returns the entry of which another one is a place or the definition, with the index of its unit.
    fn origin(&self, unit: usize, entry: &Entry<'a>) -> Option<(usize, Entry<'a>)> {
        let names = [
            constants::DW_AT_abstract_origin,
            constants::DW_AT_specification,
        ];
        let value = names.iter().find_map(|name| entry.attr_value(*name))?;
        let (unit, offset) = match value {
            AttributeValue::UnitRef(offset) => (unit, offset),
            AttributeValue::DebugInfoRef(offset) => self.find(offset)?,
            _ => return None,
        };
        let entry = self.unit(unit).entry(offset).ok()?;
        Some((unit, entry))
    }

    /// Returns the unit in which an offset is, and the offset in it.
    fn find(&self, offset: DebugInfoOffset) -> Option<(usize, UnitOffset)> {
        let start = |unit: &Unit<Section<'a>>| Some(unit.header.debug_info_offset()?.0);
        let after = self
            .units
            .partition_point(|unit| start(unit).is_some_and(|start| start <= offset.0));
        let index = after.checked_sub(1)?;
        Some((index, offset.to_unit_offset(&self.units[index].header)?))
    }
}

fn number(entry: &Entry<'_>, name: DwAt) -> Option<u64> {
    match entry.attr_value(name)? {
        AttributeValue::FileIndex(index) => Some(index),
        value => value.udata_value(),
    }
}

fn text<'a>(unit: UnitRef<'_, Section<'a>>, value: AttributeValue<Section<'a>>) -> Option<&'a str> {
    str::from_utf8(unit.attr_string(value).ok()?.slice()).ok()
}

/// Returns the path of a file of a unit's line table, as the positions of instructions have it.
fn path_of(unit: UnitRef<'_, Section<'_>>, index: u64) -> Option<Arc<str>> {
    let header = unit.line_program.as_ref()?.header();
    let file = header.file(index)?;
    let directory = unit.comp_dir.as_ref();
    let mut path = directory.map_or(String::new(), |directory| {
        String::from_utf8_lossy(directory.slice()).into_owned()
    });
    if file.directory_index() != 0
        && let Some(directory) = file.directory(header)
    {
        push(&mut path, text(unit, directory)?);
    }
    push(&mut path, text(unit, file.path_name())?);
    Some(path.into())
}

/// Appends a part to a path, or replaces the path if the part is absolute.
fn push(path: &mut String, part: &str) {
    let has_drive = |ending| part.get(1..3) == Some(ending);
    if part.starts_with(['/', '\\']) || has_drive(":/") || has_drive(":\\") {
        path.clear();
    } else if !path.is_empty() {
        let is_windows = path.starts_with('\\') || path.get(1..3) == Some(":\\");
        let separator = if is_windows { '\\' } else { '/' };
        if !path.ends_with(separator) {
            path.push(separator);
        }
    }
    path.push_str(part);
}
