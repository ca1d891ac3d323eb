//! Conversion of closures to host functions.
//!
//! Each closure type gets a trampoline: it reads the arguments from the caller's slots, calls the
//! closure, which is inlined, and writes the results over the arguments. Nothing is allocated.

use super::caller::Caller;
use super::context::StoreContextMut;
use super::engine::Engine;
use super::func::Func;
use super::func_type::FuncType;
use super::val_type::ValType;
use super::values::Val;
use super::wasm_ty::sealed::Results as _;
use super::wasm_ty::{WasmRet, WasmTy, for_each_arity};
use crate::heap::{self, HostCall, HostEvent, StoreInner};
use crate::module;
use crate::support::error::Result;
use alloc::format;
use alloc::sync::Arc;
use core::fmt;
use smallvec::SmallVec;

/// A closure that can be a host function.
///
/// It has up to 17 parameters that are [`WasmTy`]s, an optional [`Caller`] before them, and a
/// [`WasmRet`] as its result.
///
/// Corresponds to
/// [`wasmtime::IntoFunc`](https://docs.rs/wasmtime/latest/wasmtime/trait.IntoFunc.html).
pub trait IntoFunc<T, Params, Results>: sealed::IntoFunc<T, Params, Results> {}

impl<T, Params, Results, F: sealed::IntoFunc<T, Params, Results>> IntoFunc<T, Params, Results>
    for F
{
}

mod sealed {
    use super::{Engine, HostFunc};

    /// The operation of [`IntoFunc`](super::IntoFunc), which is not a part of the API.
    pub trait IntoFunc<T, Params, Results>: Send + Sync + 'static {
        fn into_func(self, engine: &Engine) -> HostFunc;
    }
}

/// A host function that is not in a store yet.
#[derive(Clone)]
pub struct HostFunc {
    ty: FuncType,
    func: Arc<dyn heap::HostFunc>,
}

impl fmt::Debug for HostFunc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostFunc")
            .field("ty", &self.ty)
            .finish_non_exhaustive()
    }
}

impl HostFunc {
    /// Makes a host function of a closure that takes and returns [`Val`]s.
    pub(super) fn dynamic<T: 'static>(
        ty: FuncType,
        func: impl Fn(Caller<'_, T>, &[Val], &mut [Val]) -> Result<()> + Send + Sync + 'static,
    ) -> HostFunc {
        let types = Arc::clone(ty.inner());
        HostFunc::of(ty, move |call| call_dynamic(call, &types, &func))
    }

    /// Makes a host function of a closure that reads its arguments from the call's slots and writes
    /// its results there.
    pub(super) fn of(
        ty: FuncType,
        run: impl Fn(&mut HostCall<'_>) -> Result<()> + Send + Sync + 'static,
    ) -> HostFunc {
        HostFunc {
            ty,
            func: Arc::new(Trampoline(run)),
        }
    }

    /// Returns the type.
    pub(super) fn ty(&self) -> &FuncType {
        &self.ty
    }

    /// Adds the function to a store of the same engine.
    pub(super) fn add_to(&self, store: &mut StoreInner) -> Func {
        debug_assert!(Engine::same(
            self.ty.engine(),
            Engine::from_ref(store.engine())
        ));
        let index = store.add_host_func(self.ty.id(), Arc::clone(&self.func));
        store.note(HostEvent::AddsFunction(index));
        Func::of(store.id(), index)
    }
}

struct Trampoline<C>(C);

impl<C> heap::HostFunc for Trampoline<C>
where
    C: Fn(&mut HostCall<'_>) -> Result<()> + Send + Sync,
{
    #[inline]
    fn call(&self, mut call: HostCall<'_>) -> Result<()> {
        (self.0)(&mut call)
    }
}

fn call_dynamic<T: 'static>(
    call: &mut HostCall<'_>,
    ty: &module::FuncType,
    func: impl Fn(Caller<'_, T>, &[Val], &mut [Val]) -> Result<()>,
) -> Result<()> {
    let (store, slots) = call.arguments();
    let mut values: SmallVec<[Val; 8]> = SmallVec::new();
    values.extend(Val::read_all(&ty.params, slots, store));
    // Zero is null for references too.
    values.extend(
        ty.results
            .iter()
            .map(|&ty| Val::from_bits([0; 2], ty, store)),
    );
    let (params, results) = values.split_at_mut(ty.params.len());
    func(caller(call), params, results)?;
    let (store, slots) = call.results();
    Val::write_all(results, &ty.results, slots, store, |index| {
        format!("result {index} of a host function is incompatible")
    })
}

#[inline(always)]
fn caller<'a, T: 'static>(call: &'a mut HostCall<'_>) -> Caller<'a, T> {
    let instance = call.caller;
    Caller::new(StoreContextMut::of(call.store), instance)
}

macro_rules! closures {
    // As in Wasmtime, a single parameter is not in a tuple.
    (1 $name:ident) => {
        closures!(@plain ($name) 1 $name);
        closures!(@caller 1 $name);
    };
    ($count:literal $($name:ident)*) => {
        closures!(@plain (($($name,)*)) $count $($name)*);
        closures!(@caller $count $($name)*);
    };
    (@plain ($params:ty) $count:literal $($name:ident)*) => {
        #[allow(non_snake_case, unused_variables, reason = "there may be no parameters")]
        impl<T, F, $($name,)* R> sealed::IntoFunc<T, $params, R> for F
        where
            F: Fn($($name),*) -> R + Send + Sync + 'static,
            $($name: WasmTy,)*
            R: WasmRet,
            T: 'static,
        {
            fn into_func(self, engine: &Engine) -> HostFunc {
                let params: [ValType; $count] = [$($name::valtype()),*];
                let ty = FuncType::new(engine, params, R::result_types());
                HostFunc::of(ty, move |call| {
                    let (store, slots) = call.arguments();
                    let ($($name,)*) = <($($name,)*)>::load(slots, store);
                    self($($name),*).into_slots(call)
                })
            }
        }
    };
    (@caller $count:literal $($name:ident)*) => {
        #[allow(non_snake_case, unused_variables, reason = "there may be no parameters")]
        impl<T, F, $($name,)* R> sealed::IntoFunc<T, (Caller<'_, T>, $($name,)*), R> for F
        where
            F: Fn(Caller<'_, T>, $($name),*) -> R + Send + Sync + 'static,
            $($name: WasmTy,)*
            R: WasmRet,
            T: 'static,
        {
            fn into_func(self, engine: &Engine) -> HostFunc {
                let params: [ValType; $count] = [$($name::valtype()),*];
                let ty = FuncType::new(engine, params, R::result_types());
                HostFunc::of(ty, move |call| {
                    let (store, slots) = call.arguments();
                    let ($($name,)*) = <($($name,)*)>::load(slots, store);
                    self(caller(call), $($name),*).into_slots(call)
                })
            }
        }
    };
}

for_each_arity!(closures);
