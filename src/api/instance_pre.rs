//! Instances in the making.

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

/// A module whose imports have been found, ready to be instantiated any number of times:
/// made by [`Linker::instantiate_pre`](crate::Linker::instantiate_pre).
pub struct InstancePre<T> {
    module: Module,
    /// In the order of the module's imports.
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

    /// The module.
    pub fn module(&self) -> &Module {
        &self.module
    }

    /// Makes an instance and runs its start function, if it has one.
    ///
    /// # Errors
    ///
    /// If the store is of another engine, or an import of another store; if a limit is
    /// reached; if a segment does not fit or the start function fails.
    pub fn instantiate(&self, mut store: impl AsContextMut<Data = T>) -> Result<Instance> {
        let store = store.as_context_mut().0;
        let imports = self.imports(store)?;
        instance::instantiate(store, &self.module, &imports)
    }

    /// The same, with a start function that can be suspended.
    ///
    /// # Errors
    ///
    /// As for [`InstancePre::instantiate`], but for what the start function does.
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
            "cross-`Engine` instantiation is not supported: the module and the store are of \
             different engines"
        );
        Ok(self
            .items
            .iter()
            .map(|item| item.to_extern(store))
            .collect())
    }
}

impl<T> fmt::Debug for InstancePre<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InstancePre")
            .field("module", &self.module)
            .finish_non_exhaustive()
    }
}

/// An instance whose start function may not have ended.
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

    /// The instance, and its start function where that has not ended.
    pub(super) fn into_parts(self) -> (Instance, Option<Execution>) {
        (self.instance, self.start)
    }

    /// The instance. Before its start function has ended it may not be ready for use.
    pub fn instance(&self) -> Instance {
        self.instance
    }

    /// Runs the start function, and says why it was suspended if it was; `None` once it
    /// has ended.
    ///
    /// # Errors
    ///
    /// As for [`Execution::resume`].
    ///
    /// # Panics
    ///
    /// If it belongs to another store.
    pub fn resume(&mut self, store: impl AsContextMut) -> Result<Option<Suspension>> {
        self.advance(|start| start.resume(store))
    }

    /// The same, with the results of the host function that suspended it.
    ///
    /// # Errors
    ///
    /// As for [`Execution::resume_with`].
    ///
    /// # Panics
    ///
    /// If it belongs to another store.
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
