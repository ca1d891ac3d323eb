//! Rust types that correspond to WebAssembly values, alone and in tuples.
//!
//! A value takes one slot or two, as its type says, so the slot of a value in a tuple follows from
//! the types before it. All of this is constant, and calls do not compute it.

use super::engine::Engine;
use super::func::Func;
use super::heap_type::HeapType;
use super::i31::I31;
use super::rooted::{GcRef, OwnedRooted, Root, Rooted};
use super::val_type::{RefType, ValType};
use super::values::{V128, Val};
use crate::heap::{FuncRef, HostCall, StoreInner};
use crate::module::ValBits;
use crate::support::error::{Error, Result};
use crate::{bail, format_err, module};
use alloc::vec::Vec;

/// A Rust type for parameters and results of functions: `i32`, `u32`, `i64`, `u64`, `f32`, `f64`,
/// [`V128`], [`Func`], [`I31`], [`Rooted`] and [`OwnedRooted`] references, and [`Option`]s of the
/// last four for references that may be null.
///
/// A parameter of a host function that is a [`Rooted`] is held until the function returns. One that
/// is an [`OwnedRooted`] is held longer, as asynchronous host functions need it.
///
/// The trait is sealed.
///
/// Corresponds to
/// [`wasmtime::WasmTy`](https://docs.rs/wasmtime/latest/wasmtime/trait.WasmTy.html).
pub trait WasmTy: sealed::Ty {}

/// The operations of the public traits. They are in separate traits, which cannot be named
/// outside of the crate, so that they are not a part of the API.
///
/// ```compile_fail,E0599
/// use backstitch::*;
/// let _ = 1_i32.into_val();
/// ```
pub mod sealed {
    use super::*;

    pub trait Ty: Send + Sized {
        /// Number of slots that a value takes.
        const SLOTS: usize = 1;

        fn valtype() -> ValType;

        /// Returns the bits of the value, or an error if it belongs to another store.
        fn into_bits(self, store: &StoreInner) -> Result<ValBits>;

        fn from_bits(bits: ValBits, store: &mut StoreInner) -> Self;

        /// Returns the bits of the value, or an error if it is not of type `ty` or belongs to another
        /// store. The static types have one hierarchy.
        fn into_checked_bits(self, store: &StoreInner, ty: module::ValType) -> Result<ValBits> {
            let _ = ty;
            self.into_bits(store)
        }
    }

    pub trait Params: Send {
        /// Number of slots that the values take.
        const SLOTS: usize;

        /// Compares the types with a function's parameters. Returns `true` if some values can
        /// only be checked when they are passed.
        fn check_params(params: impl ExactSizeIterator<Item = ValType>) -> Result<bool>;

        /// Encodes the values in the first slots.
        fn store(self, store: &StoreInner, slots: &mut [u64]) -> Result<()>;

        /// Encodes the values in the first slots, and compares each with its parameter's type.
        fn store_checked(
            self,
            store: &StoreInner,
            types: &[module::ValType],
            slots: &mut [u64],
        ) -> Result<()>;
    }

    pub trait Results: Params {
        /// Compares the types with a function's results.
        fn check_results(results: impl ExactSizeIterator<Item = ValType>) -> Result<()>;

        /// Decodes the values from the first slots.
        ///
        /// # Panics
        ///
        /// Panics if there are fewer slots.
        fn load(slots: &[u64], store: &mut StoreInner) -> Self;
    }

    pub trait Ret {
        fn result_types() -> Vec<ValType>;

        /// Writes the results to the call's slots.
        fn into_slots(self, call: &mut HostCall<'_>) -> Result<()>;
    }
}

/// Writes a value of type `T` to the slots from `at` on, and returns the end of these slots.
#[inline(always)]
fn put<T: sealed::Ty>(slots: &mut [u64], at: usize, bits: ValBits) -> usize {
    let end = at + T::SLOTS;
    slots[at..end].copy_from_slice(&bits[..T::SLOTS]);
    end
}

/// Reads a value of type `T` from the slots from `at` on, and returns it with the end of these
/// slots.
#[inline(always)]
fn take<T: sealed::Ty>(slots: &[u64], at: usize, store: &mut StoreInner) -> (T, usize) {
    let end = at + T::SLOTS;
    let mut bits = [0; 2];
    bits[..T::SLOTS].copy_from_slice(&slots[at..end]);
    (T::from_bits(bits, store), end)
}

macro_rules! numbers {
    ($($ty:ty: $variant:ident, |$value:ident| $into:expr, |$bits:ident| $from:expr;)*) => {$(
        impl WasmTy for $ty {}

        impl sealed::Ty for $ty {
            fn valtype() -> ValType {
                ValType::$variant
            }

            #[inline(always)]
            fn into_bits(self, _: &StoreInner) -> Result<ValBits> {
                let $value = self;
                Ok([$into, 0])
            }

            #[inline(always)]
            fn from_bits([$bits, _]: ValBits, _: &mut StoreInner) -> $ty {
                $from
            }
        }
    )*};
}

numbers! {
    i32: I32, |value| u64::from(value as u32), |bits| bits as i32;
    u32: I32, |value| u64::from(value), |bits| bits as u32;
    i64: I64, |value| value as u64, |bits| bits as i64;
    u64: I64, |value| value, |bits| bits;
    f32: F32, |value| u64::from(value.to_bits()), |bits| f32::from_bits(bits as u32);
    f64: F64, |value| value.to_bits(), |bits| f64::from_bits(bits);
}

impl WasmTy for V128 {}

impl sealed::Ty for V128 {
    const SLOTS: usize = 2;

    fn valtype() -> ValType {
        ValType::V128
    }

    #[inline(always)]
    fn into_bits(self, _: &StoreInner) -> Result<ValBits> {
        Ok(self.to_bits())
    }

    #[inline(always)]
    fn from_bits(bits: ValBits, _: &mut StoreInner) -> V128 {
        V128::from_bits(bits)
    }
}

#[cold]
fn cross_store() -> Error {
    format_err!("cross-`Store` values are not supported: the reference belongs to another store")
}

impl WasmTy for Option<Func> {}

impl sealed::Ty for Option<Func> {
    fn valtype() -> ValType {
        ValType::FUNCREF
    }

    fn into_bits(self, store: &StoreInner) -> Result<ValBits> {
        self.map_or(Ok([0; 2]), |func| func.into_bits(store))
    }

    fn into_checked_bits(self, store: &StoreInner, ty: module::ValType) -> Result<ValBits> {
        Val::FuncRef(self).to_bits(store, ty)
    }

    fn from_bits(bits: ValBits, store: &mut StoreInner) -> Option<Func> {
        FuncRef(bits[0] as u32)
            .get()
            .map(|index| Func::of(store.id(), index))
    }
}

impl WasmTy for Func {}

impl sealed::Ty for Func {
    fn valtype() -> ValType {
        ValType::Ref(RefType::new(false, HeapType::Func))
    }

    fn into_bits(self, store: &StoreInner) -> Result<ValBits> {
        if !self.belongs_to(store) {
            return Err(cross_store());
        }
        Ok([FuncRef::new(self.index()).0.into(), 0])
    }

    fn into_checked_bits(self, store: &StoreInner, ty: module::ValType) -> Result<ValBits> {
        Val::FuncRef(Some(self)).to_bits(store, ty)
    }

    fn from_bits(bits: ValBits, store: &mut StoreInner) -> Func {
        Option::<Func>::from_bits(bits, store).expect("a non-null reference")
    }
}

impl<T: GcRef> WasmTy for Rooted<T> {}

impl<T: GcRef> sealed::Ty for Rooted<T> {
    fn valtype() -> ValType {
        ValType::Ref(RefType::new(false, T::heap_type()))
    }

    fn into_bits(self, store: &StoreInner) -> Result<ValBits> {
        bits_of(self.root(), store)
    }

    fn into_checked_bits(self, store: &StoreInner, ty: module::ValType) -> Result<ValBits> {
        Val::from(self).to_bits(store, ty)
    }

    fn from_bits(bits: ValBits, store: &mut StoreInner) -> Rooted<T> {
        Rooted::from_bits(bits[0], store).expect("a non-null reference")
    }
}

impl<T: GcRef> WasmTy for Option<Rooted<T>> {}

impl<T: GcRef> sealed::Ty for Option<Rooted<T>> {
    fn valtype() -> ValType {
        ValType::Ref(RefType::new(true, T::heap_type()))
    }

    fn into_bits(self, store: &StoreInner) -> Result<ValBits> {
        self.map_or(Ok([0; 2]), |value| value.into_bits(store))
    }

    fn into_checked_bits(self, store: &StoreInner, ty: module::ValType) -> Result<ValBits> {
        Val::from(self).to_bits(store, ty)
    }

    fn from_bits(bits: ValBits, store: &mut StoreInner) -> Option<Rooted<T>> {
        Rooted::from_bits(bits[0], store)
    }
}

impl<T: GcRef> WasmTy for OwnedRooted<T> {}

impl<T: GcRef> sealed::Ty for OwnedRooted<T> {
    fn valtype() -> ValType {
        <Rooted<T>>::valtype()
    }

    fn into_bits(self, store: &StoreInner) -> Result<ValBits> {
        bits_of(self.root(), store)
    }

    fn into_checked_bits(self, store: &StoreInner, ty: module::ValType) -> Result<ValBits> {
        Val::from(Rooted::<T>::at(self.root())).to_bits(store, ty)
    }

    fn from_bits(bits: ValBits, store: &mut StoreInner) -> OwnedRooted<T> {
        Option::<OwnedRooted<T>>::from_bits(bits, store).expect("a non-null reference")
    }
}

impl<T: GcRef> WasmTy for Option<OwnedRooted<T>> {}

impl<T: GcRef> sealed::Ty for Option<OwnedRooted<T>> {
    fn valtype() -> ValType {
        <Option<Rooted<T>>>::valtype()
    }

    fn into_bits(self, store: &StoreInner) -> Result<ValBits> {
        self.map_or(Ok([0; 2]), |value| value.into_bits(store))
    }

    fn into_checked_bits(self, store: &StoreInner, ty: module::ValType) -> Result<ValBits> {
        let place = self.as_ref().map(|value| Rooted::<T>::at(value.root()));
        Val::from(place).to_bits(store, ty)
    }

    fn from_bits(bits: ValBits, store: &mut StoreInner) -> Option<OwnedRooted<T>> {
        let bits = bits[0] as u32;
        (bits != 0).then(|| OwnedRooted::new(store, bits).expect("memory for a root"))
    }
}

/// Returns the bits of a reference that the host holds.
fn bits_of(root: Root, store: &StoreInner) -> Result<ValBits> {
    if !root.belongs_to(store) {
        return Err(cross_store());
    }
    Ok([root.bits(store)?.into(), 0])
}

impl WasmTy for I31 {}

impl sealed::Ty for I31 {
    fn valtype() -> ValType {
        ValType::Ref(RefType::new(false, HeapType::I31))
    }

    fn into_bits(self, _: &StoreInner) -> Result<ValBits> {
        Ok([self.bits().into(), 0])
    }

    fn into_checked_bits(self, store: &StoreInner, ty: module::ValType) -> Result<ValBits> {
        Some(self).into_checked_bits(store, ty)
    }

    fn from_bits(bits: ValBits, _: &mut StoreInner) -> I31 {
        I31::from_bits(bits[0]).expect("a non-null reference")
    }
}

impl WasmTy for Option<I31> {}

impl sealed::Ty for Option<I31> {
    fn valtype() -> ValType {
        ValType::I31REF
    }

    fn into_bits(self, _: &StoreInner) -> Result<ValBits> {
        Ok([self.map_or(0, |value| value.bits().into()), 0])
    }

    fn into_checked_bits(self, store: &StoreInner, ty: module::ValType) -> Result<ValBits> {
        let found = match self {
            Some(_) => I31::valtype(),
            None => ValType::NULLREF,
        };
        if store.engine().types.is_subtype(found.to_inner(), ty) {
            return self.into_bits(store);
        }
        let expected = ValType::from_inner(Engine::from_ref(store.engine()), ty);
        bail!("type mismatch: expected {expected}, found {found}")
    }

    fn from_bits(bits: ValBits, _: &mut StoreInner) -> Option<I31> {
        I31::from_bits(bits[0])
    }
}

/// The parameters of a [`TypedFunc`](crate::TypedFunc): a [`WasmTy`], or a tuple of up to 17 of
/// them.
///
/// The trait is sealed.
///
/// Corresponds to
/// [`wasmtime::WasmParams`](https://docs.rs/wasmtime/latest/wasmtime/trait.WasmParams.html).
pub trait WasmParams: sealed::Params {}

/// The results of a [`TypedFunc`](crate::TypedFunc): a [`WasmTy`], or a tuple of up to 17 of them.
///
/// The trait is sealed.
///
/// Corresponds to
/// [`wasmtime::WasmResults`](https://docs.rs/wasmtime/latest/wasmtime/trait.WasmResults.html).
pub trait WasmResults: WasmParams + sealed::Results {}

/// The result of a host function: a [`WasmTy`], a tuple of up to 17 of them, or a [`Result`] of
/// one of these.
///
/// The trait is sealed.
///
/// Corresponds to
/// [`wasmtime::WasmRet`](https://docs.rs/wasmtime/latest/wasmtime/trait.WasmRet.html).
pub trait WasmRet: sealed::Ret {}

impl<T: WasmTy> WasmParams for T {}

impl<T: WasmTy> sealed::Params for T {
    const SLOTS: usize = T::SLOTS;

    fn check_params(params: impl ExactSizeIterator<Item = ValType>) -> Result<bool> {
        <(T,)>::check_params(params)
    }

    #[inline(always)]
    fn store(self, store: &StoreInner, slots: &mut [u64]) -> Result<()> {
        (self,).store(store, slots)
    }

    fn store_checked(
        self,
        store: &StoreInner,
        types: &[module::ValType],
        slots: &mut [u64],
    ) -> Result<()> {
        (self,).store_checked(store, types, slots)
    }
}

impl<T: WasmTy> WasmResults for T {}

impl<T: WasmTy> sealed::Results for T {
    fn check_results(results: impl ExactSizeIterator<Item = ValType>) -> Result<()> {
        <(T,)>::check_results(results)
    }

    #[inline(always)]
    fn load(slots: &[u64], store: &mut StoreInner) -> T {
        <(T,)>::load(slots, store).0
    }
}

impl<T: WasmTy> WasmRet for T {}

impl<T: WasmTy> sealed::Ret for T {
    fn result_types() -> Vec<ValType> {
        <(T,)>::result_types()
    }

    #[inline(always)]
    fn into_slots(self, call: &mut HostCall<'_>) -> Result<()> {
        (self,).into_slots(call)
    }
}

impl<T: WasmRet> WasmRet for Result<T> {}

impl<T: WasmRet> sealed::Ret for Result<T> {
    fn result_types() -> Vec<ValType> {
        T::result_types()
    }

    #[inline(always)]
    fn into_slots(self, call: &mut HostCall<'_>) -> Result<()> {
        self?.into_slots(call)
    }
}

/// Returns whether the type of a parameter depends on the value.
///
/// This is the case if the parameter is a reference to functions of a concrete type. Returns an
/// error if the Rust type does not fit.
fn check_param<T: WasmTy>(expected: &ValType) -> Result<bool> {
    let given = T::valtype();
    if given.matches(expected) {
        return Ok(false);
    }
    if let (ValType::Ref(given), ValType::Ref(expected)) = (&given, expected)
        && expected.heap_type().is_concrete()
        && given.heap_type().top() == expected.heap_type().top()
    {
        return Ok(true);
    }
    bail!("type mismatch: expected {expected}, found {given}")
}

fn check_result<T: WasmTy>(given: &ValType) -> Result<()> {
    let expected = T::valtype();
    if given.matches(&expected) {
        return Ok(());
    }
    bail!("type mismatch: expected {expected}, found {given}")
}

#[cold]
fn wrong_count(expected: usize, found: usize) -> Error {
    format_err!("expected {expected} types, found {found}")
}

/// Calls a macro for each number of values that a tuple may have, with names for them.
macro_rules! for_each_arity {
    ($macro:ident) => {
        $macro!(0);
        $macro!(1 A1);
        $macro!(2 A1 A2);
        $macro!(3 A1 A2 A3);
        $macro!(4 A1 A2 A3 A4);
        $macro!(5 A1 A2 A3 A4 A5);
        $macro!(6 A1 A2 A3 A4 A5 A6);
        $macro!(7 A1 A2 A3 A4 A5 A6 A7);
        $macro!(8 A1 A2 A3 A4 A5 A6 A7 A8);
        $macro!(9 A1 A2 A3 A4 A5 A6 A7 A8 A9);
        $macro!(10 A1 A2 A3 A4 A5 A6 A7 A8 A9 A10);
        $macro!(11 A1 A2 A3 A4 A5 A6 A7 A8 A9 A10 A11);
        $macro!(12 A1 A2 A3 A4 A5 A6 A7 A8 A9 A10 A11 A12);
        $macro!(13 A1 A2 A3 A4 A5 A6 A7 A8 A9 A10 A11 A12 A13);
        $macro!(14 A1 A2 A3 A4 A5 A6 A7 A8 A9 A10 A11 A12 A13 A14);
        $macro!(15 A1 A2 A3 A4 A5 A6 A7 A8 A9 A10 A11 A12 A13 A14 A15);
        $macro!(16 A1 A2 A3 A4 A5 A6 A7 A8 A9 A10 A11 A12 A13 A14 A15 A16);
        $macro!(17 A1 A2 A3 A4 A5 A6 A7 A8 A9 A10 A11 A12 A13 A14 A15 A16 A17);
    };
}

pub(super) use for_each_arity;

/// Maximum number of slots of a tuple, whose values are 17 at most.
pub(super) const MAX_SLOTS: usize = 2 * 17;

macro_rules! tuples {
    ($count:literal $($name:ident)*) => {
        impl<$($name: WasmTy,)*> WasmParams for ($($name,)*) {}
        impl<$($name: WasmTy,)*> WasmResults for ($($name,)*) {}
        impl<$($name: WasmTy,)*> WasmRet for ($($name,)*) {}

        #[allow(non_snake_case, unused_assignments, unused_mut, unused_variables, clippy::unused_unit, reason = "there may be no values")]
        impl<$($name: WasmTy,)*> sealed::Params for ($($name,)*) {
            const SLOTS: usize = 0 $(+ $name::SLOTS)*;

            fn check_params(mut params: impl ExactSizeIterator<Item = ValType>) -> Result<bool> {
                if params.len() != $count {
                    return Err(wrong_count($count, params.len()));
                }
                let mut dynamic = false;
                $(dynamic |= params.next().map_or(Ok(false), |ty| check_param::<$name>(&ty))?;)*
                Ok(dynamic)
            }

            #[inline(always)]
            fn store(self, store: &StoreInner, slots: &mut [u64]) -> Result<()> {
                let ($($name,)*) = self;
                let mut at = 0;
                $(at = put::<$name>(slots, at, $name.into_bits(store)?);)*
                Ok(())
            }

            fn store_checked(
                self,
                store: &StoreInner,
                types: &[module::ValType],
                slots: &mut [u64],
            ) -> Result<()> {
                let ($($name,)*) = self;
                let (mut types, mut at) = (types.iter(), 0);
                $(if let Some(&ty) = types.next() {
                    at = put::<$name>(slots, at, $name.into_checked_bits(store, ty)?);
                })*
                Ok(())
            }
        }

        #[allow(non_snake_case, unused_assignments, unused_mut, unused_variables, clippy::unused_unit, reason = "there may be no values")]
        impl<$($name: WasmTy,)*> sealed::Results for ($($name,)*) {
            fn check_results(mut results: impl ExactSizeIterator<Item = ValType>) -> Result<()> {
                if results.len() != $count {
                    return Err(wrong_count($count, results.len()));
                }
                $(results.next().map_or(Ok(()), |ty| check_result::<$name>(&ty))?;)*
                Ok(())
            }

            #[inline(always)]
            fn load(slots: &[u64], store: &mut StoreInner) -> Self {
                // One comparison for all values.
                let slots = &slots[..<Self as sealed::Params>::SLOTS];
                let mut at = 0;
                $(let $name;
                ($name, at) = take::<$name>(slots, at, store);)*
                ($($name,)*)
            }
        }

        #[allow(non_snake_case, unused_assignments, unused_mut, unused_variables, reason = "there may be no values")]
        impl<$($name: WasmTy,)*> sealed::Ret for ($($name,)*) {
            fn result_types() -> Vec<ValType> {
                [$($name::valtype(),)*].into()
            }

            #[inline(always)]
            fn into_slots(self, call: &mut HostCall<'_>) -> Result<()> {
                let ($($name,)*) = self;
                let (store, slots) = call.results();
                $(let $name = $name.into_bits(store)?;)*
                // One comparison for all values.
                let slots = &mut slots[..<Self as sealed::Params>::SLOTS];
                let mut at = 0;
                $(at = put::<$name>(slots, at, $name);)*
                Ok(())
            }
        }
    };
}

for_each_arity!(tuples);
