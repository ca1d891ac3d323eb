//! Modules.

#[cfg(feature = "dwarf")]
use super::demangle::Printable;
use super::engine::Engine;
use super::extern_type::{ExportType, ExternType, ImportType};
#[cfg(feature = "validate")]
use super::text;
#[cfg(feature = "profiling")]
use crate::code::CodeLocation;
#[cfg(feature = "dwarf")]
use crate::dwarf::{self, Symbolizer};
#[cfg(feature = "dwarf")]
use crate::ensure;
use crate::module::{self, ExportItem, ModuleBytes};
use crate::support::error::Result;
use crate::support::transparent::transparent;
use crate::translate;
#[cfg(feature = "profiling")]
use crate::walk;
use alloc::sync::Arc;
#[cfg(any(feature = "debug", feature = "dwarf"))]
use alloc::vec::Vec;
#[cfg(feature = "dwarf")]
use alloc::{format, string::String};
use core::fmt;

transparent! {
    /// A module that can be instantiated.
    ///
    /// It is immutable, cheap to clone, and can be shared between threads.
    ///
    /// Corresponds to
    /// [`wasmtime::Module`](https://docs.rs/wasmtime/latest/wasmtime/struct.Module.html).
    #[derive(Clone)]
    pub struct Module(Arc<module::Module>);
}

impl Module {
    /// Returns whether another module has the same bytes.
    #[cfg(feature = "debug")]
    pub(crate) fn has_bytes_of(&self, other: &Module) -> bool {
        self.0.is_copy_of(&other.0) || self.0.sha256() == other.0.sha256()
    }

    /// Returns the binary.
    #[cfg(feature = "debug")]
    pub(crate) fn binary(&self) -> &[u8] {
        &self.0.bytes
    }

    /// Returns the binary with debugging information that is in another file. `None` if there is none there
    /// that can be read.
    #[cfg(feature = "debug")]
    pub(crate) fn binary_with_debug_info(&self) -> Option<Vec<u8>> {
        #[cfg(feature = "dwarf")]
        let embedded = dwarf::embed_debug_info(&self.0.bytes, &self.debug_files()).ok()?;
        #[cfg(not(feature = "dwarf"))]
        let embedded = None;
        embedded
    }

    /// Reads the files with debugging information.
    #[cfg(feature = "dwarf")]
    fn debug_files(&self) -> Vec<&[u8]> {
        let files = self.0.debug_files.get().iter();
        files.map(|file| &**file).collect()
    }

    /// Returns the offset in the module of the first instruction at or after an offset. `None` if no
    /// function has one there.
    pub fn instruction_from(&self, offset: u32) -> Option<u32> {
        self.0.instruction_from(offset)
    }

    /// Creates a module from the binary format, or with feature `wat` also from the text format.
    ///
    /// [`Config::compilation_mode`](crate::Config::compilation_mode) determines whether functions
    /// are validated and translated now or at their first call.
    ///
    /// # Errors
    ///
    /// Returns a [`ModuleError`](crate::ModuleError) if the module is malformed, invalid, larger
    /// than the engine allows, or uses a proposal that is not supported.
    #[cfg(feature = "validate")]
    pub fn new(engine: &Engine, bytes: impl AsRef<[u8]>) -> Result<Module> {
        Module::from_binary(engine, &text::to_binary(bytes.as_ref())?)
    }

    /// Creates a module from the binary format.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Module::new`].
    #[cfg(feature = "validate")]
    pub fn from_binary(engine: &Engine, binary: &[u8]) -> Result<Module> {
        module::Module::new(&engine.0, binary).map(Module)
    }

    /// Creates a module from the binary format, and shares the bytes instead of copying them.
    ///
    /// ```
    /// use backstitch::{Engine, Module, ModuleBytes};
    ///
    /// let bytes = ModuleBytes::from(b"\0asm\x01\0\0\0".to_vec());
    /// let module = Module::from_shared(&Engine::default(), &bytes)?;
    /// assert_eq!(module.exports().len(), 0);
    /// # Ok::<(), backstitch::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Module::new`].
    #[cfg(feature = "validate")]
    pub fn from_shared(engine: &Engine, binary: &ModuleBytes) -> Result<Module> {
        module::Module::from_shared(&engine.0, binary).map(Module)
    }

    /// Validates a module in the binary format completely, in every compilation mode.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Module::new`].
    #[cfg(feature = "validate")]
    pub fn validate(engine: &Engine, binary: &[u8]) -> Result<()> {
        module::Module::validate(&engine.0, binary)
    }

    /// Returns the associated engine.
    pub fn engine(&self) -> &Engine {
        Engine::from_ref(&self.0.engine)
    }

    /// Returns the name from the module's name section, if there is one.
    pub fn name(&self) -> Option<&str> {
        self.0.name()
    }

    /// Returns the imports, in the order of the module.
    pub fn imports<'module>(
        &'module self,
    ) -> impl ExactSizeIterator<Item = ImportType<'module>> + 'module {
        let engine = self.engine();
        self.0
            .imports
            .iter()
            .map(move |import| ImportType { engine, import })
    }

    /// Returns the exports, in the order of the module.
    pub fn exports<'module>(
        &'module self,
    ) -> impl ExactSizeIterator<Item = ExportType<'module>> + 'module {
        let engine = self.engine();
        self.0.exports.iter().map(move |export| ExportType {
            engine,
            name: &export.name,
            ty: self.item_type(export.item),
        })
    }

    /// Returns the type of the export named `name`.
    pub fn get_export(&self, name: &str) -> Option<ExternType> {
        let item = self.0.export(name)?;
        Some(ExternType::from_inner(self.engine(), &self.item_type(item)))
    }

    /// Returns an index of the export named `name`, with which instances find it without comparing
    /// names.
    ///
    /// See [`Instance::get_module_export`](crate::Instance::get_module_export).
    pub fn get_export_index(&self, name: &str) -> Option<ModuleExport> {
        Some(ModuleExport {
            module: Arc::clone(&self.0),
            item: self.0.export(name)?,
        })
    }

    /// Returns the contents of the custom sections named `name`, in the order of the module.
    pub fn custom_sections<'module>(
        &'module self,
        name: &'module str,
    ) -> impl Iterator<Item = &'module [u8]> + 'module {
        self.0.custom_sections(name)
    }

    /// Returns whether `a` and `b` refer to the same module.
    pub fn same(a: &Module, b: &Module) -> bool {
        Arc::ptr_eq(&a.0, &b.0)
    }

    /// Returns a function's name in the name section.
    #[cfg(feature = "profiling")]
    pub(crate) fn func_name(&self, function: u32) -> Option<&str> {
        self.0.func_name(function)
    }

    /// Returns the offset in the module of the instruction at a position in the code, unless that is
    /// unknown. The function may be translated again for it.
    #[cfg(feature = "profiling")]
    pub(crate) fn offset_of(&self, location: CodeLocation) -> Option<u32> {
        walk::module_offset(&self.0, location)
    }

    /// Disassembles the translated code of a function.
    ///
    /// `function` is the function's index in the module; imported functions are counted. The
    /// function is translated now if it has not been translated yet.
    ///
    /// In the alternate form (`{:#}`), the documentation of the listing's ops follows it.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no such function, if it is imported, or if it is invalid and
    /// has not been validated before.
    pub fn disassemble(&self, function: u32) -> Result<impl fmt::Display> {
        translate::Disassembly::new(&self.0, function)
    }

    /// Disassembles the translated code of a function, with the source lines of its instructions.
    ///
    /// See [`Module::disassemble`]. `symbolizer` has the debugging information of this module.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Module::disassemble`].
    #[cfg(feature = "dwarf")]
    pub fn disassemble_with_lines(
        &self,
        function: u32,
        symbolizer: &Symbolizer<'_>,
    ) -> Result<impl fmt::Display> {
        let mut listing = translate::Disassembly::new(&self.0, function)?;
        let body = self
            .0
            .body(function)
            .map_or(0..0, |body| body.start as u64..body.end as u64);
        for line in symbolizer.lines(body) {
            if let (Ok(offset), Some(file)) = (u32::try_from(line.offsets.start), line.file) {
                let number = line.line.map_or(String::new(), |line| format!(":{line}"));
                listing.note(offset, format!("{}{number}", Printable(file)));
            }
        }
        Ok(listing)
    }

    /// Reads the debugging information of the module: `None` if it has none.
    ///
    /// The debugging information may be in other files: see [`Module::set_debug_files`].
    ///
    /// # Errors
    ///
    /// If the debugging information is malformed.
    #[cfg(feature = "dwarf")]
    pub fn symbolizer(&self) -> Result<Option<Symbolizer<'_>>> {
        let files = self.debug_files();
        let mut sections = self.0.custom_section_names();
        if !files.is_empty() || sections.any(|name| name.starts_with(dwarf::SECTIONS)) {
            Symbolizer::with_files(&self.0.bytes, &files)
        } else {
            Ok(None)
        }
    }

    /// Sets a function that reads files with debugging information of the module.
    ///
    /// The function is called when debugging information is first needed: for a backtrace, a profile,
    /// coverage, or [`Module::symbolizer`]. See [`Symbolizer::with_files`] for what the files may be.
    ///
    /// ```
    /// use backstitch::{Engine, Module, ModuleBytes};
    ///
    /// let module = Module::new(&Engine::default(), b"\0asm\x01\0\0\0")?;
    /// module.set_debug_files(|| {
    ///     let file = ModuleBytes::from_file("program.debug.wasm");
    ///     file.into_iter().collect()
    /// })?;
    /// # Ok::<(), backstitch::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error if the module already has such a function.
    #[cfg(feature = "dwarf")]
    pub fn set_debug_files(
        &self,
        read: impl Fn() -> Vec<ModuleBytes> + Send + Sync + 'static,
    ) -> Result<()> {
        ensure!(
            self.0.debug_files.set(Arc::new(read)),
            "the files with debugging information of the module are set"
        );
        Ok(())
    }

    fn item_type(&self, item: ExportItem) -> module::ExternType {
        match item {
            ExportItem::Func(index) => module::ExternType::Func(self.0.type_of_function(index)),
            ExportItem::Table(index) => module::ExternType::Table(self.0.tables[index as usize]),
            ExportItem::Memory(index) => {
                module::ExternType::Memory(self.0.memories[index as usize])
            }
            ExportItem::Global(index) => module::ExternType::Global(self.0.globals[index as usize]),
            ExportItem::Tag(index) => module::ExternType::Tag(self.0.type_of_tag(index)),
        }
    }
}

impl fmt::Debug for Module {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Module")
            .field("name", &self.name())
            .finish_non_exhaustive()
    }
}

/// Index of an export of a module: see [`Module::get_export_index`].
///
/// Corresponds to
/// [`wasmtime::ModuleExport`](https://docs.rs/wasmtime/latest/wasmtime/struct.ModuleExport.html).
#[derive(Clone)]
pub struct ModuleExport {
    pub(super) module: Arc<module::Module>,
    pub(super) item: ExportItem,
}

impl fmt::Debug for ModuleExport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ModuleExport").field(&self.item).finish()
    }
}
