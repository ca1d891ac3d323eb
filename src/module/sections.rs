//! The sections of a module, and their positions.

use super::error::Fault;
use alloc::vec::Vec;
use core::ops::Range;
use core::str;
#[cfg(feature = "validate")]
use wasmparser::ValidatorResources;
#[cfg(feature = "validate")]
use wasmparser::types::Types;
use wasmparser::{
    DataSectionReader, ElementSectionReader, ExportSectionReader, FunctionSectionReader,
    GlobalSectionReader, ImportSectionReader, MemorySectionReader, Parser, Payload,
    TableSectionReader, TagSectionReader, TypeSectionReader,
};

/// The positions of a module's parts in its bytes.
#[derive(Default)]
pub(super) struct Sections<'a> {
    pub types: Option<TypeSectionReader<'a>>,
    pub imports: Option<ImportSectionReader<'a>>,
    pub functions: Option<FunctionSectionReader<'a>>,
    pub tables: Option<TableSectionReader<'a>>,
    pub memories: Option<MemorySectionReader<'a>>,
    pub tags: Option<TagSectionReader<'a>>,
    pub globals: Option<GlobalSectionReader<'a>>,
    pub exports: Option<ExportSectionReader<'a>>,
    pub elements: Option<ElementSectionReader<'a>>,
    pub data: Option<DataSectionReader<'a>>,
    pub start: Option<u32>,
    pub custom: Vec<CustomSection>,
    /// Range of each defined function's body, from its local declarations to its end.
    pub bodies: Vec<Range<usize>>,
    /// Total size of the bodies in bytes.
    pub code_size: usize,
    /// Index of the first defined function, if there are bodies.
    #[cfg(feature = "validate")]
    pub first_body: u32,
    /// Validator state for the bodies, if there are any.
    #[cfg(feature = "validate")]
    pub resources: Option<ValidatorResources>,
    /// The types that the validator has found, once all is read.
    #[cfg(feature = "validate")]
    pub validated: Option<Types>,
}

/// The position of a custom section.
#[derive(Clone, Debug)]
pub(super) struct CustomSection {
    pub name: Range<usize>,
    pub data: Range<usize>,
}

impl CustomSection {
    pub(super) fn name<'a>(&self, bytes: &'a [u8]) -> &'a str {
        bytes
            .get(self.name.clone())
            .and_then(|name| str::from_utf8(name).ok())
            .unwrap_or("")
    }

    pub(super) fn data<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        bytes.get(self.data.clone()).unwrap_or(&[])
    }
}

impl<'a> Sections<'a> {
    /// Finds the sections of a valid module. `self` must be empty.
    pub(super) fn find(&mut self, bytes: &'a [u8]) -> Result<(), Fault> {
        for payload in Parser::new(0).parse_all(bytes) {
            match &payload {
                Ok(Payload::CodeSectionEntry(body)) => self.bodies.push(usize_range(body.range())),
                Ok(payload) => self.keep(payload),
                Err(error) => return Err(Fault::of_parser(error)),
            }
        }
        Ok(())
    }

    pub(super) fn keep(&mut self, payload: &Payload<'a>) {
        match payload {
            Payload::TypeSection(reader) => self.types = Some(reader.clone()),
            Payload::ImportSection(reader) => self.imports = Some(reader.clone()),
            Payload::FunctionSection(reader) => self.functions = Some(reader.clone()),
            Payload::TableSection(reader) => self.tables = Some(reader.clone()),
            Payload::MemorySection(reader) => self.memories = Some(reader.clone()),
            Payload::GlobalSection(reader) => self.globals = Some(reader.clone()),
            Payload::ExportSection(reader) => self.exports = Some(reader.clone()),
            Payload::StartSection { func, .. } => self.start = Some(*func),
            Payload::TagSection(reader) => self.tags = Some(reader.clone()),
            Payload::ElementSection(reader) => self.elements = Some(reader.clone()),
            Payload::DataSection(reader) => self.data = Some(reader.clone()),
            Payload::CodeSectionStart { count, size, .. } => {
                self.code_size = *size as usize;
                // A body has at least two bytes.
                self.bodies
                    .reserve_exact((*count as usize).min(self.code_size / 2));
            }
            Payload::CustomSection(reader) => {
                let data = usize_range(reader.data_range());
                let name = data.start.saturating_sub(reader.name().len())..data.start;
                self.custom.push(CustomSection { name, data });
            }
            _ => {}
        }
    }
}

/// The bytes are in memory, so offsets fit in a `usize`.
pub(super) fn usize_range(range: Range<u64>) -> Range<usize> {
    range.start as usize..range.end as usize
}
