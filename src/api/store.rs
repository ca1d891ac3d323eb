//! The store.

use super::backtrace::describe_failure;
use super::cont_ref::ContRef;
use super::context::{AsContextMut, StoreContext, StoreContextMut};
use super::engine::Engine;
use super::exn_ref::{self, ExnRef};
use super::hooks::{self, CallHook, UpdateDeadline};
use super::limits::{Adapter, ResourceLimiter};
use super::rooted::Rooted;
use crate::ensure;
use crate::execute::has_steps;
use crate::heap::StoreInner;
use crate::stack::InterruptHandle;
use crate::support::error::Result;
use crate::walk;
use alloc::boxed::Box;
use alloc::sync::Arc;
use core::fmt;
use core::marker::PhantomData;

/// A world of instances, with what they own and the embedder's data.
///
/// Everything made in a store lives as long as it does. A store belongs to one thread at
/// a time; it is `Send` where its data is.
pub struct Store<T: 'static> {
    pub(super) inner: Box<StoreInner>,
    data: PhantomData<T>,
}

/// The embedder's data of a store that was made with a `T`.
#[inline]
pub(super) fn data<T: 'static>(store: &StoreInner) -> &T {
    store
        .data
        .downcast_ref()
        .expect("a store's data has the type that its contexts say")
}

/// The embedder's data of a store that was made with a `T`, to change.
#[inline]
pub(super) fn data_mut<T: 'static>(store: &mut StoreInner) -> &mut T {
    store
        .data
        .downcast_mut()
        .expect("a store's data has the type that its contexts say")
}

impl<T: 'static> Store<T> {
    /// An empty store.
    pub fn new(engine: &Engine, data: T) -> Store<T> {
        let inner = StoreInner::new(
            Arc::clone(&engine.0),
            Box::new(data),
            describe_failure,
            walk::trace_stack,
        );
        Store {
            inner: Box::new(inner),
            data: PhantomData,
        }
    }

    /// The embedder's data.
    #[inline]
    pub fn data(&self) -> &T {
        data(&self.inner)
    }

    /// The embedder's data, to change.
    #[inline]
    pub fn data_mut(&mut self) -> &mut T {
        data_mut(&mut self.inner)
    }

    /// Drops the store and gives its data back.
    pub fn into_data(self) -> T {
        *self
            .inner
            .data
            .downcast()
            .expect("a store's data has the type it was made with")
    }

    /// The store's engine.
    pub fn engine(&self) -> &Engine {
        Engine::from_ref(self.inner.engine())
    }

    /// Frees the host values, exceptions and continuations that neither guests can reach nor
    /// the host holds. That happens by itself too, as more of them are made.
    pub fn gc(&mut self) {
        self.inner.collect();
    }

    /// The continuations that have not ended, and, after [`Store::gc`], that somebody can
    /// reach: in a fixed order.
    pub fn continuations(&self) -> impl Iterator<Item = ContRef> {
        ContRef::all(&self.inner)
    }

    /// Asks a part of the store's data before a memory or a table grows, and for the
    /// number of instances, tables and memories that there may be.
    ///
    /// Without a limiter the limits are those of [`StoreLimits::default`].
    ///
    /// [`StoreLimits::default`]: crate::StoreLimits
    ///
    /// ```
    /// use backstitch::{Engine, Store, StoreLimits, StoreLimitsBuilder};
    ///
    /// let limits = StoreLimitsBuilder::new().memory_size(1 << 20).build();
    /// let mut store = Store::new(&Engine::default(), limits);
    /// store.limiter(|limits| limits);
    /// ```
    pub fn limiter(
        &mut self,
        mut limiter: impl (FnMut(&mut T) -> &mut dyn ResourceLimiter) + Send + Sync + 'static,
    ) {
        self.inner.limiter = Some(Box::new(move |data| {
            let data = data
                .downcast_mut()
                .expect("a store's data has the type it was made with");
            Box::new(Adapter(limiter(data)))
        }));
    }

    /// Calls `hook` on each passage between the host and WebAssembly. An error of its own
    /// ends the execution.
    pub fn call_hook(
        &mut self,
        mut hook: impl FnMut(StoreContextMut<'_, T>, CallHook) -> Result<()> + Send + Sync + 'static,
    ) {
        self.inner.call_hook = Some(Box::new(move |store, crossing| {
            hook(StoreContextMut::of(store), CallHook::from(crossing))
        }));
    }

    /// Calls `hook` before each instruction of translated code, of which one may stand for
    /// several operators: so that every state that can be seen is seen. It is for tests of
    /// whoever looks at stacks, and slow.
    ///
    /// # Errors
    ///
    /// If the engine does not dispatch by [`Dispatch::Loop`](crate::Dispatch::Loop), which
    /// alone can stop between any two instructions.
    ///
    /// ```
    /// use backstitch::{Config, Dispatch, Engine, Store, WasmBacktrace};
    ///
    /// let engine = Engine::new(Config::new().dispatch(Dispatch::Loop))?;
    /// let mut store = Store::new(&engine, ());
    /// store.cell_hook(|store| println!("{}", WasmBacktrace::capture(store)))?;
    /// # Ok::<(), backstitch::Error>(())
    /// ```
    pub fn cell_hook(
        &mut self,
        mut hook: impl FnMut(StoreContext<'_, T>) + Send + Sync + 'static,
    ) -> Result<()> {
        ensure!(
            has_steps(&self.inner),
            "instructions cannot be told apart in this store: call \
             `Config::dispatch(Dispatch::Loop)`"
        );
        self.inner.cell_hook = Some(Box::new(move |store| hook(StoreContext::of(store))));
        Ok(())
    }

    /// The fuel that is left.
    ///
    /// # Errors
    ///
    /// If the engine does not count fuel: see [`Config::consume_fuel`].
    ///
    /// [`Config::consume_fuel`]: crate::Config::consume_fuel
    pub fn get_fuel(&self) -> Result<u64> {
        hooks::get_fuel(&self.inner)
    }

    /// The fuel that was spent since the store was made, which is the number of operators
    /// executed, with bulk operators counted by their size; nothing where fuel is not counted.
    pub fn fuel_spent(&self) -> Option<u64> {
        hooks::fuel_spent(&self.inner)
    }

    /// Sets the fuel that is left, up to 2⁶³ − 1; a new store has none. An execution that runs out of it
    /// suspends, or traps with [`Trap::OutOfFuel`] where it cannot.
    ///
    /// # Errors
    ///
    /// If the engine does not count fuel: see [`Config::consume_fuel`].
    ///
    /// [`Config::consume_fuel`]: crate::Config::consume_fuel
    /// [`Trap::OutOfFuel`]: crate::Trap::OutOfFuel
    pub fn set_fuel(&mut self, fuel: u64) -> Result<()> {
        hooks::set_fuel(&mut self.inner, fuel)
    }

    /// Sets the deadline to so many increments of the engine's epoch from now. A new
    /// store's deadline is the present epoch, so execution stops at once where
    /// [`Config::epoch_interruption`] is on and no deadline was set.
    ///
    /// [`Config::epoch_interruption`]: crate::Config::epoch_interruption
    pub fn set_epoch_deadline(&mut self, ticks_beyond_current: u64) {
        hooks::set_epoch_deadline(&mut self.inner, ticks_beyond_current);
    }

    /// Lets execution trap at its deadline, with [`Trap::Interrupt`]: the default.
    ///
    /// [`Trap::Interrupt`]: crate::Trap::Interrupt
    pub fn epoch_deadline_trap(&mut self) {
        self.as_context_mut().epoch_deadline_trap();
    }

    /// Lets `callback` decide what happens at the deadline.
    pub fn epoch_deadline_callback(
        &mut self,
        mut callback: impl FnMut(StoreContextMut<'_, T>) -> Result<UpdateDeadline>
        + Send
        + Sync
        + 'static,
    ) {
        self.inner.epoch_hook = Some(Box::new(move |store| {
            callback(StoreContextMut::of(store)).map(UpdateDeadline::into)
        }));
    }

    /// A handle by which another thread interrupts what runs in this store: the execution
    /// suspends at its next function entry or loop header, or traps with
    /// [`Trap::Interrupt`](crate::Trap::Interrupt) where it cannot suspend.
    ///
    /// # Errors
    ///
    /// If the engine's code does not look for interruptions: see
    /// [`Config::interruptible`](crate::Config::interruptible).
    pub fn interrupt_handle(&self) -> Result<InterruptHandle> {
        hooks::interrupt_handle(&self.inner)
    }

    /// Makes an exception the store's pending one, and gives the [`ThrownException`] that a
    /// host function returns to throw it.
    ///
    /// # Errors
    ///
    /// Always: that is the point of it.
    ///
    /// # Panics
    ///
    /// If the exception belongs to another store.
    ///
    /// [`ThrownException`]: crate::ThrownException
    pub fn throw<R>(&mut self, exception: Rooted<ExnRef>) -> Result<R> {
        exn_ref::throw(&mut self.inner, exception)
    }

    /// The exception that has ended a call with a [`ThrownException`]: it is not thrown any
    /// further. A host function that returns the error instead throws it on.
    ///
    /// [`ThrownException`]: crate::ThrownException
    pub fn take_pending_exception(&mut self) -> Option<Rooted<ExnRef>> {
        exn_ref::take_pending(&mut self.inner)
    }

    /// Whether an exception has ended a call and was not taken.
    pub fn has_pending_exception(&self) -> bool {
        self.inner.pending_exception.is_some()
    }
}

impl<T: Default + 'static> Default for Store<T> {
    fn default() -> Store<T> {
        Store::new(&Engine::default(), T::default())
    }
}

impl<T: fmt::Debug + 'static> fmt::Debug for Store<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store")
            .field("id", &self.inner.id())
            .field("data", self.data())
            .finish_non_exhaustive()
    }
}
