//! Instances.

use super::context::{AsContextMut, StoreContext, StoreContextMut};
use super::engine::Engine;
use super::externals::{Export, Extern};
use super::func::Func;
use super::global::Global;
use super::instance_pre::Instantiation;
use super::memory::Memory;
use super::module::{Module, ModuleExport};
use super::table::Table;
use super::tag::Tag;
use super::typed_func::TypedFunc;
use super::wasm_ty::{WasmParams, WasmResults};
use crate::heap::{self, StoreInner};
use crate::ids::{InstanceIndex, StoreId};
use crate::module::ExportItem;
use crate::support::error::{Context, Result};
use crate::{ensure, execute, format_err};
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt::Write;
use smallvec::SmallVec;

/// An instance of a module in a store.
///
/// Using it with another store panics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Instance {
    store: StoreId,
    index: InstanceIndex,
}

/// What an instance is made from: its imports, in the module's order.
pub(super) type Imports = SmallVec<[Extern; 8]>;

impl Instance {
    pub(super) fn of(store: StoreId, index: InstanceIndex) -> Instance {
        Instance { store, index }
    }

    /// Makes an instance and runs its start function, if it has one.
    ///
    /// `imports` are in the order of [`Module::imports`]; a [`Linker`](crate::Linker)
    /// finds them by their names instead.
    ///
    /// # Errors
    ///
    /// If an import is missing, of the wrong type or of another store; if a limit is
    /// reached; if a segment does not fit or the start function fails, and then what was
    /// written before stays.
    pub fn new(
        mut store: impl AsContextMut,
        module: &Module,
        imports: &[Extern],
    ) -> Result<Instance> {
        instantiate(store.as_context_mut().0, module, imports)
    }

    /// The same, with a start function that can be suspended.
    ///
    /// # Errors
    ///
    /// As for [`Instance::new`], but for what the start function does.
    pub fn new_resumable(
        mut store: impl AsContextMut,
        module: &Module,
        imports: &[Extern],
    ) -> Result<Instantiation> {
        let store = store.as_context_mut().0;
        let made = instantiate_without_start(store, module, imports)?;
        Instantiation::begin(store, made)
    }

    /// Its module.
    ///
    /// # Panics
    ///
    /// If it belongs to another store.
    pub fn module<'a, T: 'static>(&self, store: impl Into<StoreContext<'a, T>>) -> &'a Module {
        Module::from_ref(self.inner(store.into().0).module())
    }

    /// All that it exports, in the module's order.
    ///
    /// # Panics
    ///
    /// If it belongs to another store.
    pub fn exports<'a, T: 'static>(
        &'a self,
        store: impl Into<StoreContextMut<'a, T>>,
    ) -> impl ExactSizeIterator<Item = Export<'a>> + 'a {
        let store = store.into().0;
        let module = Arc::clone(self.inner(store).module());
        let items: Vec<Extern> = module
            .exports
            .iter()
            .map(|export| self.item(store, export.item))
            .collect();
        let store: &'a StoreInner = store;
        let names = self
            .inner(store)
            .module()
            .exports
            .iter()
            .map(|export| &*export.name);
        names.zip(items).map(|(name, item)| Export::new(name, item))
    }

    /// What it exports by this name.
    ///
    /// # Panics
    ///
    /// If it belongs to another store.
    pub fn get_export(&self, mut store: impl AsContextMut, name: &str) -> Option<Extern> {
        let store = store.as_context_mut().0;
        let item = self.inner(store).module().export(name)?;
        Some(self.item(store, item))
    }

    /// What it exports by this index of its module's: faster than by name. Nothing, if the
    /// index is another module's.
    ///
    /// # Panics
    ///
    /// If it belongs to another store.
    pub fn get_module_export(
        &self,
        mut store: impl AsContextMut,
        export: &ModuleExport,
    ) -> Option<Extern> {
        let store = store.as_context_mut().0;
        let same = Arc::ptr_eq(self.inner(store).module(), &export.module);
        same.then(|| self.item(store, export.item))
    }

    /// The function that it exports by this name.
    ///
    /// # Panics
    ///
    /// If it belongs to another store.
    pub fn get_func(&self, store: impl AsContextMut, name: &str) -> Option<Func> {
        self.get_export(store, name)?.into_func()
    }

    /// The function that it exports by this name, with its types known to Rust.
    ///
    /// # Errors
    ///
    /// If there is none, or `Params` or `Results` are not its types.
    ///
    /// # Panics
    ///
    /// If it belongs to another store.
    pub fn get_typed_func<Params, Results>(
        &self,
        mut store: impl AsContextMut,
        name: &str,
    ) -> Result<TypedFunc<Params, Results>>
    where
        Params: WasmParams,
        Results: WasmResults,
    {
        let mut store = store.as_context_mut();
        let Some(func) = self.get_func(&mut store, name) else {
            let exports = self.function_names(store.0);
            return Err(format_err!(
                "failed to find function export `{name}`: {exports}"
            ));
        };
        func.typed(&store)
            .with_context(|| format!("failed to convert function `{name}` to given type"))
    }

    /// The table that it exports by this name.
    ///
    /// # Panics
    ///
    /// If it belongs to another store.
    pub fn get_table(&self, store: impl AsContextMut, name: &str) -> Option<Table> {
        self.get_export(store, name)?.into_table()
    }

    /// The memory that it exports by this name.
    ///
    /// # Panics
    ///
    /// If it belongs to another store.
    pub fn get_memory(&self, store: impl AsContextMut, name: &str) -> Option<Memory> {
        self.get_export(store, name)?.into_memory()
    }

    /// The global that it exports by this name.
    ///
    /// # Panics
    ///
    /// If it belongs to another store.
    pub fn get_global(&self, store: impl AsContextMut, name: &str) -> Option<Global> {
        self.get_export(store, name)?.into_global()
    }

    /// The tag that it exports by this name.
    ///
    /// # Panics
    ///
    /// If it belongs to another store.
    pub fn get_tag(&self, store: impl AsContextMut, name: &str) -> Option<Tag> {
        self.get_export(store, name)?.into_tag()
    }

    #[track_caller]
    fn inner<'a>(&self, store: &'a StoreInner) -> &'a heap::Instance {
        assert!(self.store == store.id(), "object used with the wrong store");
        store.instance(self.index)
    }

    fn item(&self, store: &mut StoreInner, item: ExportItem) -> Extern {
        let parts = store.instance(self.index).parts();
        let item = match item {
            ExportItem::Func(index) => heap::Extern::Func(store.instance_func(self.index, index)),
            ExportItem::Table(index) => heap::Extern::Table(parts.tables[index as usize]),
            ExportItem::Memory(index) => heap::Extern::Memory(parts.memories[index as usize]),
            ExportItem::Global(index) => heap::Extern::Global(parts.globals[index as usize]),
            ExportItem::Tag(index) => heap::Extern::Tag(parts.tags[index as usize]),
        };
        Extern::from_inner(self.store, item)
    }

    /// What there is instead of a function that was not found.
    #[cold]
    fn function_names(&self, store: &StoreInner) -> String {
        const LISTED: usize = 10;
        let exports = self.inner(store).module().exports.iter();
        let mut names = exports
            .filter(|export| matches!(export.item, ExportItem::Func(_)))
            .map(|export| &*export.name);
        let mut text = String::new();
        for name in names.by_ref().take(LISTED) {
            let start = if text.is_empty() {
                "it exports the functions "
            } else {
                ", "
            };
            // Writing to a string does not fail.
            let _ = write!(text, "{start}`{name}`");
        }
        match (text.is_empty(), names.count()) {
            (true, _) => "the instance exports no functions".into(),
            (false, 0) => text,
            (false, more) => format!("{text} and {more} more"),
        }
    }
}

/// Makes an instance and runs its start function.
pub(super) fn instantiate(
    store: &mut StoreInner,
    module: &Module,
    imports: &[Extern],
) -> Result<Instance> {
    let made = instantiate_without_start(store, module, imports)?;
    if let Some(start) = made.start {
        execute::call(store, start, &mut [])?;
    }
    Ok(Instance::of(store.id(), made.instance))
}

/// Makes an instance and leaves its start function to the caller.
pub(super) fn instantiate_without_start(
    store: &mut StoreInner,
    module: &Module,
    imports: &[Extern],
) -> Result<heap::Instantiated> {
    ensure!(
        Engine::same(module.engine(), Engine::from_ref(store.engine())),
        "cross-`Engine` instantiation is not supported: the module and the store are of \
         different engines"
    );
    let mut items: SmallVec<[heap::Extern; 8]> = SmallVec::new();
    for (index, import) in imports.iter().enumerate() {
        ensure!(
            import.belongs_to(store),
            "cross-`Store` instantiation is not supported: import {index} is of another store"
        );
        items.push(import.to_inner());
    }
    heap::instantiate(store, &module.0, &items)
}
