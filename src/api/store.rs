//! Stores.

use super::backtrace::describe_failure;
use super::cont_ref::ContRef;
use super::context::{AsContextMut, StoreContext, StoreContextMut};
use super::engine::Engine;
use super::exn_ref::{self, ExnRef};
use super::hooks::{self, CallHook, UpdateDeadline};
use super::limits::{Adapter, ResourceLimiter};
use super::out_of_memory::GcHeapOutOfMemory;
use super::rooted::Rooted;
use crate::ensure;
use crate::execute::has_steps;
use crate::heap::StoreInner;
use crate::stack::InterruptHandle;
use crate::support::error::Result;
#[cfg(all(backstitch_threads, feature = "wasi-core"))]
use crate::support::wait_queue::Ticket;
use crate::support::write::Write;
use crate::walk;
use crate::walk::coredump::graph::HeapGraph;
use alloc::boxed::Box;
use alloc::sync::Arc;
use core::fmt;
use core::marker::PhantomData;

/// A collection of instances, all that they own, and the embedder's data.
///
/// Everything that is created in a store lives as long as the store. A store is used by one thread
/// at a time; it is `Send` if its data is.
///
/// Corresponds to [`wasmtime::Store`](https://docs.rs/wasmtime/latest/wasmtime/struct.Store.html).
pub struct Store<T: 'static> {
    pub(super) inner: Box<StoreInner>,
    data: PhantomData<T>,
}

/// Returns the embedder's data of a store that was created with a `T`.
#[inline]
pub(super) fn data<T: 'static>(store: &StoreInner) -> &T {
    store
        .data
        .downcast_ref()
        .expect("the store's data has the type of its contexts")
}

/// Returns the embedder's data of a store that was created with a `T`, mutably.
#[inline]
pub(super) fn data_mut<T: 'static>(store: &mut StoreInner) -> &mut T {
    store
        .data
        .downcast_mut()
        .expect("the store's data has the type of its contexts")
}

impl<T: 'static> Store<T> {
    /// Creates an empty store.
    pub fn new(engine: &Engine, data: T) -> Store<T> {
        let inner = StoreInner::new(
            Arc::clone(&engine.0),
            Box::new(data),
            describe_failure,
            walk::trace_stack,
            walk::uncharged_cost,
        );
        Store::of(inner)
    }

    /// Returns a store whose data has the type `T`.
    pub(super) fn of(inner: StoreInner) -> Store<T> {
        Store {
            inner: Box::new(inner),
            data: PhantomData,
        }
    }

    /// Returns the embedder's data.
    #[inline]
    pub fn data(&self) -> &T {
        data(&self.inner)
    }

    /// Returns the embedder's data mutably.
    #[inline]
    pub fn data_mut(&mut self) -> &mut T {
        data_mut(&mut self.inner)
    }

    /// Drops the store and returns its data.
    pub fn into_data(self) -> T {
        *self
            .inner
            .data
            .downcast()
            .expect("the store's data has the type that it was created with")
    }

    /// Returns the store's engine.
    pub fn engine(&self) -> &Engine {
        Engine::from_ref(self.inner.engine())
    }

    /// Collects garbage: frees the structures, arrays, host values, exceptions and continuations that
    /// guests cannot reach and that the host does not hold.
    ///
    /// Garbage is also collected automatically as objects are created; see
    /// [`Config::gc_threshold`](crate::Config::gc_threshold). Within a [call hook](Store::call_hook),
    /// nothing is collected.
    ///
    /// `why` is the error that is the reason for the collection, if there is one. As the error has
    /// come after a collection, another one helps only if the host has released something since.
    ///
    /// # Errors
    ///
    /// Never returns an error; the signature is that of Wasmtime.
    pub fn gc(&mut self, why: Option<&GcHeapOutOfMemory<()>>) -> Result<()> {
        self.as_context_mut().gc(why)
    }

    /// Writes a heap snapshot: the structures, arrays and exceptions that can be reached, in the format
    /// of Chrome's developer tools, whose memory panel loads files with names that end in
    /// `.heapsnapshot`.
    ///
    /// Types and fields have the names of the name section, and places on stacks those of functions.
    /// The bytes written depend on the guest's actions only. A host function gets the same from a
    /// core dump, with [`HeapGraph`](crate::coredump::HeapGraph).
    ///
    /// # Errors
    ///
    /// Returns the errors of `out`, and an error if there is no memory for the list of objects.
    pub fn heap_snapshot(&self, out: &mut impl Write) -> Result<()> {
        HeapGraph::of_store(&self.inner)?.write_snapshot(out)
    }

    /// Collects garbage as [`Store::gc`] does, and returns the number of structures and arrays that
    /// are left: those that guests can reach or the host holds.
    pub fn live_objects(&mut self) -> usize {
        self.inner.collect();
        self.inner.objects.live_count()
    }

    /// Returns the continuations that have not ended, in a fixed order.
    ///
    /// After [`Store::gc`], these are the continuations that can be reached.
    pub fn continuations(&self) -> impl Iterator<Item = ContRef> {
        ContRef::all(&self.inner)
    }

    /// Sets the limiter of the store, which is a part of its data.
    ///
    /// It is called before memories and tables are created and grow, and determines the maximum
    /// number of instances, tables and memories.
    ///
    /// Without a limiter, the limits are those of [`StoreLimits::default`].
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
                .expect("the store's data has the type that it was created with");
            Box::new(Adapter(limiter(data)))
        }));
    }

    /// Sets a hook that is called on each transition between the host and WebAssembly.
    ///
    /// If the hook returns an error, that ends the execution.
    pub fn call_hook(
        &mut self,
        mut hook: impl FnMut(StoreContextMut<'_, T>, CallHook) -> Result<()> + Send + Sync + 'static,
    ) {
        self.inner.call_hook = Some(Box::new(move |store, crossing| {
            hook(StoreContextMut::of(store), CallHook::from(crossing))
        }));
    }

    /// Sets a hook that is called before each cell.
    ///
    /// One cell may correspond to several instructions. The hook sees every state that can be
    /// observed. It is slow, and meant for tests of code that inspects stacks.
    ///
    /// # Errors
    ///
    /// Returns an error if the engine's dispatch backend is not
    /// [`Dispatch::Loop`](crate::Dispatch::Loop): only that can stop between any two cells.
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

    /// Sets a hook that is called before and after the thread of a call is parked for a wait without a
    /// timeout.
    #[cfg(all(backstitch_threads, feature = "wasi-core"))]
    pub(crate) fn wait_hook(
        &mut self,
        hook: impl Fn(Option<&Arc<Ticket>>) + Send + Sync + 'static,
    ) {
        self.inner.wait_hook = Some(Arc::new(hook));
    }

    /// Returns the remaining fuel.
    ///
    /// # Errors
    ///
    /// Returns an error if [`Config::consume_fuel`](crate::Config::consume_fuel) is off.
    pub fn get_fuel(&self) -> Result<u64> {
        hooks::get_fuel(&self.inner)
    }

    /// Returns the fuel that was consumed since the store was created, or `None` if fuel is not
    /// consumed.
    ///
    /// This is the number of instructions executed; bulk instructions count by their size.
    pub fn fuel_spent(&self) -> Option<u64> {
        hooks::fuel_spent(&self.inner)
    }

    /// Sets the remaining fuel. A new store has none.
    ///
    /// An execution that runs out of fuel is suspended, or traps with [`Trap::OutOfFuel`] if it
    /// cannot be suspended.
    ///
    /// # Errors
    ///
    /// Returns an error if [`Config::consume_fuel`] is off.
    ///
    /// [`Config::consume_fuel`]: crate::Config::consume_fuel
    /// [`Trap::OutOfFuel`]: crate::Trap::OutOfFuel
    pub fn set_fuel(&mut self, fuel: u64) -> Result<()> {
        hooks::set_fuel(&mut self.inner, fuel)
    }

    /// Sets the deadline to `ticks_beyond_current` increments of the engine's epoch from now.
    ///
    /// The deadline of a new store is the current epoch: if [`Config::epoch_interruption`] is on
    /// and no deadline is set, execution stops at once.
    ///
    /// [`Config::epoch_interruption`]: crate::Config::epoch_interruption
    pub fn set_epoch_deadline(&mut self, ticks_beyond_current: u64) {
        hooks::set_epoch_deadline(&mut self.inner, ticks_beyond_current);
    }

    /// Makes executions trap at the deadline, with [`Trap::Interrupt`]. This is the default.
    ///
    /// [`Trap::Interrupt`]: crate::Trap::Interrupt
    pub fn epoch_deadline_trap(&mut self) {
        self.as_context_mut().epoch_deadline_trap();
    }

    /// Sets a callback that decides what happens at the deadline.
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

    /// Creates a handle with which another thread can interrupt executions in this store.
    ///
    /// The execution is suspended at its next function entry, loop header or bulk instruction, or
    /// traps with [`Trap::Interrupt`](crate::Trap::Interrupt) if it cannot be suspended.
    ///
    /// # Errors
    ///
    /// Returns an error if [`Config::interruptible`](crate::Config::interruptible) is off.
    pub fn interrupt_handle(&self) -> Result<InterruptHandle> {
        hooks::interrupt_handle(&self.inner)
    }

    /// Makes an exception pending, and returns the [`ThrownException`] that a host function must
    /// return to throw it.
    ///
    /// # Errors
    ///
    /// Always returns an error, so that `?` throws.
    ///
    /// # Panics
    ///
    /// Panics if the exception belongs to another store or the reference's scope has ended.
    ///
    /// [`ThrownException`]: crate::ThrownException
    pub fn throw<R>(&mut self, exception: Rooted<ExnRef>) -> Result<R> {
        exn_ref::throw(&mut self.inner, exception)
    }

    /// Takes the exception that ended a call with a [`ThrownException`].
    ///
    /// The exception is then no longer thrown. A host function that returns the error instead
    /// throws the exception on.
    ///
    /// [`ThrownException`]: crate::ThrownException
    pub fn take_pending_exception(&mut self) -> Option<Rooted<ExnRef>> {
        exn_ref::take_pending(&mut self.inner)
    }

    /// Returns whether an exception has ended a call and has not been taken.
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
