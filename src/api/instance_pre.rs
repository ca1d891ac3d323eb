//! Modules with resolved imports, and instances whose start function may still run.

use super::context::AsContextMut;
use super::engine::Engine;
use super::execution::{Execution, Outcome, Suspension};
use super::func::Func;
use super::instance::{self, Imports, Instance};
use super::linker::Definition;
use super::module::Module;
use super::values::Val;
use crate::ensure;
use crate::heap::{self, StoreInner};
use crate::support::error::Result;
use alloc::boxed::Box;
use alloc::sync::Arc;
use core::fmt;
use core::marker::PhantomData;

/// A module whose imports are resolved, ready to be instantiated any number of times.
///
/// [`Linker::instantiate_pre`](crate::Linker::instantiate_pre) creates it.
///
/// Corresponds to
/// [`wasmtime::InstancePre`](https://docs.rs/wasmtime/latest/wasmtime/struct.InstancePre.html).
pub struct InstancePre<T> {
    module: Module,
    /// Definitions of the imports, in the order of the module.
    items: Arc<[Definition]>,
    data: PhantomData<fn() -> T>,
}

impl<T> Clone for InstancePre<T> {
    fn clone(&self) -> InstancePre<T> {
        InstancePre {
            module: self.module.clone(),
            items: Arc::clone(&self.items),
            data: PhantomData,
        }
    }
}

impl<T: 'static> InstancePre<T> {
    pub(super) fn new(module: &Module, items: Arc<[Definition]>) -> InstancePre<T> {
        InstancePre {
            module: module.clone(),
            items,
            data: PhantomData,
        }
    }

    /// Returns the module.
    pub fn module(&self) -> &Module {
        &self.module
    }

    /// Instantiates the module, and runs its start function if it has one.
    ///
    /// # Errors
    ///
    /// Returns an error if the store belongs to another engine or an import to another store; if a
    /// limit is reached; if an active segment is out of bounds; or if the start function fails.
    pub fn instantiate(&self, mut store: impl AsContextMut<Data = T>) -> Result<Instance> {
        let store = store.as_context_mut().0;
        let imports = self.imports(store)?;
        instance::instantiate(store, &self.module, &imports)
    }

    /// Instantiates the module, with a start function that can be suspended.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`InstancePre::instantiate`], except for those of the start function.
    pub fn instantiate_resumable(
        &self,
        mut store: impl AsContextMut<Data = T>,
    ) -> Result<Instantiation> {
        let store = store.as_context_mut().0;
        let imports = self.imports(store)?;
        let made = instance::instantiate_without_start(store, &self.module, &imports)?;
        Instantiation::begin(store, made)
    }

    fn imports(&self, store: &mut StoreInner) -> Result<Imports> {
        ensure!(
            Engine::same(self.module.engine(), Engine::from_ref(store.engine())),
            "cross-`Engine` instantiation is not supported: the module and the store belong to \
             different engines"
        );
        self.items
            .iter()
            .map(|item| item.to_extern(store))
            .collect()
    }
}

impl<T> fmt::Debug for InstancePre<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InstancePre")
            .field("module", &self.module)
            .finish_non_exhaustive()
    }
}

/// An instance whose start function may not have ended yet.
///
/// ```
/// use backstitch::{Config, Engine, Linker, Module, Store, Suspension};
///
/// let engine = Engine::new(Config::new().consume_fuel(true))?;
/// # let text = r#"(module (func $f (loop $l (br_if $l (i32.const 0)))) (start $f))"#;
/// # if cfg!(not(feature = "wat")) { return Ok(()) }
/// let module = Module::new(&engine, text)?;
/// let mut store = Store::new(&engine, ());
/// let mut instantiation = Linker::new(&engine).instantiate_resumable(&mut store, &module)?;
/// while let Some(suspension) = instantiation.resume(&mut store)? {
///     assert!(matches!(suspension, Suspension::Fuel));
///     store.set_fuel(100)?;
/// }
/// let instance = instantiation.instance();
/// # Ok::<(), backstitch::Error>(())
/// ```
#[derive(Debug)]
pub struct Instantiation {
    instance: Instance,
    /// The start function, until it has ended.
    start: Option<Execution>,
}

impl Instantiation {
    pub(super) fn begin(store: &mut StoreInner, made: heap::Instantiated) -> Result<Self> {
        let id = store.id();
        let start = match made.start {
            Some(start) => {
                let ty = Func::of(id, start).inner_type(store);
                let inner = crate::execute::Execution::start(store, start, &[], Box::default())?;
                Some(Execution::new(inner, ty))
            }
            None => None,
        };
        Ok(Instantiation {
            instance: Instance::of(id, made.instance),
            start,
        })
    }

    /// Returns the instantiation of an instance with a start function that has not ended.
    pub(super) fn of(instance: Instance, start: Option<Execution>) -> Instantiation {
        Instantiation { instance, start }
    }

    /// Returns the start function, if it has not ended.
    pub(super) fn start(&self) -> Option<&Execution> {
        self.start.as_ref()
    }

    /// Returns the instance, and the start function if it has not ended.
    pub(super) fn into_parts(self) -> (Instance, Option<Execution>) {
        (self.instance, self.start)
    }

    /// Returns the instance.
    ///
    /// It may not be ready for use before its start function has ended.
    pub fn instance(&self) -> Instance {
        self.instance
    }

    /// Runs the start function. Returns the reason if it is suspended, and `None` once it has
    /// ended.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Execution::resume`].
    ///
    /// # Panics
    ///
    /// Panics if `store` does not own this instance.
    pub fn resume(&mut self, store: impl AsContextMut) -> Result<Option<Suspension>> {
        self.advance(|start| start.resume(store))
    }

    /// Resumes the start function with the results of the host function that suspended it.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Execution::resume_with`].
    ///
    /// # Panics
    ///
    /// Panics if `store` does not own this instance.
    pub fn resume_with(
        &mut self,
        store: impl AsContextMut,
        results: &[Val],
    ) -> Result<Option<Suspension>> {
        self.advance(|start| start.resume_with(store, results))
    }

    fn advance(
        &mut self,
        advance: impl FnOnce(&mut Execution) -> Result<Outcome>,
    ) -> Result<Option<Suspension>> {
        let Some(start) = &mut self.start else {
            return Ok(None);
        };
        match advance(start)? {
            Outcome::Suspended(suspension) => Ok(Some(suspension)),
            Outcome::Done(_) => {
                self.start = None;
                Ok(None)
            }
        }
    }
}
