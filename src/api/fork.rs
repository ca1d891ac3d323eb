//! Forks of stores.

use super::cont_ref::ContRef;
use super::execution::Execution;
use super::func::Func;
use super::global::Global;
use super::instance::Instance;
use super::instance_pre::Instantiation;
use super::memory::Memory;
use super::rooted::{GcRef, OwnedRooted, Rooted};
use super::store::Store;
use super::table::Table;
use super::tag::Tag;
use super::typed_func::TypedFunc;
use crate::heap::{CopyHostValue, ForkError, StoreInner};
use crate::stack::Owner;
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::Any;
use core::fmt;

/// A fork of a store: an independent copy of all that the store has.
///
/// [`Store::fork`] creates it. The handles of the store cannot be used with the fork: [`Fork::get`]
/// returns the fork's handles for those that are needed. Then [`Fork::into_store`] returns the fork as
/// a store of its own.
///
/// * **Copied**: memories, tables, globals, objects, exceptions, host values, continuations, suspended
///   executions, and the remaining fuel.
/// * **Shared** with the store: the engine, the modules with their translated code, and the host
///   functions with the state that they capture.
/// * **Absent**: the limiter, the hooks, the epoch callback, and interruptions that were requested.
///
/// The fork holds the objects that the host holds in the store, for as long as the fork lives. A
/// [`Rooted`] whose scope has ended is not valid in the fork either. Executions for which
/// [`Fork::get`] was not called end, as if they were dropped.
///
/// ```
/// use backstitch::{Config, Engine, Instance, Module, Outcome, Store, Suspension};
///
/// # if cfg!(not(feature = "wat")) { return Ok(()) }
/// let engine = Engine::new(Config::new().consume_fuel(true))?;
/// let module = Module::new(&engine, r#"
///     (module
///         (global $n (mut i32) (i32.const 0))
///         (func (export "count") (result i32)
///             (loop $again
///                 (global.set $n (i32.add (global.get $n) (i32.const 1)))
///                 (br_if $again (i32.lt_u (global.get $n) (i32.const 1000))))
///             (global.get $n)))
/// "#)?;
/// let mut store = Store::new(&engine, ());
/// store.set_fuel(100)?;
/// let instance = Instance::new(&mut store, &module, &[])?;
/// let count = instance.get_func(&mut store, "count").unwrap();
/// let mut execution = count.start(&mut store, &[])?;
/// assert!(matches!(execution.resume(&mut store)?, Outcome::Suspended(Suspension::Fuel)));
///
/// // In the fork, the call goes on from where it is. In the store, it stays there.
/// let mut fork = store.fork(())?;
/// let mut forked = fork.get(&execution);
/// let mut fork = fork.into_store();
/// fork.set_fuel(100_000)?;
/// let Outcome::Done(results) = forked.resume(&mut fork)? else {
///     panic!("there is enough fuel");
/// };
/// assert_eq!(results[0].unwrap_i32(), 1000);
/// assert!(matches!(execution.resume(&mut store)?, Outcome::Suspended(Suspension::Fuel)));
/// # Ok::<(), backstitch::Error>(())
/// ```
pub struct Fork<'a, T: 'static> {
    origin: &'a StoreInner,
    store: Store<T>,
    /// The owners of all executions, which do not end while these exist.
    _executions: Vec<Arc<Owner>>,
}

impl<T: 'static> Fork<'_, T> {
    /// Returns the handle of the fork for what `handle` is in the store.
    ///
    /// # Panics
    ///
    /// Panics if the store that was forked does not own `handle`.
    pub fn get<H: StoreHandle>(&mut self, handle: &H) -> H {
        handle.in_fork(self.origin, &mut self.store.inner)
    }

    /// Returns the fork as a store of its own.
    pub fn into_store(self) -> Store<T> {
        self.store
    }
}

impl<T: fmt::Debug + 'static> fmt::Debug for Fork<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fork")
            .field("origin", &self.origin.id())
            .field("store", &self.store)
            .finish_non_exhaustive()
    }
}

impl<T: 'static> Store<T> {
    /// Creates an independent copy of this store, with the embedder's data `data`. See [`Fork`].
    ///
    /// Its cost is that of copying the memories, tables, objects and stacks. Pages of a memory that
    /// contain only zeros are not copied.
    ///
    /// On Linux, with the feature `copy-on-write`, pages of large memories
    /// ([`Config::copy_on_write_from`]) are shared until one side writes them. The first fork copies
    /// them to where they can be shared. A later fork, of the store or of a fork, copies those only
    /// that were written since.
    ///
    /// [`Config::copy_on_write_from`]: crate::Config::copy_on_write_from
    ///
    /// # Errors
    ///
    /// Returns a [`ForkError`] if there is no memory for the copy, if a memory is shared with other
    /// stores, or if guests can refer to a host value: [`Store::fork_with`] copies those.
    pub fn fork(&self, data: T) -> Result<Fork<'_, T>, ForkError> {
        self.fork_with(data, |_| None)
    }

    /// Creates an independent copy of this store as [`Store::fork`] does. `copy` copies each host
    /// value that guests can refer to, or returns `None` if it cannot.
    ///
    /// ```
    /// use backstitch::{Engine, ExternRef, Store};
    ///
    /// let mut store = Store::new(&Engine::default(), ());
    /// ExternRef::new(&mut store, "text")?;
    /// assert!(store.fork(()).is_err());
    /// let fork = store.fork_with((), |value| {
    ///     let text: &&str = value.downcast_ref()?;
    ///     Some(Box::new(*text))
    /// })?;
    /// # drop(fork);
    /// # Ok::<(), backstitch::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Store::fork`].
    pub fn fork_with(
        &self,
        data: T,
        mut copy: impl FnMut(&(dyn Any + Send + Sync)) -> Option<Box<dyn Any + Send + Sync>>,
    ) -> Result<Fork<'_, T>, ForkError> {
        let copy: &mut CopyHostValue<'_> = &mut copy;
        let inner = self.inner.fork(Box::new(data), copy)?;
        Ok(Fork {
            origin: &self.inner,
            _executions: inner.stacks.owners().collect(),
            store: Store::of(inner),
        })
    }
}

pub(super) mod sealed {
    use crate::heap::StoreInner;

    /// A handle that can be translated.
    pub trait Translate {
        /// Returns the handle of `fork` for what this is in `origin`.
        ///
        /// # Panics
        ///
        /// If `origin` does not own it.
        fn in_fork(&self, origin: &StoreInner, fork: &mut StoreInner) -> Self;
    }
}

/// A handle of something in a store, which [`Fork::get`] can translate. Only types of this crate
/// implement it.
pub trait StoreHandle: sealed::Translate {}

macro_rules! handles {
    ($($handle:ident)*) => {$(
        impl StoreHandle for $handle {}

        impl sealed::Translate for $handle {
            fn in_fork(&self, origin: &StoreInner, fork: &mut StoreInner) -> $handle {
                assert!(self.belongs_to(origin), "object used with the wrong store");
                $handle::of(fork.id(), self.index())
            }
        }
    )*};
}

handles! { Func Memory Table Global Tag Instance }

impl<Params, Results> StoreHandle for TypedFunc<Params, Results> {}

impl<Params, Results> sealed::Translate for TypedFunc<Params, Results> {
    fn in_fork(&self, origin: &StoreInner, fork: &mut StoreInner) -> Self {
        self.with_func(self.func().in_fork(origin, fork))
    }
}

impl StoreHandle for ContRef {}

impl sealed::Translate for ContRef {
    fn in_fork(&self, origin: &StoreInner, fork: &mut StoreInner) -> ContRef {
        assert!(self.belongs_to(origin), "object used with the wrong store");
        ContRef::from_bits(self.bits(), fork.id()).expect("the reference is not null")
    }
}

impl<T: GcRef> StoreHandle for Rooted<T> {}

impl<T: GcRef> sealed::Translate for Rooted<T> {
    fn in_fork(&self, origin: &StoreInner, fork: &mut StoreInner) -> Rooted<T> {
        Rooted::at(self.root().in_fork(origin, fork))
    }
}

impl<T: GcRef> StoreHandle for OwnedRooted<T> {}

impl<T: GcRef> sealed::Translate for OwnedRooted<T> {
    fn in_fork(&self, origin: &StoreInner, fork: &mut StoreInner) -> OwnedRooted<T> {
        let bits = self.root().bits(origin);
        let bits = bits.unwrap_or_else(|error| panic!("{error}"));
        OwnedRooted::new(fork, bits).expect("memory for a root")
    }
}

impl StoreHandle for Execution {}

impl sealed::Translate for Execution {
    fn in_fork(&self, origin: &StoreInner, fork: &mut StoreInner) -> Execution {
        self.check(origin);
        self.copy_in(fork)
    }
}

impl StoreHandle for Instantiation {}

impl sealed::Translate for Instantiation {
    fn in_fork(&self, origin: &StoreInner, fork: &mut StoreInner) -> Instantiation {
        let instance = self.instance().in_fork(origin, fork);
        let start = self.start().map(|start| start.in_fork(origin, fork));
        Instantiation::of(instance, start)
    }
}
