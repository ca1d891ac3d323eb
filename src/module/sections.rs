//! The sections of a module: their positions, and validation of all except function bodies.

use super::error::{Complaint, Fault, Place};
use alloc::vec::Vec;
use core::ops::Range;
use core::str;
use wasmparser::types::Types;
use wasmparser::{
    BinaryReader, DataSectionReader, ElementSectionReader, Encoding, ExportSectionReader,
    FunctionBody, FunctionSectionReader, GlobalSectionReader, ImportSectionReader,
    MemorySectionReader, Parser, Payload, SectionLimited, TableSectionReader, TagSectionReader,
    TypeSectionReader, ValidPayload, Validator, ValidatorResources, WasmFeatures,
};

/// Largest size of a body, in bytes, that is certainly within the validator's limits.
const SMALL_BODY: usize = 1 << 20;

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
    pub first_body: u32,
    /// Validator state for the bodies, if there are any.
    pub resources: Option<ValidatorResources>,
    /// The types that the validator has found, once all is read.
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
    /// Finds the sections and validates them with `features`. `self` must be empty. If the
    /// module is invalid, the parts before the fault are still filled in.
    pub(super) fn read(&mut self, bytes: &'a [u8], features: WasmFeatures) -> Result<(), Fault> {
        let mut validator = Validator::new_with_features(features);
        let mut parser = Parser::new(0);
        parser.set_features(features);
        for payload in parser.parse_all(bytes) {
            // A reference, because payloads are large.
            let payload = match &payload {
                Ok(payload) => payload,
                Err(error) => {
                    return Err(Fault {
                        place: Place::Module,
                        error: Complaint::Validator(error.clone()),
                    });
                }
            };
            if let Payload::CodeSectionEntry(body) = payload
                && self.keep_body(body)
            {
                continue;
            }
            let place = place(payload);
            let faulty = |error: wasmparser::Error| Fault {
                place,
                error: error.into(),
            };
            check_count(payload).map_err(faulty)?;
            match validator.payload(payload).map_err(faulty)? {
                ValidPayload::Func(function, body) => {
                    if self.resources.is_none() {
                        self.first_body = function.index;
                        self.resources = Some(function.resources);
                    }
                    self.bodies.push(usize_range(body.range()));
                }
                ValidPayload::End(types) => self.validated = Some(types),
                _ => self.keep(payload),
            }
        }
        Ok(())
    }

    /// Finds the sections of a valid module. `self` must be empty.
    pub(super) fn find(&mut self, bytes: &'a [u8]) -> Result<(), Fault> {
        for payload in Parser::new(0).parse_all(bytes) {
            match &payload {
                Ok(Payload::CodeSectionEntry(body)) => self.bodies.push(usize_range(body.range())),
                Ok(payload) => self.keep(payload),
                Err(error) => {
                    return Err(Fault {
                        place: Place::Module,
                        error: Complaint::Validator(error.clone()),
                    });
                }
            }
        }
        Ok(())
    }

    /// Records the position of a body. Returns false if the validator must process it: for the
    /// first body, since the validator then returns the resources for all bodies; and for large
    /// ones, since the validator may refuse those. The parser has compared the number of bodies
    /// with the number of functions.
    fn keep_body(&mut self, body: &FunctionBody<'_>) -> bool {
        let range = usize_range(body.range());
        let plain = self.resources.is_some() && range.len() <= SMALL_BODY;
        if plain {
            self.bodies.push(range);
        }
        plain
    }

    fn keep(&mut self, payload: &Payload<'a>) {
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

/// Returns a reader for one body.
pub(super) fn body<'a>(
    bytes: &'a [u8],
    range: &Range<usize>,
    features: WasmFeatures,
) -> FunctionBody<'a> {
    let code = bytes.get(range.clone()).unwrap_or(&[]);
    FunctionBody::new(BinaryReader::new_features(
        code,
        range.start as u64,
        features,
    ))
}

/// The bytes are in memory, so offsets fit in a `usize`.
fn usize_range(range: Range<u64>) -> Range<usize> {
    range.start as usize..range.end as usize
}

fn place(payload: &Payload<'_>) -> Place {
    Place::Section(match payload {
        Payload::TypeSection(_) => "type",
        Payload::ImportSection(_) => "import",
        Payload::FunctionSection(_) => "function",
        Payload::TableSection(_) => "table",
        Payload::MemorySection(_) => "memory",
        Payload::TagSection(_) => "tag",
        Payload::GlobalSection(_) => "global",
        Payload::ExportSection(_) => "export",
        Payload::StartSection { .. } => "start",
        Payload::ElementSection(_) => "element",
        Payload::DataCountSection { .. } => "data count",
        Payload::CodeSectionStart { .. } | Payload::CodeSectionEntry(_) => "code",
        Payload::DataSection(_) => "data",
        Payload::CustomSection(_) => "custom",
        Payload::Version {
            encoding: Encoding::Component,
            ..
        } => return Place::Component,
        _ => return Place::Module,
    })
}

/// Refuses a section whose item count is larger than its size in bytes. Otherwise the validator
/// would reserve memory for all items before it finds that they are missing.
fn check_count(payload: &Payload<'_>) -> Result<(), wasmparser::Error> {
    match payload {
        Payload::TypeSection(reader) => fits(reader),
        Payload::ImportSection(reader) => fits(reader),
        Payload::FunctionSection(reader) => fits(reader),
        Payload::TableSection(reader) => fits(reader),
        Payload::MemorySection(reader) => fits(reader),
        Payload::TagSection(reader) => fits(reader),
        Payload::GlobalSection(reader) => fits(reader),
        Payload::ExportSection(reader) => fits(reader),
        Payload::ElementSection(reader) => fits(reader),
        Payload::DataSection(reader) => fits(reader),
        _ => Ok(()),
    }
}

fn fits<T>(reader: &SectionLimited<'_, T>) -> Result<(), wasmparser::Error> {
    let range = reader.range();
    if u64::from(reader.count()) <= range.end - range.start {
        return Ok(());
    }
    // The validator's errors have no public constructor. A reader without bytes returns the
    // error needed here.
    BinaryReader::new(&[], range.end).read_u8().map(|_| ())
}
