//! Validation of the sections of a module, except function bodies.

use crate::module::error::{Fault, Place};
use crate::module::sections::{Sections, usize_range};
use core::ops::Range;
use wasmparser::{
    BinaryReader, Encoding, FunctionBody, Parser, Payload, SectionLimited, ValidPayload, Validator,
    WasmFeatures,
};

/// Largest size of a body, in bytes, that is certainly within the validator's limits.
const SMALL_BODY: usize = 1 << 20;

impl<'a> Sections<'a> {
    /// Finds the sections and validates them with `features`. `self` must be empty. If the
    /// module is invalid, the parts before the fault are still filled in.
    pub(in crate::module) fn read(
        &mut self,
        bytes: &'a [u8],
        features: WasmFeatures,
    ) -> Result<(), Fault> {
        let mut validator = Validator::new_with_features(features);
        let mut parser = Parser::new(0);
        parser.set_features(features);
        for payload in parser.parse_all(bytes) {
            // A reference, because payloads are large.
            let payload = match &payload {
                Ok(payload) => payload,
                Err(error) => return Err(Fault::of_parser(error)),
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
