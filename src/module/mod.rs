//! Modules: bytes that have been decoded and validated, and do not change any more.
//!
//! Flows in: bytes from an embedder, who need not be trusted with them. Flows out: a
//! [`Module`], which tells the other parts everything that its sections declare, and
//! where each function's body stands; a [`ModuleError`] for what is not valid or cannot
//! be run yet. Must never be: an instruction's meaning, or anything of one instance's.
//!
//! ```text
//! bytes ─► sections   where everything is            wasmparser
//!       ─► validate   … and whether it is valid      wasmparser, on threads
//!       ─► outline    declarations in our types      type_registry, const_expr, segment
//!       ─► Module     … with bytes, code and names
//! ```
//!
//! A module's sections are read twice, once by the validator and once for its outline:
//! they must be valid before types are interned, or invalid ones would fill the engine's
//! registry. Bodies are read once here; translation reads them again, mostly much later.

mod const_expr;
mod describe;
mod engine;
mod error;
mod link;
mod listed;
mod names;
mod outline;
mod sections;
mod segment;
mod slots;
mod translation;
mod type_registry;
mod types;
mod unsupported;
mod validate;

pub use const_expr::{ConstExpr, ConstOp};
pub use describe::{describe_extern, describe_type};
pub use engine::{CollectorPace, CompilationMode, EngineInner, Tunables};
pub use error::{ModuleError, Place};
pub use link::{Export, ExportItem, Import};
pub use listed::{ListedModule, MODULES};
pub use segment::{DataSegment, ElementItems, ElementSegment, SegmentMode};
pub use slots::{ValBits, read_values, slot_count, types_after};
pub use type_registry::{ModuleType, TypeRegistry};
pub use types::{
    CompositeKind, CompositeType, ExternType, FieldType, FuncType, GlobalType, HeapType,
    MemoryType, RefType, StorageType, SubType, TableType, ValType,
};

use crate::code::{Entry, ModuleCode};
use crate::ids::TypeId;
use crate::support::cache::Cache;
use crate::support::error::Error;
use crate::support::parallel;
use crate::support::registry::Listed;
use crate::support::sha256::sha256;
use crate::support::sync::OnceLock;
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::ops::Range;
use names::{LocalNames, Names};
use outline::Outline;
use sections::CustomSection;
use validate::{Bodies, Deferred, Valid};
use wasmparser::FuncValidatorAllocations;

/// The bytes of bodies that a thread should have to validate and translate: about 60 µs of
/// work.
const TRANSLATED_SHARE: usize = 3 << 10;

/// A module. It is immutable, but for code that is published in it when it is first
/// needed.
///
/// Indices are those of the module's index spaces, in which imported things come first.
pub struct Module {
    /// How a debugger finds it. Dropped first: what it points to follows.
    listed: Listed<ListedModule>,
    /// Its engine.
    pub engine: Arc<EngineInner>,
    /// Its binary.
    pub bytes: Arc<[u8]>,
    /// Its types.
    pub types: Vec<ModuleType>,
    /// What it needs, in order.
    pub imports: Vec<Import>,
    /// What it gives, in order.
    pub exports: Vec<Export>,
    /// The type of each function, as an index into `types`.
    pub functions: Vec<u32>,
    /// How many of the functions are imported.
    pub imported_functions: u32,
    /// The type of each table.
    pub tables: Vec<TableType>,
    /// How many of the tables are imported.
    pub imported_tables: u32,
    /// The first value of each defined table's elements; null where there is none.
    pub table_inits: Vec<Option<ConstExpr>>,
    /// The type of each memory.
    pub memories: Vec<MemoryType>,
    /// How many of the memories are imported.
    pub imported_memories: u32,
    /// The type of each tag, as an index into `types`.
    pub tags: Vec<u32>,
    /// How many of the tags are imported.
    pub imported_tags: u32,
    /// The type of each global.
    pub globals: Vec<GlobalType>,
    /// How many of the globals are imported.
    pub imported_globals: u32,
    /// The first value of each defined global.
    pub global_inits: Vec<ConstExpr>,
    /// Its element segments.
    pub elements: Vec<ElementSegment>,
    /// Its data segments.
    pub data: Vec<DataSegment>,
    /// The function that runs when it is instantiated.
    pub start: Option<u32>,
    /// The body of each defined function in `bytes`, from its local count to its end.
    pub bodies: Vec<Range<usize>>,
    /// Its functions' code, as far as it has been translated.
    pub code: ModuleCode,
    /// Indices of `exports`, sorted by name.
    exports_by_name: Box<[u32]>,
    custom: Vec<CustomSection>,
    names: OnceLock<Names>,
    local_names: OnceLock<LocalNames>,
    sha256: OnceLock<[u8; 32]>,
    /// What observers of its frames have asked for last, by function: for the translator to
    /// fill.
    pub frame_maps: Cache,
    /// For [`CompilationMode::Lazy`], where bodies have not been validated.
    deferred: Option<Deferred>,
}

impl Module {
    /// Decodes and validates a module; with [`CompilationMode::Eager`] also translates it.
    ///
    /// # Errors
    ///
    /// A [`ModuleError`] where the bytes are not a valid module that can be run, or
    /// whatever the translator says.
    pub fn new(engine: &Arc<EngineInner>, bytes: &[u8]) -> Result<Arc<Module>, Error> {
        let mode = engine.tunables.compilation;
        let bodies = match mode {
            CompilationMode::LazyTranslation => Bodies::Now,
            // Each body is validated right before it is translated.
            CompilationMode::Eager | CompilationMode::Lazy => Bodies::AtFirstCall,
        };
        let (mut sections, outline) = match check(engine, bytes, bodies) {
            // A faulty body comes before what is wrong behind it.
            Err(_) if mode == CompilationMode::Eager => check(engine, bytes, Bodies::Now)?,
            checked => checked?,
        };
        let mut deferred = match bodies {
            Bodies::Now => None,
            Bodies::AtFirstCall => Deferred::new(&mut sections, engine.tunables.features),
        };
        let now = match mode {
            CompilationMode::Eager => deferred.take(),
            CompilationMode::LazyTranslation | CompilationMode::Lazy => None,
        };
        let mut exports_by_name: Box<[u32]> = (0..outline.exports.len() as u32).collect();
        exports_by_name.sort_by_key(|&index| &*outline.exports[index as usize].name);
        let bytes: Arc<[u8]> = Arc::from(bytes);
        let code = ModuleCode::new(engine.handlers, outline.functions.len());
        let listed = ListedModule {
            bytes: bytes.as_ptr(),
            bytes_len: bytes.len(),
            entries: code.entries(),
            functions: outline.functions.len(),
            imported_functions: outline.imported_functions as usize,
        };
        let module = Arc::new(Module {
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
            local_names: OnceLock::new(),
            sha256: OnceLock::new(),
            frame_maps: Cache::default(),
            deferred,
        });
        if let Some(bodies) = now
            && let Err(error) = module.translate_all(&bodies, sections.code_size)
        {
            // What is invalid comes before what cannot be run, wherever they stand.
            Module::validate(engine, &module.bytes)?;
            return Err(error);
        }
        Ok(module)
    }

    /// Decodes and validates a module, all of it in every [`CompilationMode`].
    ///
    /// # Errors
    ///
    /// A [`ModuleError`] where the bytes are not a valid module that can be run.
    pub fn validate(engine: &Arc<EngineInner>, bytes: &[u8]) -> Result<(), Error> {
        check(engine, bytes, Bodies::Now)?;
        Ok(())
    }

    /// Validates the body of a function where that has not been done yet: to be called
    /// before it is translated. The driver calls it once for each function; a function
    /// that is invalid fails at each call.
    ///
    /// # Errors
    ///
    /// A [`ModuleError`] where the body is not valid or cannot be run.
    pub fn validate_body(&self, function: u32) -> Result<(), Error> {
        let Some(deferred) = &self.deferred else {
            return Ok(());
        };
        if let Some(body) = self.body(function) {
            let mut allocations = FuncValidatorAllocations::default();
            deferred.validate(&self.bytes, body, function, &mut allocations)?;
        }
        Ok(())
    }

    /// Validates and translates all bodies, each by the thread that has just read it.
    fn translate_all(&self, bodies: &Deferred, code_size: usize) -> Result<(), Error> {
        parallel::try_for_each(
            self.bodies.len(),
            parallel::workers(code_size, TRANSLATED_SHARE),
            |index| validate::is_large(&self.bodies[index], code_size),
            FuncValidatorAllocations::default,
            |allocations, index| {
                let function = self.imported_functions + index as u32;
                bodies.validate(&self.bytes, &self.bodies[index], function, allocations)?;
                self.publish_valid(function).map(|_| ())
            },
        )
    }

    /// Where the body of a function stands in the bytes; none for an imported one.
    pub fn body(&self, function: u32) -> Option<&Range<usize>> {
        self.bodies
            .get(function.checked_sub(self.imported_functions)? as usize)
    }

    /// The type of a function.
    pub fn func_type(&self, function: u32) -> &Arc<FuncType> {
        self.type_at(function).func()
    }

    /// The type of a function, by its identity in the engine.
    pub fn type_of_function(&self, function: u32) -> TypeId {
        self.type_at(function).id
    }

    fn type_at(&self, function: u32) -> &ModuleType {
        &self.types[self.functions[function as usize] as usize]
    }

    /// The type of a tag, whose parameters are its payload.
    pub fn tag_type(&self, tag: u32) -> &Arc<FuncType> {
        self.types[self.tags[tag as usize] as usize].func()
    }

    /// The type of a tag, by its identity in the engine.
    pub fn type_of_tag(&self, tag: u32) -> TypeId {
        self.types[self.tags[tag as usize] as usize].id
    }

    /// Where the code of a function is published.
    pub fn entry(&self, function: u32) -> *const Entry {
        self.code.entry(function)
    }

    /// The bytes of a data segment.
    pub fn data_bytes(&self, segment: u32) -> &[u8] {
        &self.bytes[self.data[segment as usize].range.clone()]
    }

    /// The export of that name.
    pub fn export(&self, name: &str) -> Option<ExportItem> {
        let export = |index: u32| &self.exports[index as usize];
        let at = self
            .exports_by_name
            .binary_search_by_key(&name, |&i| &export(i).name)
            .ok()?;
        Some(export(self.exports_by_name[at]).item)
    }

    /// Its name, by its name section.
    pub fn name(&self) -> Option<&str> {
        self.names().module(&self.bytes)
    }

    /// The name of a function, by the name section.
    pub fn func_name(&self, function: u32) -> Option<&str> {
        self.names().function(&self.bytes, function)
    }

    fn names(&self) -> &Names {
        self.names
            .get_or_init(|| Names::read(&self.bytes, &self.custom))
    }

    /// The name of a local of a function, by the name section.
    pub fn local_name(&self, function: u32, local: u32) -> Option<&str> {
        self.local_names
            .get_or_init(|| LocalNames::read(&self.bytes, &self.custom))
            .local(&self.bytes, function, local)
    }

    /// The SHA-256 of its binary, computed when it is first asked for.
    pub fn sha256(&self) -> &[u8; 32] {
        self.sha256.get_or_init(|| sha256(&self.bytes))
    }

    /// The contents of the custom sections of that name, in order.
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

/// Validates a module and reads its outline.
fn check<'a>(
    engine: &EngineInner,
    bytes: &'a [u8],
    bodies: Bodies,
) -> Result<(sections::Sections<'a>, Outline), ModuleError> {
    let Tunables {
        limits, features, ..
    } = engine.tunables;
    if bytes.len() > limits.module_size {
        return Err(ModuleError::TooLarge {
            size: bytes.len(),
            limit: limits.module_size,
        });
    }
    let Valid { sections, doubtful } = validate::module(bytes, features, bodies)?;
    let outline = Outline::read(&engine.types, &sections)?;
    if doubtful && bodies == Bodies::Now {
        validate::search_bodies(bytes, &sections)?;
    }
    Ok((sections, outline))
}

const _: () = {
    const fn assert_shared<T: Send + Sync>() {}
    assert_shared::<Module>();
    assert_shared::<EngineInner>();
};
