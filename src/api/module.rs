//! Modules.

use super::engine::Engine;
use super::extern_type::{ExportType, ExternType, ImportType};
use super::text;
use crate::module::{self, ExportItem};
use crate::support::error::Result;
use crate::support::transparent::transparent;
use crate::translate;
use alloc::sync::Arc;
use core::fmt;

transparent! {
    /// A module, ready to be instantiated: immutable, cheap to clone, shared by threads.
    #[derive(Clone)]
    pub struct Module(Arc<module::Module>);
}

impl Module {
    /// Reads a module: WebAssembly's binary format, or with feature `wat` the text format.
    ///
    /// How much is validated and translated now, and how much when functions are first
    /// called, is up to [`Config::compilation_mode`](crate::Config::compilation_mode).
    ///
    /// # Errors
    ///
    /// If it is malformed, invalid, larger than the engine allows, or uses a proposal that
    /// is not supported ([`ModuleError`](crate::ModuleError)).
    pub fn new(engine: &Engine, bytes: impl AsRef<[u8]>) -> Result<Module> {
        Module::from_binary(engine, &text::to_binary(bytes.as_ref())?)
    }

    /// Reads a module in the binary format.
    ///
    /// # Errors
    ///
    /// As for [`Module::new`].
    pub fn from_binary(engine: &Engine, binary: &[u8]) -> Result<Module> {
        module::Module::new(&engine.0, binary).map(Module)
    }

    /// Validates a module in the binary format, completely and in every mode.
    ///
    /// # Errors
    ///
    /// As for [`Module::new`].
    pub fn validate(engine: &Engine, binary: &[u8]) -> Result<()> {
        module::Module::validate(&engine.0, binary)
    }

    /// Its engine.
    pub fn engine(&self) -> &Engine {
        Engine::from_ref(&self.0.engine)
    }

    /// Its name, if it says so itself.
    pub fn name(&self) -> Option<&str> {
        self.0.name()
    }

    /// What it imports, in its order.
    pub fn imports<'module>(
        &'module self,
    ) -> impl ExactSizeIterator<Item = ImportType<'module>> + 'module {
        let engine = self.engine();
        self.0
            .imports
            .iter()
            .map(move |import| ImportType { engine, import })
    }

    /// What it exports, in its order.
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

    /// The type of what it exports by this name.
    pub fn get_export(&self, name: &str) -> Option<ExternType> {
        let item = self.0.export(name)?;
        Some(ExternType::from_inner(self.engine(), &self.item_type(item)))
    }

    /// An index for what it exports by this name, to find it in instances without
    /// comparing names: see
    /// [`Instance::get_module_export`](crate::Instance::get_module_export).
    pub fn get_export_index(&self, name: &str) -> Option<ModuleExport> {
        Some(ModuleExport {
            module: Arc::clone(&self.0),
            item: self.0.export(name)?,
        })
    }

    /// The contents of its custom sections of this name, in its order.
    pub fn custom_sections<'module>(
        &'module self,
        name: &'module str,
    ) -> impl Iterator<Item = &'module [u8]> + 'module {
        self.0.custom_sections(name)
    }

    /// Whether these are clones of one module.
    pub fn same(a: &Module, b: &Module) -> bool {
        Arc::ptr_eq(&a.0, &b.0)
    }

    /// The translated code of a function, counted with the imported ones, in a form for
    /// people. It is translated now if it has not been before.
    ///
    /// # Errors
    ///
    /// If there is no such function or it is imported; if it is invalid, in the mode that
    /// has not validated it yet.
    pub fn disassemble(&self, function: u32) -> Result<impl fmt::Display> {
        translate::Disassembly::new(&self.0, function)
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

/// Something that a module exports, without its name: see [`Module::get_export_index`].
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
