//! The caller of a host function.

use super::context::{AsContext, AsContextMut, StoreContext, StoreContextMut};
use super::engine::Engine;
use super::exn_ref::ExnRef;
use super::externals::Extern;
use super::instance::Instance;
use super::module::ModuleExport;
use super::out_of_memory::GcHeapOutOfMemory;
use super::rooted::Rooted;
use crate::ids::InstanceIndex;
use crate::support::error::Result;
use core::fmt;

/// The store in which a host function is called, and the instance that called it.
///
/// To suspend the caller's execution, a host function returns
/// [`Error::suspend`](crate::Error::suspend).
///
/// Corresponds to
/// [`wasmtime::Caller`](https://docs.rs/wasmtime/latest/wasmtime/struct.Caller.html).
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

    /// Returns the calling instance, or `None` if the host is the caller.
    pub fn instance(&self) -> Option<Instance> {
        Some(Instance::of(self.store.0.id(), self.instance?))
    }

    /// Returns the calling instance's export named `name`.
    ///
    /// Returns `None` if there is no such export or if the host is the caller.
    pub fn get_export(&mut self, name: &str) -> Option<Extern> {
        self.instance()?.get_export(&mut self.store, name)
    }

    /// Returns the calling instance's export with the given index, which is faster than by name.
    ///
    /// Returns `None` if the index is that of another module or if the host is the caller.
    pub fn get_module_export(&mut self, export: &ModuleExport) -> Option<Extern> {
        self.instance()?.get_module_export(&mut self.store, export)
    }

    /// Returns the store's data.
    #[inline]
    pub fn data(&self) -> &T {
        self.store.data()
    }

    /// Returns the store's data mutably.
    #[inline]
    pub fn data_mut(&mut self) -> &mut T {
        self.store.data_mut()
    }

    /// Returns the store's engine.
    pub fn engine(&self) -> &Engine {
        self.store.engine()
    }

    /// Returns the remaining fuel; see [`Store::get_fuel`](crate::Store::get_fuel).
    ///
    /// # Errors
    ///
    /// Returns an error if [`Config::consume_fuel`](crate::Config::consume_fuel) is off.
    pub fn get_fuel(&self) -> Result<u64> {
        self.store.get_fuel()
    }

    /// Sets the remaining fuel; see [`Store::set_fuel`](crate::Store::set_fuel).
    ///
    /// # Errors
    ///
    /// Returns an error if [`Config::consume_fuel`](crate::Config::consume_fuel) is off.
    pub fn set_fuel(&mut self, fuel: u64) -> Result<()> {
        self.store.set_fuel(fuel)
    }

    /// Throws an exception: makes it pending and returns the error that the host function must
    /// return.
    ///
    /// See [`Store::throw`](crate::Store::throw).
    ///
    /// # Errors
    ///
    /// Always returns an error.
    ///
    /// # Panics
    ///
    /// Panics if the exception belongs to another store or the reference's scope has ended.
    pub fn throw<R>(&mut self, exception: Rooted<ExnRef>) -> Result<R> {
        self.store.throw(exception)
    }

    /// Collects garbage; see [`Store::gc`](crate::Store::gc).
    ///
    /// # Errors
    ///
    /// Never returns an error; the signature is that of Wasmtime.
    pub fn gc(&mut self, why: Option<&GcHeapOutOfMemory<()>>) -> Result<()> {
        self.store.gc(why)
    }

    /// Takes the exception that ended a call; see
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
