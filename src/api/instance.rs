//! Instances.

use super::context::{AsContext, AsContextMut, StoreContext, StoreContextMut};
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
use crate::heap::{self, HostCall, HostEvent, Left, StoreInner};
use crate::ids::{FuncIndex, InstanceIndex, StoreId};
use crate::module::ExportItem;
use crate::support::error::{Context, Result};
use crate::walk::image;
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
///
/// Corresponds to
/// [`wasmtime::Instance`](https://docs.rs/wasmtime/latest/wasmtime/struct.Instance.html).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Instance {
    store: StoreId,
    index: InstanceIndex,
}

/// The imports of an instance, in the order of its module.
pub(super) type Imports = SmallVec<[Extern; 8]>;

impl Instance {
    pub(super) fn of(store: StoreId, index: InstanceIndex) -> Instance {
        Instance { store, index }
    }

    /// Instantiates a module, and runs its start function if it has one.
    ///
    /// `imports` are in the order of [`Module::imports`]; a [`Linker`](crate::Linker) finds imports
    /// by name instead.
    ///
    /// # Errors
    ///
    /// Returns an error if an import is missing, has the wrong type or belongs to another store; if
    /// a limit is reached; if an active segment is out of bounds; or if the start function fails.
    /// In the last two cases, what was written before remains.
    pub fn new(
        mut store: impl AsContextMut,
        module: &Module,
        imports: &[Extern],
    ) -> Result<Instance> {
        instantiate(store.as_context_mut().0, module, imports)
    }

    /// Instantiates a module, with a start function that can be suspended.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Instance::new`], except for those of the start function.
    pub fn new_resumable(
        mut store: impl AsContextMut,
        module: &Module,
        imports: &[Extern],
    ) -> Result<Instantiation> {
        let store = store.as_context_mut().0;
        let made = instantiate_without_start(store, module, imports)?;
        Instantiation::begin(store, made)
    }

    /// Returns the module.
    ///
    /// # Panics
    ///
    /// Panics if `store` does not own this instance.
    pub fn module<'a, T: 'static>(&self, store: impl Into<StoreContext<'a, T>>) -> &'a Module {
        Module::from_ref(self.inner(store.into().0).module())
    }

    /// Returns all exports, in the order of the module.
    ///
    /// # Panics
    ///
    /// Panics if `store` does not own this instance.
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

    /// Returns the export named `name`.
    ///
    /// # Panics
    ///
    /// Panics if `store` does not own this instance.
    pub fn get_export(&self, mut store: impl AsContextMut, name: &str) -> Option<Extern> {
        let store = store.as_context_mut().0;
        let item = self.inner(store).module().export(name)?;
        Some(self.item(store, item))
    }

    /// Returns the export with the given index, which is faster than by name.
    ///
    /// Returns `None` if the index belongs to another module.
    ///
    /// # Panics
    ///
    /// Panics if `store` does not own this instance.
    pub fn get_module_export(
        &self,
        mut store: impl AsContextMut,
        export: &ModuleExport,
    ) -> Option<Extern> {
        let store = store.as_context_mut().0;
        let same = self.inner(store).module().is_copy_of(&export.module);
        same.then(|| self.item(store, export.item))
    }

    /// Returns the exported function named `name`.
    ///
    /// # Panics
    ///
    /// Panics if `store` does not own this instance.
    pub fn get_func(&self, store: impl AsContextMut, name: &str) -> Option<Func> {
        self.get_export(store, name)?.into_func()
    }

    /// Returns the exported function named `name`, with static types.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no such function, or if `Params` or `Results` do not match its
    /// type.
    ///
    /// # Panics
    ///
    /// Panics if `store` does not own this instance.
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

    /// Returns the exported table named `name`.
    ///
    /// # Panics
    ///
    /// Panics if `store` does not own this instance.
    pub fn get_table(&self, store: impl AsContextMut, name: &str) -> Option<Table> {
        self.get_export(store, name)?.into_table()
    }

    /// Returns the exported memory named `name`.
    ///
    /// # Panics
    ///
    /// Panics if `store` does not own this instance.
    pub fn get_memory(&self, store: impl AsContextMut, name: &str) -> Option<Memory> {
        self.get_export(store, name)?.into_memory()
    }

    /// Returns the exported global named `name`.
    ///
    /// # Panics
    ///
    /// Panics if `store` does not own this instance.
    pub fn get_global(&self, store: impl AsContextMut, name: &str) -> Option<Global> {
        self.get_export(store, name)?.into_global()
    }

    /// Returns the exported tag named `name`.
    ///
    /// # Panics
    ///
    /// Panics if `store` does not own this instance.
    pub fn get_tag(&self, store: impl AsContextMut, name: &str) -> Option<Tag> {
        self.get_export(store, name)?.into_tag()
    }

    /// Returns a module with the code of this instance's module that starts in the present state of
    /// this instance: a *ready image*.
    ///
    /// Memories and tables have their present sizes and contents from the start, and globals their
    /// present values. The module has no start function, since it has run. It has the same imports
    /// and exports, in the same order. It is an ordinary module for every runtime that has the
    /// proposals that the original one needs. The same state gives the same bytes.
    ///
    /// Nothing else is part of the image: not the state of the host, nor that of functions that are
    /// being called or are suspended. An immutable global that is imported may have another value
    /// when the image is instantiated; globals that were computed from it do not change.
    ///
    /// [`Preinit`](crate::Preinit) runs an initialiser first.
    ///
    /// ```
    /// use backstitch::{Engine, Instance, Module, Store};
    ///
    /// # if cfg!(not(feature = "wat")) { return Ok(()) }
    /// let engine = Engine::default();
    /// let module = Module::new(&engine, r#"
    ///     (module
    ///         (global $count (mut i32) (i32.const 0))
    ///         (func (export "next") (result i32)
    ///             (global.set $count (i32.add (global.get $count) (i32.const 1)))
    ///             (global.get $count)))
    /// "#)?;
    /// let mut store = Store::new(&engine, ());
    /// let instance = Instance::new(&mut store, &module, &[])?;
    /// let next = instance.get_typed_func::<(), i32>(&mut store, "next")?;
    /// assert_eq!(next.call(&mut store, ())?, 1);
    ///
    /// let image = Module::new(&engine, instance.to_module(&store)?)?;
    /// let instance = Instance::new(&mut store, &image, &[])?;
    /// let next = instance.get_typed_func::<(), i32>(&mut store, "next")?;
    /// assert_eq!(next.call(&mut store, ())?, 2);
    /// # Ok::<(), backstitch::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error that names the item if the module imports a memory, a table or a mutable
    /// global, or if a global or table refers to a structure, an array, a value of the host, an
    /// exception, a continuation, or a function that the module neither defines nor imports; and if
    /// the contents do not fit in a module.
    ///
    /// # Panics
    ///
    /// Panics if `store` does not own this instance.
    pub fn to_module(&self, store: impl AsContext) -> Result<Vec<u8>> {
        self.image_without(store.as_context().0, &[])
    }

    /// Returns a ready image without the exports whose names are in `removed`.
    pub(super) fn image_without(&self, store: &StoreInner, removed: &[&str]) -> Result<Vec<u8>> {
        assert!(self.store == store.id(), "object used with the wrong store");
        image::write(store, self.index, removed)
    }

    #[track_caller]
    fn inner<'a>(&self, store: &'a StoreInner) -> &'a heap::Instance {
        assert!(self.store == store.id(), "object used with the wrong store");
        store.instance(self.index)
    }

    fn item(&self, store: &mut StoreInner, item: ExportItem) -> Extern {
        let parts = store.instance(self.index).parts();
        let item = match item {
            ExportItem::Func(index) => {
                let known = store.functions().len();
                let index = store.instance_func(self.index, index);
                if store.functions().len() > known {
                    store.note(HostEvent::AddsFunction(index));
                }
                heap::Extern::Func(index)
            }
            ExportItem::Table(index) => heap::Extern::Table(parts.tables[index as usize]),
            ExportItem::Memory(index) => heap::Extern::Memory(parts.memories[index as usize]),
            ExportItem::Global(index) => heap::Extern::Global(parts.globals[index as usize]),
            ExportItem::Tag(index) => heap::Extern::Tag(parts.tags[index as usize]),
        };
        Extern::from_inner(self.store, item)
    }

    pub(super) fn index(&self) -> InstanceIndex {
        self.index
    }

    pub(super) fn belongs_to(&self, store: &StoreInner) -> bool {
        self.store == store.id()
    }

    /// Lists the exported functions, for the error about one that was not found.
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
            // Writing to a string cannot fail.
            let _ = write!(text, "{start}`{name}`");
        }
        match (text.is_empty(), names.count()) {
            (true, _) => "the instance exports no functions".into(),
            (false, 0) => text,
            (false, more) => format!("{text} and {more} more"),
        }
    }
}

/// Instantiates a module and runs its start function.
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

/// Instantiates a module, and leaves running the start function to the caller.
pub(super) fn instantiate_without_start(
    store: &mut StoreInner,
    module: &Module,
    imports: &[Extern],
) -> Result<heap::Instantiated> {
    ensure!(
        Engine::same(module.engine(), Engine::from_ref(store.engine())),
        "cross-`Engine` instantiation is not supported: the module and the store belong to \
         different engines"
    );
    let mut items: SmallVec<[heap::Extern; 8]> = SmallVec::new();
    for (index, import) in imports.iter().enumerate() {
        ensure!(
            import.belongs_to(store),
            "cross-`Store` instantiation is not supported: import {index} belongs to another store"
        );
        items.push(import.to_inner());
    }
    store.record(HostEvent::Instantiates(&module.0, &items))?;
    let made = heap::instantiate(store, &module.0, &items);
    store.record(HostEvent::Left(match &made {
        Ok(_) => Left::Done,
        Err(_) => Left::Failed,
    }))?;
    let mut made = made?;
    if let Some(start) = made.start {
        made.start = Some(called_by(store, start, made.instance));
    }
    Ok(made)
}

/// Returns a function that does the same as `func`, for a call on behalf of an instance.
///
/// A host function that the embedder calls has no caller. An imported start function has one, as
/// in Wasmtime: the instance that is being made.
fn called_by(store: &mut StoreInner, func: FuncIndex, instance: InstanceIndex) -> FuncIndex {
    let object = *store.func(func);
    if !object.is_host() {
        return func;
    }
    let func = store.host_func(&object);
    store.add_host_func(object.ty, Arc::new(CalledBy { func, instance }))
}

/// A host function that is called on behalf of an instance.
struct CalledBy {
    func: Arc<dyn heap::HostFunc>,
    instance: InstanceIndex,
}

impl heap::HostFunc for CalledBy {
    fn call(&self, mut call: HostCall<'_>) -> Result<()> {
        call.caller = Some(self.instance);
        self.func.call(call)
    }
}
