//! Ready images: modules that start in the state of an instance.
//!
//! Input: a store, and an instance of it none of whose functions is being called. Output: the bytes
//! of a module with the same code, whose memories, tables and globals have the present contents
//! from the start. Never allowed: a change of the bytes of code, to which debugging information
//! refers; a byte that depends on anything but the guest's actions.
//!
//! Most sections are copied. These are written anew:
//!
//! | section | change |
//! |---|---|
//! | table, memory | the minimum is the present size |
//! | global | the initial value is the present one |
//! | start | removed |
//! | export | without those that the caller removes |
//! | element, data | see below |
//! | data count | the number of segments |
//! | name | without the names of removed segments |
//!
//! Code refers to segments by their indices. Segments up to the last one that code refers to keep
//! them: those that were dropped, as active ones always are, become empty passive segments, and
//! others are copied. The rest is removed. Active segments with the present contents follow.
//!
//! ```text
//!   usage      functions and segments to which the code refers
//!   values     values as constant expressions
//!   tables     the table and element sections
//!   data       the data section                        runs   contents that become segments
//!   names      the name section
//! ```

mod data;
mod names;
mod runs;
mod tables;
mod usage;
mod values;

use crate::heap::{Instance, StoreInner};
use crate::ids::InstanceIndex;
use crate::module::{ExportItem, ExternType, Module};
use crate::support::error::{Error, Result};
use crate::{ensure, format_err};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use usage::Usage;
use values::Values;
use wasm_encoder::{
    DataCountSection, ExportKind, ExportSection, GlobalSection, GlobalType, MemorySection,
    MemoryType, RawSection, Section, SectionId,
};
use wasmparser::{Parser, Payload};

/// Largest number of segments of a section that other runtimes accept.
const MAX_SEGMENTS: usize = 100_000;

/// The sections except custom ones, in the order in which a module has them.
const ORDER: [SectionId; 13] = [
    SectionId::Type,
    SectionId::Import,
    SectionId::Function,
    SectionId::Table,
    SectionId::Memory,
    SectionId::Tag,
    SectionId::Global,
    SectionId::Export,
    SectionId::Start,
    SectionId::Element,
    SectionId::DataCount,
    SectionId::Code,
    SectionId::Data,
];

/// Checks that images can contain the state of a module's instances.
///
/// # Errors
///
/// If the module imports a memory, a table or a mutable global.
pub fn check(module: &Module) -> Result<()> {
    for import in &module.imports {
        let kind = match import.ty {
            ExternType::Memory(_) => "memory",
            ExternType::Table(_) => "table",
            ExternType::Global(ty) if ty.mutable => "mutable global",
            ExternType::Global(_) | ExternType::Func(_) | ExternType::Tag(_) => continue,
        };
        return Err(format_err!(
            "the module imports the {kind} `{}::{}`, whose state an image cannot contain",
            import.module,
            import.name
        ));
    }
    Ok(())
}

/// Writes the image of an instance, without the exports whose names are in `removed`.
///
/// # Errors
///
/// If the module does not pass [`check`]; if a global or table has a value that no constant
/// expression has; or if a section would be too large.
pub fn write(store: &StoreInner, instance: InstanceIndex, removed: &[&str]) -> Result<Vec<u8>> {
    let owner = store.instance(instance);
    let module = &**owner.module();
    check(module)?;
    let image = Image {
        store,
        owner,
        module,
        usage: Usage::of(module)?,
        values: Values::new(store, instance),
    };
    image.write(removed)
}

/// An instance whose image is written.
struct Image<'a> {
    store: &'a StoreInner,
    owner: &'a Instance,
    module: &'a Module,
    usage: Usage,
    values: Values<'a>,
}

impl Image<'_> {
    fn write(&self, removed: &[&str]) -> Result<Vec<u8>> {
        let present = self.present()?;
        // Functions that occur outside of code: only to these may code refer.
        let mut declared = BTreeSet::new();
        let mut made: BTreeMap<u8, Vec<u8>> = BTreeMap::new();
        let mut put = |section: &dyn Section, is_empty: bool| {
            let mut bytes = Vec::new();
            if !is_empty {
                section.append_to(&mut bytes);
            }
            made.insert(section.id(), bytes);
        };
        let memories = self.memories();
        put(&memories, memories.is_empty());
        let globals = self.globals(&mut declared)?;
        put(&globals, globals.is_empty());
        let exports = self.exports(removed, &mut declared);
        put(&exports, exports.is_empty());
        let (tables, elements) = self.tables(&mut declared)?;
        put(&tables, tables.is_empty());
        put(&elements, elements.is_empty());
        let data = self.data()?;
        put(&data, data.is_empty());
        let count = DataCountSection { count: data.len() };
        put(&count, !present.contains(&count.id()));
        made.insert(SectionId::Start.into(), Vec::new());

        let mut out = wasm_encoder::Module::HEADER.to_vec();
        for payload in self.parse() {
            let payload = payload.map_err(malformed)?;
            if let Payload::CustomSection(custom) = &payload
                && custom.name() == "name"
                && let Ok(names) =
                    names::without_segments(custom.data(), self.usage.elements, self.usage.data)
            {
                names.append_to(&mut out);
                continue;
            }
            let Some((id, range)) = payload.as_section() else {
                continue;
            };
            match made.get(&id) {
                Some(section) => out.extend_from_slice(section),
                None => {
                    let range = range.start as usize..range.end as usize;
                    let data = self.module.bytes.get(range).unwrap_or(&[]);
                    RawSection { id, data }.append_to(&mut out);
                }
            }
            // Sections that the module does not have follow the last one that precedes them.
            let place = ORDER.iter().position(|&other| u8::from(other) == id);
            let next = place.map_or(&[][..], |place| &ORDER[place + 1..]);
            for &id in next {
                if present.contains(&id.into()) {
                    break;
                }
                if let Some(section) = made.get(&id.into()) {
                    out.extend_from_slice(section);
                }
            }
        }
        Ok(out)
    }

    fn parse(&self) -> impl Iterator<Item = wasmparser::Result<Payload<'_>>> {
        let mut parser = Parser::new(0);
        parser.set_features(self.module.engine.tunables.features);
        parser.parse_all(&self.module.bytes)
    }

    /// Returns the numbers of the sections that the module has.
    fn present(&self) -> Result<BTreeSet<u8>> {
        let mut present = BTreeSet::new();
        for payload in self.parse() {
            let payload = payload.map_err(malformed)?;
            present.extend(payload.as_section().map(|(id, _)| id));
        }
        Ok(present)
    }

    fn memories(&self) -> MemorySection {
        let mut section = MemorySection::new();
        for &index in &self.owner.parts().memories {
            let memory = self.store.memory(index);
            let ty = memory.ty();
            section.memory(MemoryType {
                minimum: memory.pages(),
                maximum: ty.maximum,
                memory64: ty.memory64,
                shared: ty.shared,
                page_size_log2: (ty.page_size_log2 != 16).then_some(ty.page_size_log2),
            });
        }
        section
    }

    fn globals(&self, declared: &mut BTreeSet<u32>) -> Result<GlobalSection> {
        let mut section = GlobalSection::new();
        let first = self.module.imported_globals as usize;
        let globals = self.owner.parts().globals.iter().enumerate();
        for (index, &global) in globals.skip(first) {
            let global = self.store.global(global);
            let ty = global.ty();
            let value = self.values.expression(ty.value, global.get());
            let value = value.map_err(|kind| {
                let global = self.describe("global", ExportItem::Global(index as u32));
                format_err!("{global} refers to {kind}, which an image cannot contain")
            })?;
            declared.extend(value.get_ref_func());
            let ty = GlobalType {
                val_type: self.values.val_type(ty.value),
                mutable: ty.mutable,
                shared: false,
            };
            section.global(ty, &value);
        }
        Ok(section)
    }

    fn exports(&self, removed: &[&str], declared: &mut BTreeSet<u32>) -> ExportSection {
        let mut section = ExportSection::new();
        for export in &self.module.exports {
            if removed.contains(&&*export.name) {
                continue;
            }
            let (kind, index) = match export.item {
                ExportItem::Func(index) => {
                    declared.insert(index);
                    (ExportKind::Func, index)
                }
                ExportItem::Table(index) => (ExportKind::Table, index),
                ExportItem::Memory(index) => (ExportKind::Memory, index),
                ExportItem::Global(index) => (ExportKind::Global, index),
                ExportItem::Tag(index) => (ExportKind::Tag, index),
            };
            section.export(&export.name, kind, index);
        }
        section
    }

    /// Describes an item by its index and the name by which it is exported.
    fn describe(&self, kind: &str, item: ExportItem) -> String {
        let index = match item {
            ExportItem::Func(index)
            | ExportItem::Table(index)
            | ExportItem::Memory(index)
            | ExportItem::Global(index)
            | ExportItem::Tag(index) => index,
        };
        let mut exports = self.module.exports.iter();
        match exports.find(|export| export.item == item) {
            Some(export) => format!("{kind} {index} (`{}`)", export.name),
            None => format!("{kind} {index}"),
        }
    }
}

/// Returns the largest number of segments that each of `count` memories or tables may have after
/// `kept` others.
fn segments_each(kept: usize, count: usize) -> Result<usize> {
    let each = MAX_SEGMENTS.saturating_sub(kept) / count.max(1);
    ensure!(
        each > 0,
        "an image of this module would have too many segments"
    );
    Ok(each)
}

/// The module was parsed when it was made, so this does not happen.
fn malformed(error: wasmparser::Error) -> Error {
    format_err!("{error}")
}
