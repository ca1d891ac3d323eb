//! Borrowed stores, and the traits by which functions accept them.

use super::engine::Engine;
use super::exn_ref::{self, ExnRef};
use super::hooks;
use super::out_of_memory::GcHeapOutOfMemory;
use super::rooted::Rooted;
use super::store::{self, Store};
#[cfg(feature = "wasi-core")]
use crate::heap::HostEvent;
use crate::heap::StoreInner;
use crate::support::error::Result;
#[cfg(feature = "wasi-core")]
use alloc::vec::Vec;
use core::fmt;
use core::marker::PhantomData;

/// A shared borrow of a [`Store`].
///
/// Corresponds to
/// [`wasmtime::StoreContext`](https://docs.rs/wasmtime/latest/wasmtime/struct.StoreContext.html).
#[derive(Clone, Copy)]
pub struct StoreContext<'a, T: 'static>(pub(super) &'a StoreInner, PhantomData<&'a T>);

/// A mutable borrow of a [`Store`].
///
/// Corresponds to
/// [`wasmtime::StoreContextMut`](https://docs.rs/wasmtime/latest/wasmtime/struct.StoreContextMut.html).
pub struct StoreContextMut<'a, T: 'static>(pub(super) &'a mut StoreInner, PhantomData<&'a mut T>);

/// A type from which a store can be borrowed.
///
/// Corresponds to
/// [`wasmtime::AsContext`](https://docs.rs/wasmtime/latest/wasmtime/trait.AsContext.html).
pub trait AsContext {
    /// Type of the store's data.
    type Data: 'static;

    /// Borrows the store.
    fn as_context(&self) -> StoreContext<'_, Self::Data>;
}

/// A type from which a store can be borrowed mutably.
///
/// Corresponds to
/// [`wasmtime::AsContextMut`](https://docs.rs/wasmtime/latest/wasmtime/trait.AsContextMut.html).
pub trait AsContextMut: AsContext {
    /// Borrows the store mutably.
    fn as_context_mut(&mut self) -> StoreContextMut<'_, Self::Data>;
}

impl<'a, T: 'static> StoreContext<'a, T> {
    /// Borrows a store whose data has type `T`.
    pub(super) fn of(inner: &'a StoreInner) -> StoreContext<'a, T> {
        StoreContext(inner, PhantomData)
    }

    /// Returns the store's engine.
    pub fn engine(&self) -> &Engine {
        Engine::from_ref(self.0.engine())
    }

    /// Returns the store's data.
    pub fn data(&self) -> &'a T {
        store::data(self.0)
    }

    /// Returns the remaining fuel; see [`Store::get_fuel`].
    ///
    /// # Errors
    ///
    /// Returns an error if [`Config::consume_fuel`](crate::Config::consume_fuel) is off.
    pub fn get_fuel(&self) -> Result<u64> {
        hooks::get_fuel(self.0)
    }
}

impl<'a, T: 'static> StoreContextMut<'a, T> {
    /// Borrows a store whose data has type `T`.
    pub(super) fn of(inner: &'a mut StoreInner) -> StoreContextMut<'a, T> {
        StoreContextMut(inner, PhantomData)
    }

    /// Returns the store's data.
    pub fn data(&self) -> &T {
        store::data(self.0)
    }

    /// Returns the store's data mutably.
    pub fn data_mut(&mut self) -> &mut T {
        store::data_mut(self.0)
    }

    /// Returns the store's engine.
    pub fn engine(&self) -> &Engine {
        Engine::from_ref(self.0.engine())
    }

    /// Returns the remaining fuel; see [`Store::get_fuel`].
    ///
    /// # Errors
    ///
    /// Returns an error if [`Config::consume_fuel`](crate::Config::consume_fuel) is off.
    pub fn get_fuel(&self) -> Result<u64> {
        hooks::get_fuel(self.0)
    }

    /// Adds bytes to the recording of the store, if there is one.
    #[cfg(feature = "wasi-core")]
    pub(crate) fn note(&mut self, bytes: impl FnOnce() -> Vec<u8>) {
        if self.0.recording.is_some() {
            self.0.note(HostEvent::Notes(&bytes()));
        }
    }

    /// Returns the fuel consumed so far; see [`Store::fuel_spent`].
    pub fn fuel_spent(&self) -> Option<u64> {
        hooks::fuel_spent(self.0)
    }

    /// Sets the remaining fuel; see [`Store::set_fuel`].
    ///
    /// # Errors
    ///
    /// Returns an error if [`Config::consume_fuel`](crate::Config::consume_fuel) is off.
    pub fn set_fuel(&mut self, fuel: u64) -> Result<()> {
        hooks::set_fuel(self.0, fuel)
    }

    /// Sets the epoch deadline; see [`Store::set_epoch_deadline`].
    pub fn set_epoch_deadline(&mut self, ticks_beyond_current: u64) {
        hooks::set_epoch_deadline(self.0, ticks_beyond_current);
    }

    /// Makes executions trap at the epoch deadline; see [`Store::epoch_deadline_trap`].
    pub fn epoch_deadline_trap(&mut self) {
        self.0.epoch_hook = None;
    }

    /// Throws an exception from a host function; see [`Store::throw`].
    ///
    /// # Errors
    ///
    /// Always returns an error.
    ///
    /// # Panics
    ///
    /// Panics if the exception belongs to another store or the reference's scope has ended.
    pub fn throw<R>(&mut self, exception: Rooted<ExnRef>) -> Result<R> {
        exn_ref::throw(self.0, exception)
    }

    /// Collects garbage; see [`Store::gc`].
    ///
    /// # Errors
    ///
    /// Never returns an error; the signature is that of Wasmtime.
    pub fn gc(&mut self, _why: Option<&GcHeapOutOfMemory<()>>) -> Result<()> {
        self.0.collect();
        Ok(())
    }

    /// Takes the exception that ended a call; see [`Store::take_pending_exception`].
    pub fn take_pending_exception(&mut self) -> Option<Rooted<ExnRef>> {
        exn_ref::take_pending(self.0)
    }

    /// Returns whether an exception has ended a call and has not been taken.
    pub fn has_pending_exception(&self) -> bool {
        self.0.pending_exception.is_some()
    }
}

impl<T: 'static> AsContext for Store<T> {
    type Data = T;

    #[inline]
    fn as_context(&self) -> StoreContext<'_, T> {
        StoreContext::of(&self.inner)
    }
}

impl<T: 'static> AsContextMut for Store<T> {
    #[inline]
    fn as_context_mut(&mut self) -> StoreContextMut<'_, T> {
        StoreContextMut::of(&mut self.inner)
    }
}

impl<T: 'static> AsContext for StoreContext<'_, T> {
    type Data = T;

    #[inline]
    fn as_context(&self) -> StoreContext<'_, T> {
        StoreContext::of(self.0)
    }
}

impl<T: 'static> AsContext for StoreContextMut<'_, T> {
    type Data = T;

    #[inline]
    fn as_context(&self) -> StoreContext<'_, T> {
        StoreContext::of(self.0)
    }
}

impl<T: 'static> AsContextMut for StoreContextMut<'_, T> {
    #[inline]
    fn as_context_mut(&mut self) -> StoreContextMut<'_, T> {
        StoreContextMut::of(self.0)
    }
}

impl<S: AsContext> AsContext for &'_ S {
    type Data = S::Data;

    #[inline]
    fn as_context(&self) -> StoreContext<'_, S::Data> {
        S::as_context(self)
    }
}

impl<S: AsContext> AsContext for &'_ mut S {
    type Data = S::Data;

    #[inline]
    fn as_context(&self) -> StoreContext<'_, S::Data> {
        S::as_context(self)
    }
}

impl<S: AsContextMut> AsContextMut for &'_ mut S {
    #[inline]
    fn as_context_mut(&mut self) -> StoreContextMut<'_, S::Data> {
        S::as_context_mut(self)
    }
}

impl<'a, T: 'static> From<StoreContextMut<'a, T>> for StoreContext<'a, T> {
    fn from(store: StoreContextMut<'a, T>) -> StoreContext<'a, T> {
        StoreContext::of(store.0)
    }
}

impl<'a, S: AsContext> From<&'a S> for StoreContext<'a, S::Data> {
    fn from(store: &'a S) -> StoreContext<'a, S::Data> {
        store.as_context()
    }
}

impl<'a, S: AsContext> From<&'a mut S> for StoreContext<'a, S::Data> {
    fn from(store: &'a mut S) -> StoreContext<'a, S::Data> {
        S::as_context(store)
    }
}

impl<'a, S: AsContextMut> From<&'a mut S> for StoreContextMut<'a, S::Data> {
    fn from(store: &'a mut S) -> StoreContextMut<'a, S::Data> {
        store.as_context_mut()
    }
}

impl<T: 'static> fmt::Debug for StoreContext<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("StoreContext").field(&self.0.id()).finish()
    }
}

impl<T: 'static> fmt::Debug for StoreContextMut<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("StoreContextMut")
            .field(&self.0.id())
            .finish()
    }
}
