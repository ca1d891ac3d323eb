//! Resolution of imports by name.

use super::caller::Caller;
use super::context::{AsContext, AsContextMut};
use super::engine::Engine;
use super::extern_type::{ExternType, ImportType};
use super::externals::Extern;
use super::func_type::FuncType;
use super::instance::{self, Imports, Instance};
use super::instance_pre::{InstancePre, Instantiation};
use super::into_func::{HostFunc, IntoFunc};
#[cfg(backstitch_threads)]
use super::memory::Memory;
use super::module::Module;
#[cfg(backstitch_threads)]
use super::shared_memory::SharedMemory;
use super::values::Val;
use crate::heap::{StoreInner, check_import};
use crate::ids::FuncIndex;
use crate::support::error::{Error, Result};
use crate::{bail, ensure, format_err, module};
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use core::fmt;
use core::marker::PhantomData;
use smallvec::SmallVec;

/// Resolves the imports of modules by name.
///
/// Host functions and shared memories are defined for all stores of the engine. Items of a store can only be imported
/// by instances in that store.
///
/// Corresponds to
/// [`wasmtime::Linker`](https://docs.rs/wasmtime/latest/wasmtime/struct.Linker.html).
pub struct Linker<T> {
    engine: Engine,
    /// Definitions by the module part and then the field part of the name.
    map: BTreeMap<Box<str>, BTreeMap<Box<str>, Definition>>,
    allow_shadowing: bool,
    pub(super) allow_unknown_exports: bool,
    data: PhantomData<fn() -> T>,
}

/// An item that can be imported.
#[derive(Clone, Debug)]
pub(super) enum Definition {
    /// An item of a store, with its type at the time when it was defined.
    Extern(Extern, module::ExternType),
    /// A host function that is not in a store yet.
    Host(HostFunc),
    /// A memory that any store can have.
    #[cfg(backstitch_threads)]
    Shared(SharedMemory),
}

impl Definition {
    /// Returns the item in a store of the same engine.
    ///
    /// # Errors
    ///
    /// An error if the store's limits do not allow another memory.
    pub(super) fn to_extern(&self, store: &mut StoreInner) -> Result<Extern> {
        Ok(match self {
            Definition::Extern(item, _) => *item,
            Definition::Host(func) => Extern::Func(func.add_to(store)),
            #[cfg(backstitch_threads)]
            Definition::Shared(memory) => {
                let index = store.add_shared_memory(memory.inner())?;
                Extern::Memory(Memory::of(store.id(), index))
            }
        })
    }

    /// Returns a type that matches whatever the item can match when it is imported: memories and
    /// tables may grow until then.
    fn best_type(&self) -> module::ExternType {
        match self {
            Definition::Host(func) => module::ExternType::Func(func.ty().id()),
            #[cfg(backstitch_threads)]
            Definition::Shared(memory) => module::ExternType::Memory(module::MemoryType {
                minimum: u64::MAX,
                ..memory.ty().ty
            }),
            Definition::Extern(_, ty) => match ty.clone() {
                module::ExternType::Memory(ty) => module::ExternType::Memory(module::MemoryType {
                    minimum: u64::MAX,
                    ..ty
                }),
                module::ExternType::Table(ty) => module::ExternType::Table(module::TableType {
                    minimum: u64::MAX,
                    ..ty
                }),
                ty => ty,
            },
        }
    }
}

impl<T> Linker<T> {
    /// Creates an empty linker.
    pub fn new(engine: &Engine) -> Linker<T> {
        Linker {
            engine: engine.clone(),
            map: BTreeMap::new(),
            allow_shadowing: false,
            allow_unknown_exports: false,
            data: PhantomData,
        }
    }

    /// Returns the associated engine.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Sets whether a name may be defined again, which replaces the definition.
    ///
    /// The default is `false`: defining a name twice is an error.
    pub fn allow_shadowing(&mut self, allow: bool) -> &mut Linker<T> {
        self.allow_shadowing = allow;
        self
    }

    /// Sets whether [`Linker::module`] accepts commands that export items other than functions.
    pub fn allow_unknown_exports(&mut self, allow: bool) -> &mut Linker<T> {
        self.allow_unknown_exports = allow;
        self
    }

    /// Defines a name as an alias of another one.
    ///
    /// # Errors
    ///
    /// Returns an error if `module::name` is not defined, or if the new name is already defined.
    pub fn alias(
        &mut self,
        module: &str,
        name: &str,
        as_module: &str,
        as_name: &str,
    ) -> Result<&mut Linker<T>> {
        let Some(definition) = self.definition(module, name).cloned() else {
            bail!("no item named `{module}::{name}` defined");
        };
        self.insert(as_module, as_name, definition)
    }

    /// Defines all names of `module` under `as_module` too.
    ///
    /// # Errors
    ///
    /// Returns an error if one of the new names is already defined.
    pub fn alias_module(&mut self, module: &str, as_module: &str) -> Result<()> {
        let definitions = self.map.get(module).cloned().unwrap_or_default();
        for (name, definition) in definitions {
            self.insert(as_module, &name, definition)?;
        }
        Ok(())
    }

    fn definition(&self, module: &str, name: &str) -> Option<&Definition> {
        self.map.get(module)?.get(name)
    }

    fn insert(
        &mut self,
        module: &str,
        name: &str,
        definition: Definition,
    ) -> Result<&mut Linker<T>> {
        if !self.map.contains_key(module) {
            self.map.insert(module.into(), BTreeMap::new());
        }
        let names = self
            .map
            .get_mut(module)
            .expect("the module has just been added");
        if names.contains_key(name) && !self.allow_shadowing {
            bail!("import of `{module}::{name}` defined twice");
        }
        names.insert(name.into(), definition);
        Ok(self)
    }
}

impl<T: 'static> Linker<T> {
    /// Defines an item of a store.
    ///
    /// # Errors
    ///
    /// Returns an error if the name is already defined.
    ///
    /// # Panics
    ///
    /// Panics if the item belongs to another store, or the store to another engine.
    pub fn define(
        &mut self,
        store: impl AsContext<Data = T>,
        module: &str,
        name: &str,
        item: impl Into<Extern>,
    ) -> Result<&mut Linker<T>> {
        let definition = self.of_store(store.as_context().0, item.into());
        self.insert(module, name, definition)
    }

    /// Defines an item of a store under a name whose module part is empty.
    ///
    /// # Errors
    ///
    /// Returns an error if the name is already defined.
    ///
    /// # Panics
    ///
    /// Panics if the item belongs to another store, or the store to another engine.
    pub fn define_name(
        &mut self,
        store: impl AsContext<Data = T>,
        name: &str,
        item: impl Into<Extern>,
    ) -> Result<&mut Linker<T>> {
        self.define(store, "", name, item)
    }

    /// Defines a memory that instances in all stores have. Their code may run on several threads.
    ///
    /// # Errors
    ///
    /// Returns an error if the name is already defined.
    #[cfg(backstitch_threads)]
    pub fn define_shared_memory(
        &mut self,
        module: &str,
        name: &str,
        memory: &SharedMemory,
    ) -> Result<&mut Linker<T>> {
        self.insert(module, name, Definition::Shared(memory.clone()))
    }

    fn of_store(&self, store: &StoreInner, item: Extern) -> Definition {
        self.check_engine(store);
        assert!(item.belongs_to(store), "object used with the wrong store");
        Definition::Extern(item, store.extern_type(item.to_inner()))
    }

    #[track_caller]
    fn check_engine(&self, store: &StoreInner) {
        assert!(
            Engine::same(&self.engine, Engine::from_ref(store.engine())),
            "different engines for this linker and the store provided"
        );
    }

    /// Defines a host function whose type is given at run time: see
    /// [`Func::new`](crate::Func::new).
    ///
    /// # Errors
    ///
    /// Returns an error if the name is already defined, or if the type belongs to another engine.
    pub fn func_new(
        &mut self,
        module: &str,
        name: &str,
        ty: FuncType,
        func: impl Fn(Caller<'_, T>, &[Val], &mut [Val]) -> Result<()> + Send + Sync + 'static,
    ) -> Result<&mut Linker<T>> {
        ensure!(
            Engine::same(ty.engine(), &self.engine),
            "the type of `{module}::{name}` and the linker belong to different engines"
        );
        self.insert(module, name, Definition::Host(HostFunc::dynamic(ty, func)))
    }

    /// Defines a host function whose type is that of the closure: see
    /// [`Func::wrap`](crate::Func::wrap).
    ///
    /// # Errors
    ///
    /// Returns an error if the name is already defined.
    pub fn func_wrap<Params, Results>(
        &mut self,
        module: &str,
        name: &str,
        func: impl IntoFunc<T, Params, Results>,
    ) -> Result<&mut Linker<T>> {
        let func = func.into_func(&self.engine);
        self.define_host(module, name, func)
    }

    /// Defines a host function.
    pub(super) fn define_host(
        &mut self,
        module: &str,
        name: &str,
        func: HostFunc,
    ) -> Result<&mut Linker<T>> {
        self.insert(module, name, Definition::Host(func))
    }

    /// Defines all exports of an instance.
    ///
    /// # Errors
    ///
    /// Returns an error if a name is already defined.
    ///
    /// # Panics
    ///
    /// Panics if the instance belongs to another store, or the store to another engine.
    pub fn instance(
        &mut self,
        mut store: impl AsContextMut<Data = T>,
        module_name: &str,
        instance: Instance,
    ) -> Result<&mut Linker<T>> {
        let store = store.as_context_mut();
        self.check_engine(store.0);
        let module = instance.module::<T>(store.as_context()).clone();
        let mut store = store;
        for export in module.exports() {
            if let Some(item) = instance.get_export(&mut store, export.name()) {
                let definition = self.of_store(store.0, item);
                self.insert(module_name, export.name(), definition)?;
            }
        }
        Ok(self)
    }

    /// Defines every function that `module` imports and that is not defined yet as a function that
    /// fails.
    ///
    /// Calling one returns an [`UnknownImportError`].
    ///
    /// # Errors
    ///
    /// Returns an error if the module imports an item other than a function that is not defined.
    pub fn define_unknown_imports_as_traps(&mut self, module: &Module) -> Result<()> {
        for import in module.imports() {
            if self.definition(import.module(), import.name()).is_some() {
                continue;
            }
            let error = UnknownImportError::new(&import);
            let ExternType::Func(ty) = import.ty() else {
                return Err(Error::new(error));
            };
            self.func_new(import.module(), import.name(), ty, move |_, _, _| {
                Err(Error::new(error.clone()))
            })?;
        }
        Ok(())
    }

    /// Defines every item that `module` imports and that is not defined yet as one that is zero,
    /// null or does nothing.
    ///
    /// # Errors
    ///
    /// Returns an error if the type of an import has no such value.
    pub fn define_unknown_imports_as_default_values(
        &mut self,
        mut store: impl AsContextMut<Data = T>,
        module: &Module,
    ) -> Result<()> {
        for import in module.imports() {
            if self.definition(import.module(), import.name()).is_some() {
                continue;
            }
            let item = import
                .ty()
                .default_value(store.as_context_mut())
                .map_err(|error| {
                    let (module, name) = (import.module(), import.name());
                    error.context(format!("no default value exists for `{module}::{name}`"))
                })?;
            self.define(store.as_context(), import.module(), import.name(), item)?;
        }
        Ok(())
    }

    /// Returns the item that is defined as `module::name`, in a store.
    ///
    /// # Errors
    ///
    /// Returns an error if the name is not defined.
    ///
    /// # Panics
    ///
    /// Panics if the store belongs to another engine.
    pub fn get(
        &self,
        mut store: impl AsContextMut<Data = T>,
        module: &str,
        name: &str,
    ) -> Result<Extern> {
        let store = store.as_context_mut().0;
        self.check_engine(store);
        match self.definition(module, name) {
            Some(definition) => definition.to_extern(store),
            None => Err(format_err!("missing definition for `{module}::{name}`")),
        }
    }

    /// Returns the item that is defined with the name of an import, in a store; `None` also if the
    /// store's limits do not allow another memory.
    ///
    /// The item's type is not compared with that of the import.
    ///
    /// # Panics
    ///
    /// Panics if the store belongs to another engine.
    pub fn get_by_import(
        &self,
        mut store: impl AsContextMut<Data = T>,
        import: &ImportType<'_>,
    ) -> Option<Extern> {
        let store = store.as_context_mut().0;
        self.check_engine(store);
        self.definition(import.module(), import.name())?
            .to_extern(store)
            .ok()
    }

    /// Returns all definitions in a store, sorted by name, without memories that the store's limits
    /// do not allow.
    ///
    /// # Panics
    ///
    /// Panics if the store belongs to another engine.
    pub fn iter<'a: 'p, 'p>(
        &'a self,
        mut store: impl AsContextMut<Data = T> + 'p,
    ) -> impl Iterator<Item = (&'a str, &'a str, Extern)> + 'p {
        self.check_engine(store.as_context().0);
        let all = self.map.iter().flat_map(|(module, names)| {
            names
                .iter()
                .map(move |(name, definition)| (&**module, &**name, definition))
        });
        all.filter_map(move |(module, name, definition)| {
            let item = definition.to_extern(store.as_context_mut().0).ok()?;
            Some((module, name, item))
        })
    }

    /// Resolves a module's imports, instantiates it, and runs its start function if it has one.
    ///
    /// # Errors
    ///
    /// Returns an error if an import is not defined ([`UnknownImportError`]), has the wrong type or
    /// belongs to another store; if a limit is reached; if an active segment is out of bounds; or
    /// if the start function fails. In the last two cases, what was written before remains.
    pub fn instantiate(
        &self,
        mut store: impl AsContextMut<Data = T>,
        module: &Module,
    ) -> Result<Instance> {
        let store = store.as_context_mut().0;
        let imports = self.imports(store, module)?;
        instance::instantiate(store, module, &imports)
    }

    /// Resolves a module's imports and instantiates it, with a start function that can be
    /// suspended.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Linker::instantiate`], except for those of the start function.
    pub fn instantiate_resumable(
        &self,
        mut store: impl AsContextMut<Data = T>,
        module: &Module,
    ) -> Result<Instantiation> {
        let store = store.as_context_mut().0;
        let imports = self.imports(store, module)?;
        let made = instance::instantiate_without_start(store, module, &imports)?;
        Instantiation::begin(store, made)
    }

    /// Resolves a module's imports once for any number of instances.
    ///
    /// The sizes of memories and tables are compared when an instance is made.
    ///
    /// # Errors
    ///
    /// Returns an error if an import is not defined ([`UnknownImportError`]) or cannot have the
    /// right type.
    pub fn instantiate_pre(&self, module: &Module) -> Result<InstancePre<T>> {
        self.check_module(module)?;
        let types = &self.engine.0.types;
        let items: Result<_> = module
            .imports()
            .map(|import| {
                let definition = self.find(&import)?;
                check_import(types, import.import, &definition.best_type())?;
                Ok(definition.clone())
            })
            .collect();
        Ok(InstancePre::new(module, items?))
    }

    fn imports(&self, store: &mut StoreInner, module: &Module) -> Result<Imports> {
        self.check_module(module)?;
        self.check_engine(store);
        // Host functions are added to the store only if all imports are found.
        let found: Result<SmallVec<[&Definition; 8]>> =
            module.imports().map(|import| self.find(&import)).collect();
        found?
            .into_iter()
            .map(|definition| definition.to_extern(store))
            .collect()
    }

    /// Adds the host function with this name to a store of the same engine.
    pub(super) fn add_host_function(
        &self,
        store: &mut StoreInner,
        module: &str,
        name: &str,
    ) -> Result<FuncIndex> {
        self.check_engine(store);
        match self.definition(module, name) {
            Some(Definition::Host(function)) => Ok(function.add_to(store).index()),
            Some(_) => Err(format_err!(
                "`{module}::{name}` is not a host function of the linker"
            )),
            None => Err(format_err!("missing host function `{module}::{name}`")),
        }
    }

    fn find(&self, import: &ImportType<'_>) -> Result<&Definition> {
        self.definition(import.module(), import.name())
            .ok_or_else(|| Error::new(UnknownImportError::new(import)))
    }

    fn check_module(&self, module: &Module) -> Result<()> {
        ensure!(
            Engine::same(&self.engine, module.engine()),
            "the module and the linker belong to different engines"
        );
        Ok(())
    }
}

impl<T> Clone for Linker<T> {
    fn clone(&self) -> Linker<T> {
        Linker {
            engine: self.engine.clone(),
            map: self.map.clone(),
            allow_shadowing: self.allow_shadowing,
            allow_unknown_exports: self.allow_unknown_exports,
            data: PhantomData,
        }
    }
}

impl<T: 'static> Default for Linker<T> {
    fn default() -> Linker<T> {
        Linker::new(&Engine::default())
    }
}

impl<T> fmt::Debug for Linker<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Linker").finish_non_exhaustive()
    }
}

/// An import that is not defined.
///
/// Corresponds to
/// [`wasmtime::UnknownImportError`](https://docs.rs/wasmtime/latest/wasmtime/struct.UnknownImportError.html).
#[derive(Clone, Debug)]
pub struct UnknownImportError {
    module: Box<str>,
    name: Box<str>,
    ty: ExternType,
    /// The type in the text format.
    expected: String,
}

impl UnknownImportError {
    fn new(import: &ImportType<'_>) -> UnknownImportError {
        UnknownImportError {
            module: import.module().into(),
            name: import.name().into(),
            ty: import.ty(),
            expected: module::describe_extern(&import.engine.0.types, &import.import.ty),
        }
    }

    /// Returns the module part of the import's name.
    pub fn module(&self) -> &str {
        &self.module
    }

    /// Returns the field part of the import's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the type that the import must have.
    pub fn ty(&self) -> ExternType {
        self.ty.clone()
    }
}

impl fmt::Display for UnknownImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let UnknownImportError {
            module,
            name,
            expected,
            ..
        } = self;
        write!(
            f,
            "unknown import: `{module}::{name}` has not been defined; it must be `{expected}`"
        )
    }
}

impl core::error::Error for UnknownImportError {}
