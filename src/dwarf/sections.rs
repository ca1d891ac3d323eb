//! The custom sections with debugging information, of a module and of files that belong to it.

use super::SECTIONS;
use crate::ensure;
use crate::support::error::Result;
use addr2line::gimli::{self, Dwarf, DwarfPackage, EndianSlice, LittleEndian};
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use wasmparser::{Parser, Payload};

/// The section that all DWARF has.
pub(super) const INFO: &str = ".debug_info";

/// The section that all packages of split DWARF have.
const PACKAGE: &str = ".debug_cu_index";

/// The section with an identifier of a module, which its files with debugging information have too.
const BUILD_ID: &str = "build_id";

pub(super) type Section<'a> = EndianSlice<'a, LittleEndian>;

/// The sections of a file that concern debugging information.
#[derive(Default)]
pub(super) struct File<'a> {
    /// The sections with debugging information, by their names.
    pub(super) sections: BTreeMap<&'a str, &'a [u8]>,
    /// Offset of the code section's contents in the file, and these contents.
    code: Option<(u64, &'a [u8])>,
    build_id: Option<&'a [u8]>,
}

/// The debugging information of a module.
pub(super) struct Sections<'a> {
    pub(super) dwarf: Dwarf<Section<'a>>,
    /// The units of which `dwarf` has only skeletons.
    pub(super) package: Option<DwarfPackage<Section<'a>>>,
    /// Offset in the module of the code section's contents.
    pub(super) code: u64,
}

impl<'a> Sections<'a> {
    /// Reads the sections of a module and of files with debugging information of it: `None` if there are
    /// none. The first file that has a kind of them counts; the module is the last.
    pub(super) fn read(wasm: &'a [u8], files: &[&'a [u8]]) -> Result<Option<Sections<'a>>> {
        let module = File::read(wasm)?;
        let others = File::read_all(&module, files)?;
        let with = |name| others.iter().find(|file| file.sections.contains_key(name));
        let main = &with(INFO).unwrap_or(&module).sections;
        if main.is_empty() {
            return Ok(None);
        }
        let package = match with(PACKAGE) {
            Some(file) => Some(DwarfPackage::load(
                |id| section(&file.sections, id.dwo_name()),
                Section::default(),
            )?),
            None => None,
        };
        Ok(Some(Sections {
            dwarf: Dwarf::load(|id| section(main, Some(id.name())))?,
            package,
            code: module.code.map_or(0, |(offset, _)| offset),
        }))
    }
}

impl<'a> File<'a> {
    /// Reads the files with debugging information of a module.
    pub(super) fn read_all(module: &File<'_>, files: &[&'a [u8]]) -> Result<Vec<File<'a>>> {
        let read = |bytes: &&'a [u8]| {
            let file = File::read(bytes)?;
            ensure!(
                file.fits(module),
                "the debugging information is that of another module"
            );
            Ok(file)
        };
        files.iter().map(read).collect()
    }

    pub(super) fn read(wasm: &'a [u8]) -> Result<File<'a>> {
        let mut file = File::default();
        for payload in Parser::new(0).parse_all(wasm) {
            match payload? {
                Payload::CodeSectionStart {
                    unchecked_range: range,
                    ..
                } => {
                    let bytes = wasm.get(range.start as usize..range.end as usize);
                    file.code = Some((range.start, bytes.unwrap_or_default()));
                }
                Payload::CustomSection(section) if section.name().starts_with(SECTIONS) => {
                    let known = file.sections.entry(section.name());
                    known.or_insert(section.data());
                }
                Payload::CustomSection(section) if section.name() == BUILD_ID => {
                    file.build_id = Some(section.data());
                }
                _ => {}
            }
        }
        Ok(file)
    }

    /// Returns whether the debugging information may be that of a module, as far as this can be known.
    fn fits(&self, module: &File<'_>) -> bool {
        let differ = |ours: Option<&[u8]>, theirs: Option<&[u8]>| {
            ours.zip(theirs)
                .is_some_and(|(ours, theirs)| ours != theirs)
        };
        let (ours, theirs) = (self.code, module.code);
        let (ours, theirs) = (ours.map(|(_, code)| code), theirs.map(|(_, code)| code));
        !differ(self.build_id, module.build_id) && !differ(ours, theirs)
    }
}

fn section<'a>(
    sections: &BTreeMap<&'a str, &'a [u8]>,
    name: Option<&str>,
) -> gimli::Result<Section<'a>> {
    let bytes = name.and_then(|name| sections.get(name)).copied();
    Ok(EndianSlice::new(bytes.unwrap_or_default(), LittleEndian))
}
