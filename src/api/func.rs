//! Functions.

use super::caller::Caller;
use super::context::{AsContext, AsContextMut};
use super::engine::Engine;
use super::execution::Execution;
use super::func_type::FuncType;
use super::into_func::{HostFunc, IntoFunc};
use super::tag::Tag;
use super::typed_func::TypedFunc;
use super::values::Val;
use super::wasm_ty::{WasmParams, WasmResults};
use crate::heap::StoreInner;
use crate::ids::{FuncIndex, StoreId, TypeId};
use crate::module;
use crate::support::error::{Context, Result};
use crate::{ensure, execute};
use alloc::format;
use alloc::sync::Arc;
use smallvec::{SmallVec, smallvec};

/// A function of a store: a WebAssembly or host function.
///
/// Using it with another store panics.
///
/// Corresponds to [`wasmtime::Func`](https://docs.rs/wasmtime/latest/wasmtime/struct.Func.html).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Func {
    store: StoreId,
    index: FuncIndex,
}

/// Slots for the arguments and results of a call.
pub(super) type Slots = SmallVec<[u64; 16]>;

impl Func {
    pub(super) fn of(store: StoreId, index: FuncIndex) -> Func {
        Func { store, index }
    }

    /// Creates a host function whose type is given at run time.
    ///
    /// The results are zeros and nulls before the closure is called.
    ///
    /// # Panics
    ///
    /// Panics if the type belongs to another engine.
    pub fn new<T: 'static>(
        mut store: impl AsContextMut<Data = T>,
        ty: FuncType,
        func: impl Fn(Caller<'_, T>, &[Val], &mut [Val]) -> Result<()> + Send + Sync + 'static,
    ) -> Func {
        let store = store.as_context_mut();
        assert!(
            Engine::same(ty.engine(), store.engine()),
            "the function's type and the store belong to different engines"
        );
        HostFunc::dynamic(ty, func).add_to(store.0)
    }

    /// Creates a host function whose type is that of the closure.
    ///
    /// ```
    /// use backstitch::{Caller, Engine, Func, Store};
    ///
    /// let mut store = Store::new(&Engine::default(), 0);
    /// let add = Func::wrap(&mut store, |mut caller: Caller<'_, i32>, x: i32| {
    ///     *caller.data_mut() += x;
    ///     *caller.data()
    /// });
    /// let add = add.typed::<i32, i32>(&store)?;
    /// assert_eq!(add.call(&mut store, 3)?, 3);
    /// assert_eq!(add.call(&mut store, 4)?, 7);
    /// # Ok::<(), backstitch::Error>(())
    /// ```
    pub fn wrap<T, Params, Results>(
        mut store: impl AsContextMut<Data = T>,
        func: impl IntoFunc<T, Params, Results>,
    ) -> Func
    where
        T: 'static,
    {
        let store = store.as_context_mut();
        func.into_func(store.engine()).add_to(store.0)
    }

    /// Returns the type.
    ///
    /// # Panics
    ///
    /// Panics if `store` does not own this item.
    pub fn ty(&self, store: impl AsContext) -> FuncType {
        let store = store.as_context().0;
        self.check(store);
        FuncType::from_id(Engine::from_ref(store.engine()), self.type_id(store))
    }

    /// Returns whether the function is of type `ty`.
    ///
    /// # Panics
    ///
    /// Panics if `store` does not own this function.
    pub fn matches_ty(&self, store: impl AsContext, ty: &FuncType) -> bool {
        self.ty(store).matches(ty)
    }

    /// Calls the function, and runs it until it returns or traps.
    ///
    /// # Errors
    ///
    /// Returns an error if `params` or `results` have the wrong length, if `params` have the wrong
    /// types, or if the function ends with a trap or with an error of a host function. The error of
    /// a trap is a [`Trap`](crate::Trap), with a [`WasmBacktrace`](crate::WasmBacktrace) as a
    /// context and, for an access beyond the end of a memory, with a context that contains the
    /// address and the size of the memory.
    ///
    /// # Panics
    ///
    /// Panics if `store` does not own this function.
    pub fn call(
        &self,
        mut store: impl AsContextMut,
        params: &[Val],
        results: &mut [Val],
    ) -> Result<()> {
        let store = store.as_context_mut().0;
        self.check(store);
        let ty = self.inner_type(store);
        ensure!(
            results.len() == ty.results.len(),
            "expected {} results, got {}",
            ty.results.len(),
            results.len()
        );
        let mut slots = arguments(store, &ty, params)?;
        execute::call(store, self.index, &mut slots)?;
        let values = Val::read_all(&ty.results, &slots, store);
        for (result, value) in results.iter_mut().zip(values) {
            *result = value;
        }
        Ok(())
    }

    /// Prepares a call that can be suspended and resumed.
    ///
    /// The function runs when the [`Execution`] is first resumed.
    ///
    /// # Errors
    ///
    /// Returns an error if `params` have the wrong length or types, or if a stack cannot be
    /// allocated.
    ///
    /// # Panics
    ///
    /// Panics if `store` does not own this function.
    pub fn start(&self, store: impl AsContextMut, params: &[Val]) -> Result<Execution> {
        self.start_handling(store, params, &[])
    }

    /// Prepares a call in which the host handles some tags.
    ///
    /// A suspension with one of `tags` that no guest handles suspends the execution
    /// ([`Suspension::Tag`](crate::Suspension::Tag)).
    ///
    /// ```
    /// use backstitch::*;
    ///
    /// # if cfg!(not(feature = "wat")) { return Ok(()) }
    /// let engine = Engine::default();
    /// let module = Module::new(&engine, r#"
    ///     (module
    ///         (tag $yield (export "yield") (param i32) (result i32))
    ///         (func (export "run") (result i32)
    ///             (i32.add (suspend $yield (i32.const 1)) (suspend $yield (i32.const 2)))))
    /// "#)?;
    /// let mut store = Store::new(&engine, ());
    /// let instance = Instance::new(&mut store, &module, &[])?;
    /// let tag = instance.get_tag(&mut store, "yield").unwrap();
    /// let run = instance.get_func(&mut store, "run").unwrap();
    ///
    /// let mut execution = run.start_handling(&mut store, &[], &[tag])?;
    /// let mut outcome = execution.resume(&mut store)?;
    /// while let Outcome::Suspended(Suspension::Tag(_, payload)) = outcome {
    ///     let answer = payload[0].unwrap_i32() * 10;
    ///     outcome = execution.resume_with(&mut store, &[Val::I32(answer)])?;
    /// }
    /// assert!(matches!(outcome, Outcome::Done(results) if results[0].unwrap_i32() == 30));
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Func::start`].
    ///
    /// # Panics
    ///
    /// Panics if `store` does not own this function or a tag.
    pub fn start_handling(
        &self,
        mut store: impl AsContextMut,
        params: &[Val],
        tags: &[Tag],
    ) -> Result<Execution> {
        let store = store.as_context_mut().0;
        self.check(store);
        let ty = self.inner_type(store);
        let slots = arguments(store, &ty, params)?;
        let handles = tags
            .iter()
            .map(|tag| {
                assert!(tag.belongs_to(store), "object used with the wrong store");
                tag.index()
            })
            .collect();
        let arguments = &slots[..ty.param_slots()];
        let inner = execute::Execution::start(store, self.index, arguments, handles)?;
        Ok(Execution::new(inner, ty))
    }

    /// Returns a handle with static parameter and result types, for calls at less cost.
    ///
    /// # Errors
    ///
    /// Returns an error if `Params` or `Results` do not match the function's type.
    ///
    /// # Panics
    ///
    /// Panics if `store` does not own this function.
    pub fn typed<Params, Results>(
        &self,
        store: impl AsContext,
    ) -> Result<TypedFunc<Params, Results>>
    where
        Params: WasmParams,
        Results: WasmResults,
    {
        let ty = self.ty(store);
        let dynamic = Params::check_params(ty.params()).context("type mismatch with parameters")?;
        Results::check_results(ty.results()).context("type mismatch with results")?;
        Ok(TypedFunc::new(*self, dynamic))
    }

    pub(super) fn index(&self) -> FuncIndex {
        self.index
    }

    pub(super) fn belongs_to(&self, store: &StoreInner) -> bool {
        self.store == store.id()
    }

    #[inline]
    #[track_caller]
    pub(super) fn check(&self, store: &StoreInner) {
        assert!(self.belongs_to(store), "object used with the wrong store");
    }

    /// Returns the identifier of the function's type. `store` must be the function's.
    pub(super) fn type_id(&self, store: &StoreInner) -> TypeId {
        store.func(self.index).ty
    }

    pub(super) fn inner_type(&self, store: &StoreInner) -> Arc<module::FuncType> {
        store.engine().types.func(self.type_id(store))
    }
}

/// Returns slots with the arguments of a call, and with room for its results.
fn arguments(store: &StoreInner, ty: &module::FuncType, params: &[Val]) -> Result<Slots> {
    ensure!(
        params.len() == ty.params.len(),
        "expected {} arguments, got {}",
        ty.params.len(),
        params.len()
    );
    let mut slots: Slots = smallvec![0; ty.call_slots()];
    Val::write_all(params, &ty.params, &mut slots, store, |index| {
        format!("argument {index} has the wrong type")
    })?;
    Ok(slots)
}
