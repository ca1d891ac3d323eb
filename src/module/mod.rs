//! Modules: decoded, validated, immutable.
//!
//! * Input: bytes from an embedder. They may be hostile.
//! * Output: a [`Module`] with everything that the sections declare and the position of each
//!   function's body; or a [`ModuleError`] if the bytes are invalid or use an unsupported
//!   proposal.
//! * Never: the semantics of an instruction, or state of an instance.
//!
//! ```text
//! bytes ─► sections   where everything is            wasmparser
//!       ─► validate   … and whether it is valid      wasmparser, on threads
//!       ─► outline    declarations in our types      type_registry, const_expr, segment
//!       ─► Module     … with bytes, code and names   creation
//! ```
//!
//! The module in an archive ([`archive`]) is not validated again.
//!
//! Sections are read twice, by the validator and for the outline. Types must be validated before
//! they are interned, because invalid ones would fill the engine's registry. This module reads
//! bodies once; translation reads them again, usually much later.

mod archive;
mod bytes;
mod const_expr;
#[cfg(feature = "validate")]
mod creation;
#[cfg(feature = "dwarf")]
mod debug_files;
mod describe;
mod engine;
mod error;
mod features;
mod link;
mod listed;
mod names;
mod object_layout;
mod outline;
mod probing;
mod sections;
mod segment;
mod slots;
mod translation;
mod type_registry;
mod types;
mod unsupported;
#[cfg(feature = "validate")]
mod validate;

#[cfg(feature = "std")]
pub use archive::MAGIC as ARCHIVE_MAGIC;
pub use archive::{Archive, ArchiveError, ArchiveWriter, ArchivedFunction};
pub use bytes::ModuleBytes;
pub use const_expr::{ConstExpr, ConstOp};
pub use describe::{describe_extern, describe_type};
pub use engine::{CollectorPace, CompilationMode, EngineInner, ProbeSet, Tunables};
pub use error::{ModuleError, Place};
pub use link::{Export, ExportItem, Import};
pub use listed::{ListedModule, MODULES};
pub use names::TypeNames;
pub use object_layout::{ARRAY_HEADER, FieldLayout, ObjectLayout, Storage};
pub use probing::{Counts, FunctionProbes, MadeCode, OwnProbes};
pub use segment::{DataSegment, ElementItems, ElementSegment, SegmentMode};
pub use slots::{ValBits, read_values, slot_count, types_after};
pub use type_registry::{ModuleType, TypeRegistry};
pub use types::{
    CompositeKind, CompositeType, ExternType, FieldType, FuncType, GlobalType, HeapType,
    MemoryType, RefType, StorageType, SubType, TableType, ValType,
};
#[cfg(feature = "validate")]
pub use validate::{FunctionTypes, SiteKind, SiteTypes};

use crate::code::ModuleCode;
use crate::ids::TypeId;
use crate::support::cache::Cache;
use crate::support::error::Error;
use crate::support::registry::Listed;
use crate::support::sha256::sha256;
use crate::support::sync::{Mutex, OnceLock};
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::ops::Range;
use error::Fault;
use names::Names;
use outline::Outline;
use sections::{CustomSection, Sections};
#[cfg(feature = "validate")]
use validate::Deferred;

/// A module. It is immutable except for translated code, which is added when it is first needed.
///
/// Indices are those of the module's index spaces, in which imports come first.
pub struct Module {
    /// Entry in the list of modules for debuggers. It is dropped first, because it points into
    /// the other fields.
    listed: Listed<ListedModule>,
    /// Engine of the module.
    pub engine: Arc<EngineInner>,
    /// The binary.
    pub bytes: ModuleBytes,
    /// The types that the module defines.
    pub types: Vec<ModuleType>,
    /// Imports, in the module's order.
    pub imports: Vec<Import>,
    /// Exports, in the module's order.
    pub exports: Vec<Export>,
    /// Type of each function, as an index into `types`.
    pub functions: Vec<u32>,
    /// Number of imported functions.
    pub imported_functions: u32,
    /// Type of each table.
    pub tables: Vec<TableType>,
    /// Number of imported tables.
    pub imported_tables: u32,
    /// Initial element of each table defined in the module; `None` for null.
    pub table_inits: Vec<Option<ConstExpr>>,
    /// Type of each memory.
    pub memories: Vec<MemoryType>,
    /// Number of imported memories.
    pub imported_memories: u32,
    /// Type of each tag, as an index into `types`.
    pub tags: Vec<u32>,
    /// Number of imported tags.
    pub imported_tags: u32,
    /// Type of each global.
    pub globals: Vec<GlobalType>,
    /// Number of imported globals.
    pub imported_globals: u32,
    /// Initial value of each global defined in the module.
    pub global_inits: Vec<ConstExpr>,
    /// Element segments.
    pub elements: Vec<ElementSegment>,
    /// Data segments.
    pub data: Vec<DataSegment>,
    /// The start function.
    pub start: Option<u32>,
    /// Range in `bytes` of each defined function's body, from its local declarations to its end.
    pub bodies: Vec<Range<usize>>,
    /// Translated code of the functions.
    pub code: ModuleCode,
    /// Indices of `exports`, sorted by name.
    exports_by_name: Box<[u32]>,
    custom: Vec<CustomSection>,
    names: OnceLock<Names>,
    sha256: OnceLock<[u8; 32]>,
    /// Files with debugging information, which the module shares with its copies.
    #[cfg(feature = "dwarf")]
    pub debug_files: Arc<debug_files::DebugFiles>,
    /// Frame maps that were used recently, by function. The translator makes them.
    pub frame_maps: Cache,
    /// The probes in the code, if the module is a store's own copy.
    pub own_probes: Option<Mutex<OwnProbes>>,
    /// The archive that the module comes from, if it comes from one.
    archive: Option<Archive>,
    /// Validator state if bodies have not been validated ([`CompilationMode::Lazy`]).
    #[cfg(feature = "validate")]
    deferred: Option<Deferred>,
}

/// The origin of a module's code, if that is not the translator alone.
#[derive(Default)]
struct Origin {
    archive: Option<Archive>,
    own_probes: Option<OwnProbes>,
    #[cfg(feature = "validate")]
    deferred: Option<Deferred>,
}

impl Module {
    /// Creates a module from an archive, which must be what the translator of this version has written
    /// for the module in it: neither is checked. Its bytes stay where they are.
    ///
    /// # Errors
    ///
    /// An [`ArchiveError`] if the bytes are not an archive for this engine; an error if the module in it
    /// cannot be read.
    pub fn from_archive(
        engine: &Arc<EngineInner>,
        bytes: &ModuleBytes,
    ) -> Result<Arc<Module>, Error> {
        let archive = Archive::open(engine, bytes)?;
        let bytes = Archive::contents(bytes)?;
        let (mut sections, mut outline) = (Sections::default(), Outline::default());
        sections.find(&bytes).map_err(Fault::into_invalid)?;
        outline.read(&engine.types, &sections)?;
        if sections.bodies.len() != archive.functions() {
            return Err(ArchiveError::Damaged.into());
        }
        let origin = Origin {
            archive: Some(archive),
            ..Origin::default()
        };
        Ok(Module::assemble(
            engine,
            bytes.clone(),
            sections,
            outline,
            origin,
        ))
    }

    /// Makes a module of its parts.
    fn assemble(
        engine: &Arc<EngineInner>,
        bytes: ModuleBytes,
        sections: Sections<'_>,
        outline: Outline,
        origin: Origin,
    ) -> Arc<Module> {
        let mut exports_by_name: Box<[u32]> = (0..outline.exports.len() as u32).collect();
        exports_by_name.sort_by_key(|&index| &*outline.exports[index as usize].name);
        let code = ModuleCode::new(engine.handlers, outline.functions.len());
        let listed = ListedModule {
            bytes: bytes.as_ptr(),
            bytes_len: bytes.len(),
            entries: code.entries(),
            functions: outline.functions.len(),
            imported_functions: outline.imported_functions as usize,
        };
        let sha256 = OnceLock::new();
        if let Some(Ok(hash)) = origin.archive.as_ref().map(Archive::sha256) {
            sha256.get_or_init(|| hash);
        }
        Arc::new(Module {
            listed: Listed::new(&MODULES, listed),
            engine: Arc::clone(engine),
            bytes,
            code,
            types: outline.types,
            imports: outline.imports,
            exports: outline.exports,
            functions: outline.functions,
            imported_functions: outline.imported_functions,
            tables: outline.tables,
            imported_tables: outline.imported_tables,
            table_inits: outline.table_inits,
            memories: outline.memories,
            imported_memories: outline.imported_memories,
            tags: outline.tags,
            imported_tags: outline.imported_tags,
            globals: outline.globals,
            imported_globals: outline.imported_globals,
            global_inits: outline.global_inits,
            elements: outline.elements,
            data: outline.data,
            start: sections.start,
            bodies: sections.bodies,
            exports_by_name,
            custom: sections.custom,
            names: OnceLock::new(),
            sha256,
            #[cfg(feature = "dwarf")]
            debug_files: Arc::default(),
            frame_maps: Cache::default(),
            own_probes: origin.own_probes.map(Mutex::new),
            archive: origin.archive,
            #[cfg(feature = "validate")]
            deferred: origin.deferred,
        })
    }

    /// Returns the code of a function, if the module comes from an archive.
    ///
    /// # Errors
    ///
    /// If the archive is damaged.
    pub fn archived(&self, function: u32) -> Result<Option<ArchivedFunction<'_>>, ArchiveError> {
        let defined = function.checked_sub(self.imported_functions);
        match (&self.archive, defined) {
            (Some(archive), Some(defined)) => archive.function(defined as usize).map(Some),
            _ => Ok(None),
        }
    }

    /// Returns a new copy of a module with the files with debugging information of the original.
    #[cfg_attr(not(feature = "dwarf"), allow(unused_mut, unused_variables))]
    pub fn with_debug_files_of(mut self: Arc<Module>, original: &Module) -> Arc<Module> {
        #[cfg(feature = "dwarf")]
        if let Some(module) = Arc::get_mut(&mut self) {
            module.debug_files = Arc::clone(&original.debug_files);
        }
        self
    }

    /// Returns the range of a function's body in `bytes`; `None` for an imported function.
    pub fn body(&self, function: u32) -> Option<&Range<usize>> {
        self.bodies
            .get(function.checked_sub(self.imported_functions)? as usize)
    }

    /// Returns the offset in `bytes` of a function's first instruction; `None` for an imported function.
    pub fn first_instruction(&self, function: u32) -> Option<u32> {
        let range = self.body(function)?.clone();
        let reader = wasmparser::BinaryReader::new(&self.bytes[range.clone()], range.start as u64);
        let body = wasmparser::FunctionBody::new(reader);
        let operators = body.get_binary_reader_for_operators().ok()?;
        u32::try_from(operators.original_position()).ok()
    }

    /// Returns the type of a function.
    pub fn func_type(&self, function: u32) -> &Arc<FuncType> {
        self.type_at(function).func()
    }

    /// Returns the identity of a function's type in the engine.
    pub fn type_of_function(&self, function: u32) -> TypeId {
        self.type_at(function).id
    }

    fn type_at(&self, function: u32) -> &ModuleType {
        &self.types[self.functions[function as usize] as usize]
    }

    /// Returns the type of a tag. Its parameters are the payload.
    pub fn tag_type(&self, tag: u32) -> &Arc<FuncType> {
        self.types[self.tags[tag as usize] as usize].func()
    }

    /// Returns the identity of a tag's type in the engine.
    pub fn type_of_tag(&self, tag: u32) -> TypeId {
        self.types[self.tags[tag as usize] as usize].id
    }

    /// Returns the bytes of a data segment.
    pub fn data_bytes(&self, segment: u32) -> &[u8] {
        &self.bytes[self.data[segment as usize].range.clone()]
    }

    /// Returns the export with this name.
    pub fn export(&self, name: &str) -> Option<ExportItem> {
        let export = |index: u32| &self.exports[index as usize];
        let at = self
            .exports_by_name
            .binary_search_by_key(&name, |&i| &export(i).name)
            .ok()?;
        Some(export(self.exports_by_name[at]).item)
    }

    /// Returns the module's name from the name section.
    pub fn name(&self) -> Option<&str> {
        self.names().module(&self.bytes)
    }

    /// Returns a function's name from the name section.
    pub fn func_name(&self, function: u32) -> Option<&str> {
        self.names().function(&self.bytes, function)
    }

    /// Reads the names of the module's types and their fields.
    pub fn type_names(&self) -> TypeNames<'_> {
        TypeNames::read(&self.bytes, &self.custom)
    }

    fn names(&self) -> &Names {
        self.names
            .get_or_init(|| Names::read(&self.bytes, &self.custom))
    }

    /// Returns the SHA-256 hash of the binary. It is computed at the first call.
    pub fn sha256(&self) -> &[u8; 32] {
        self.sha256.get_or_init(|| sha256(&self.bytes))
    }

    /// Returns the names of the custom sections, in the module's order.
    pub fn custom_section_names(&self) -> impl Iterator<Item = &str> {
        self.custom.iter().map(|section| section.name(&self.bytes))
    }

    /// Returns the contents of the custom sections with this name, in the module's order.
    pub fn custom_sections<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.custom
            .iter()
            .filter(move |section| section.name(&self.bytes) == name)
            .map(|section| section.data(&self.bytes))
    }
}

impl fmt::Debug for Module {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Module")
            .field("name", &self.name())
            .field("functions", &self.functions.len())
            .finish_non_exhaustive()
    }
}

const _: () = {
    const fn assert_shared<T: Send + Sync>() {}
    assert_shared::<Module>();
    assert_shared::<EngineInner>();
};
