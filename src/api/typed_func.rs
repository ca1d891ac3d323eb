//! Functions whose types Rust knows.

use super::context::AsContextMut;
use super::execution::Execution;
use super::func::Func;
use super::wasm_ty::{MAX_ARITY, WasmParams, WasmResults};
use crate::execute;
use crate::heap::StoreInner;
use crate::support::error::{Context, Result};
use alloc::boxed::Box;
use core::fmt;
use core::marker::PhantomData;
use smallvec::{SmallVec, smallvec};

/// A function whose parameters are `Params` and whose results are `Results`: made by
/// [`Func::typed`]. Calling it allocates nothing and checks no types.
pub struct TypedFunc<Params, Results> {
    func: Func,
    /// Whether some arguments can only be checked when they are passed.
    dynamic: bool,
    types: PhantomData<fn(Params) -> Results>,
}

impl<Params, Results> Clone for TypedFunc<Params, Results> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<Params, Results> Copy for TypedFunc<Params, Results> {}

impl<Params, Results> TypedFunc<Params, Results> {
    /// The function, whose types have been compared.
    pub(super) fn new(func: Func, dynamic: bool) -> Self {
        TypedFunc {
            func,
            dynamic,
            types: PhantomData,
        }
    }

    /// The function.
    pub fn func(&self) -> &Func {
        &self.func
    }
}

impl<Params: WasmParams, Results: WasmResults> TypedFunc<Params, Results> {
    /// Calls it, and runs until it returns or traps.
    ///
    /// # Errors
    ///
    /// If the function ends with a trap or with an error of a host function's, or if an
    /// argument is a reference of another store or of the wrong type.
    ///
    /// # Panics
    ///
    /// If it belongs to another store.
    #[inline]
    pub fn call(&self, mut store: impl AsContextMut, params: Params) -> Result<Results> {
        let store = store.as_context_mut().0;
        self.func.check(store);
        // An array has to have a constant length, and a larger one costs time to clear.
        match const { slot_count::<Params, Results>() } {
            0..=1 => self.call_in::<1>(store, params),
            2..=4 => self.call_in::<4>(store, params),
            _ => self.call_in::<MAX_ARITY>(store, params),
        }
    }

    /// A call that can be suspended.
    pub(super) fn start(&self, store: &mut StoreInner, params: Params) -> Result<Execution> {
        self.func.check(store);
        let mut slots: SmallVec<[u64; 8]> = smallvec![0; Params::COUNT];
        if self.dynamic {
            self.store_checked(store, params, &mut slots)?;
        } else {
            params.store(store, &mut slots)?;
        }
        let ty = self.func.inner_type(store);
        let index = self.func.index();
        let inner = execute::Execution::start(store, index, &slots, Box::default())?;
        Ok(Execution::new(inner, ty))
    }

    #[inline]
    fn call_in<const N: usize>(&self, store: &mut StoreInner, params: Params) -> Result<Results> {
        let count = const { slot_count::<Params, Results>() };
        let mut slots = [0; N];
        if self.dynamic {
            self.store_checked(store, params, &mut slots)?;
        } else {
            params.store(store, &mut slots)?;
        }
        execute::call(store, self.func.index(), &mut slots[..count])?;
        Ok(Results::load(&slots, self.func.store_id()))
    }

    #[cold]
    fn store_checked(&self, store: &StoreInner, params: Params, slots: &mut [u64]) -> Result<()> {
        let ty = self.func.inner_type(store);
        params
            .store_checked(store, &ty.params, slots)
            .context("argument type mismatch")
    }
}

/// The slots that a call needs: for its parameters, and then for its results.
const fn slot_count<Params: WasmParams, Results: WasmResults>() -> usize {
    if Params::COUNT > Results::COUNT {
        Params::COUNT
    } else {
        Results::COUNT
    }
}

impl<Params, Results> fmt::Debug for TypedFunc<Params, Results> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TypedFunc").field(&self.func).finish()
    }
}
