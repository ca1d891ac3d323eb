//! Who called a host function.

use super::context::{AsContext, AsContextMut, StoreContext, StoreContextMut};
use super::engine::Engine;
use super::exn_ref::ExnRef;
use super::externals::Extern;
use super::instance::Instance;
use super::module::ModuleExport;
use super::rooted::Rooted;
use crate::ids::InstanceIndex;
use crate::support::error::Result;
use core::fmt;

/// The store in which a host function is called, and the instance that called it.
///
/// To suspend the caller's execution, a host function returns
/// [`Error::suspend`](crate::Error::suspend).
pub struct Caller<'a, T: 'static> {
    store: StoreContextMut<'a, T>,
    instance: Option<InstanceIndex>,
}

impl<'a, T: 'static> Caller<'a, T> {
    pub(super) fn new(
        store: StoreContextMut<'a, T>,
        instance: Option<InstanceIndex>,
    ) -> Caller<'a, T> {
        Caller { store, instance }
    }

    /// The instance that called; none where the host did.
    pub fn instance(&self) -> Option<Instance> {
        Some(Instance::of(self.store.0.id(), self.instance?))
    }

    /// What the calling instance exports by this name; nothing where the host called.
    pub fn get_export(&mut self, name: &str) -> Option<Extern> {
        self.instance()?.get_export(&mut self.store, name)
    }

    /// What the calling instance exports by this index of its module's; nothing where the
    /// host called.
    pub fn get_module_export(&mut self, export: &ModuleExport) -> Option<Extern> {
        self.instance()?.get_module_export(&mut self.store, export)
    }

    /// The store's data.
    #[inline]
    pub fn data(&self) -> &T {
        self.store.data()
    }

    /// The store's data, to change.
    #[inline]
    pub fn data_mut(&mut self) -> &mut T {
        self.store.data_mut()
    }

    /// The store's engine.
    pub fn engine(&self) -> &Engine {
        self.store.engine()
    }

    /// The fuel that is left; see [`Store::get_fuel`](crate::Store::get_fuel).
    ///
    /// # Errors
    ///
    /// If the engine does not count fuel.
    pub fn get_fuel(&self) -> Result<u64> {
        self.store.get_fuel()
    }

    /// Sets the fuel that is left; see [`Store::set_fuel`](crate::Store::set_fuel).
    ///
    /// # Errors
    ///
    /// If the engine does not count fuel.
    pub fn set_fuel(&mut self, fuel: u64) -> Result<()> {
        self.store.set_fuel(fuel)
    }

    /// Throws an exception: what this gives is for the host function to return. See
    /// [`Store::throw`](crate::Store::throw).
    ///
    /// # Errors
    ///
    /// Always.
    ///
    /// # Panics
    ///
    /// If the exception belongs to another store.
    pub fn throw<R>(&mut self, exception: Rooted<ExnRef>) -> Result<R> {
        self.store.throw(exception)
    }

    /// Collects; see [`Store::gc`](crate::Store::gc).
    pub fn gc(&mut self) {
        self.store.gc();
    }

    /// The exception that has ended a call; see
    /// [`Store::take_pending_exception`](crate::Store::take_pending_exception).
    pub fn take_pending_exception(&mut self) -> Option<Rooted<ExnRef>> {
        self.store.take_pending_exception()
    }
}

impl<T: 'static> AsContext for Caller<'_, T> {
    type Data = T;

    #[inline]
    fn as_context(&self) -> StoreContext<'_, T> {
        self.store.as_context()
    }
}

impl<T: 'static> AsContextMut for Caller<'_, T> {
    #[inline]
    fn as_context_mut(&mut self) -> StoreContextMut<'_, T> {
        self.store.as_context_mut()
    }
}

impl<'a, T: 'static> From<Caller<'a, T>> for StoreContextMut<'a, T> {
    fn from(caller: Caller<'a, T>) -> StoreContextMut<'a, T> {
        caller.store
    }
}

impl<T: 'static> fmt::Debug for Caller<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caller")
            .field("instance", &self.instance)
            .finish_non_exhaustive()
    }
}
