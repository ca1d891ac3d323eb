//! Functions with static types.

use super::context::AsContextMut;
use super::execution::Execution;
use super::func::Func;
use super::wasm_ty::{MAX_SLOTS, WasmParams, WasmResults};
use crate::execute;
use crate::heap::StoreInner;
use crate::support::error::{Context, Result};
use alloc::boxed::Box;
use core::fmt;
use core::marker::PhantomData;
use smallvec::{SmallVec, smallvec};

/// A function with static types: parameters `Params` and results `Results`.
///
/// [`Func::typed`] creates it. Calling it does not allocate and does not check types.
///
/// Corresponds to
/// [`wasmtime::TypedFunc`](https://docs.rs/wasmtime/latest/wasmtime/struct.TypedFunc.html).
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
    /// Makes a handle of a function whose type has been compared.
    pub(super) fn new(func: Func, dynamic: bool) -> Self {
        TypedFunc {
            func,
            dynamic,
            types: PhantomData,
        }
    }

    /// Makes a handle of another function of the same type.
    pub(super) fn with_func(&self, func: Func) -> Self {
        TypedFunc { func, ..*self }
    }

    /// Returns the function.
    pub fn func(&self) -> &Func {
        &self.func
    }
}

impl<Params: WasmParams, Results: WasmResults> TypedFunc<Params, Results> {
    /// Calls the function, and runs it until it returns or traps.
    ///
    /// # Errors
    ///
    /// Returns an error if the function ends with a trap or with an error of a host function, or if
    /// an argument is a reference that belongs to another store or has the wrong type.
    ///
    /// # Panics
    ///
    /// Panics if `store` does not own this function.
    #[inline]
    pub fn call(&self, mut store: impl AsContextMut, params: Params) -> Result<Results> {
        let store = store.as_context_mut().0;
        self.func.check(store);
        // The length of an array must be constant, and clearing a longer one takes more time.
        match const { slot_count::<Params, Results>() } {
            0..=1 => self.call_in::<1>(store, params),
            2..=4 => self.call_in::<4>(store, params),
            5..=17 => self.call_in::<17>(store, params),
            _ => self.call_in::<MAX_SLOTS>(store, params),
        }
    }

    /// Prepares a call that can be suspended.
    pub(super) fn start(&self, store: &mut StoreInner, params: Params) -> Result<Execution> {
        self.func.check(store);
        let mut slots: SmallVec<[u64; 8]> = smallvec![0; Params::SLOTS];
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
        Ok(Results::load(&slots, store))
    }

    #[cold]
    fn store_checked(&self, store: &StoreInner, params: Params, slots: &mut [u64]) -> Result<()> {
        let ty = self.func.inner_type(store);
        params
            .store_checked(store, &ty.params, slots)
            .context("argument type mismatch")
    }
}

/// Returns the number of slots of a call, which hold its parameters and later its results.
const fn slot_count<Params: WasmParams, Results: WasmResults>() -> usize {
    if Params::SLOTS > Results::SLOTS {
        Params::SLOTS
    } else {
        Results::SLOTS
    }
}

impl<Params, Results> fmt::Debug for TypedFunc<Params, Results> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TypedFunc").field(&self.func).finish()
    }
}
