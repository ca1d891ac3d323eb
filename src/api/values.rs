//! Values.

use super::any_ref::AnyRef;
use super::cont_ref::ContRef;
use super::context::AsContext;
use super::engine::Engine;
use super::exn_ref::ExnRef;
use super::extern_ref::ExternRef;
use super::func::Func;
use super::heap_type::HeapType;
use super::reference::Ref;
use super::rooted::Rooted;
use super::val_type::ValType;
use crate::heap::StoreInner;
use crate::module::{ValBits, read_values};
use crate::support::error::{Context, Error, Result};
use crate::{format_err, module};
use alloc::string::String;
use core::cmp::Ordering;
use core::fmt;

/// A WebAssembly value.
///
/// Floats are represented by their bits, so that NaNs are not changed.
///
/// Corresponds to [`wasmtime::Val`](https://docs.rs/wasmtime/latest/wasmtime/enum.Val.html).
#[non_exhaustive]
#[derive(Clone, Copy, Debug)]
pub enum Val {
    /// A 32-bit integer.
    I32(i32),
    /// A 64-bit integer.
    I64(i64),
    /// The bits of a 32-bit float.
    F32(u32),
    /// The bits of a 64-bit float.
    F64(u64),
    /// A 128-bit vector.
    V128(V128),
    /// A function, or null.
    FuncRef(Option<Func>),
    /// A host value, or null.
    ExternRef(Option<Rooted<ExternRef>>),
    /// An internal value, or null.
    AnyRef(Option<Rooted<AnyRef>>),
    /// An exception, or null.
    ExnRef(Option<Rooted<ExnRef>>),
    /// A continuation, or null.
    ContRef(Option<ContRef>),
}

/// A 128-bit vector. The first lane is in the least significant bits.
///
/// Corresponds to [`wasmtime::V128`](https://docs.rs/wasmtime/latest/wasmtime/struct.V128.html).
// As slots contain it. A `u128` would be aligned to 16 bytes, and make each `Val` larger.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct V128(ValBits);

impl V128 {
    /// Returns the bits.
    pub fn as_u128(&self) -> u128 {
        let [low, high] = self.0;
        u128::from(low) | u128::from(high) << 64
    }

    #[inline]
    pub(super) fn to_bits(self) -> ValBits {
        self.0
    }

    #[inline]
    pub(super) fn from_bits(bits: ValBits) -> V128 {
        V128(bits)
    }
}

impl fmt::Debug for V128 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_u128().fmt(f)
    }
}

impl Ord for V128 {
    fn cmp(&self, other: &V128) -> Ordering {
        self.as_u128().cmp(&other.as_u128())
    }
}

impl PartialOrd for V128 {
    fn partial_cmp(&self, other: &V128) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl From<u128> for V128 {
    fn from(bits: u128) -> V128 {
        V128([bits as u64, (bits >> 64) as u64])
    }
}

impl From<V128> for u128 {
    fn from(vector: V128) -> u128 {
        vector.as_u128()
    }
}

macro_rules! accessors {
    ($($get:ident $unwrap:ident -> $ty:ty = $variant:ident($value:ident) $convert:expr, $what:literal;)*) => {$(
        #[doc = concat!("Returns the value if it is ", $what, ".")]
        pub fn $get(&self) -> Option<$ty> {
            match self {
                Val::$variant($value) => Some($convert),
                _ => None,
            }
        }

        #[doc = concat!("Returns the value, which must be ", $what, ".")]
        /// # Panics
        ///
        /// Panics if it is something else.
        pub fn $unwrap(&self) -> $ty {
            self.$get().expect(concat!("a value that is ", $what))
        }
    )*};
}

impl Val {
    accessors! {
        i32 unwrap_i32 -> i32 = I32(value) *value, "an `i32`";
        i64 unwrap_i64 -> i64 = I64(value) *value, "an `i64`";
        f32 unwrap_f32 -> f32 = F32(value) f32::from_bits(*value), "an `f32`";
        f64 unwrap_f64 -> f64 = F64(value) f64::from_bits(*value), "an `f64`";
        v128 unwrap_v128 -> V128 = V128(value) *value, "a `v128`";
        func_ref unwrap_func_ref -> Option<&Func> = FuncRef(value) value.as_ref(), "a function or null";
        funcref unwrap_funcref -> Option<&Func> = FuncRef(value) value.as_ref(), "a function or null";
        extern_ref unwrap_extern_ref -> Option<&Rooted<ExternRef>> = ExternRef(value) value.as_ref(), "a host value or null";
        externref unwrap_externref -> Option<&Rooted<ExternRef>> = ExternRef(value) value.as_ref(), "a host value or null";
        any_ref unwrap_any_ref -> Option<&Rooted<AnyRef>> = AnyRef(value) value.as_ref(), "an internal value or null";
        anyref unwrap_anyref -> Option<&Rooted<AnyRef>> = AnyRef(value) value.as_ref(), "an internal value or null";
        exn_ref unwrap_exn_ref -> Option<&Rooted<ExnRef>> = ExnRef(value) value.as_ref(), "an exception or null";
        exnref unwrap_exnref -> Option<&Rooted<ExnRef>> = ExnRef(value) value.as_ref(), "an exception or null";
        cont_ref unwrap_cont_ref -> Option<&ContRef> = ContRef(value) value.as_ref(), "a continuation or null";
        contref unwrap_contref -> Option<&ContRef> = ContRef(value) value.as_ref(), "a continuation or null";
    }

    /// Returns the null reference of the hierarchy of `heap_type`.
    pub fn null_ref(heap_type: &HeapType) -> Val {
        Ref::null(heap_type).into()
    }

    /// Returns a null function reference.
    pub const fn null_func_ref() -> Val {
        Val::FuncRef(None)
    }

    /// Returns a null reference of type `externref`.
    pub const fn null_extern_ref() -> Val {
        Val::ExternRef(None)
    }

    /// Returns a null reference of type `anyref`.
    pub const fn null_any_ref() -> Val {
        Val::AnyRef(None)
    }

    /// Returns a null reference of type `exnref`.
    pub const fn null_exn_ref() -> Val {
        Val::ExnRef(None)
    }

    /// Returns a null reference of type `contref`.
    pub const fn null_cont_ref() -> Val {
        Val::ContRef(None)
    }

    /// Returns zero or null, or `None` for references that cannot be null.
    pub fn default_for_ty(ty: &ValType) -> Option<Val> {
        Some(match ty {
            ValType::I32 => Val::I32(0),
            ValType::I64 => Val::I64(0),
            ValType::F32 => Val::F32(0),
            ValType::F64 => Val::F64(0),
            ValType::V128 => Val::V128(V128([0; 2])),
            ValType::Ref(ty) if ty.is_nullable() => Val::null_ref(ty.heap_type()),
            ValType::Ref(_) => return None,
        })
    }

    /// Returns the most precise type of the value.
    ///
    /// # Errors
    ///
    /// Returns an error if the value is a reference that belongs to another store.
    pub fn ty(&self, store: impl AsContext) -> Result<ValType> {
        self.ty_in(store.as_context().0)
    }

    fn ty_in(&self, store: &StoreInner) -> Result<ValType> {
        Ok(match self {
            Val::I32(_) => ValType::I32,
            Val::I64(_) => ValType::I64,
            Val::F32(_) => ValType::F32,
            Val::F64(_) => ValType::F64,
            Val::V128(_) => ValType::V128,
            Val::FuncRef(_)
            | Val::ExternRef(_)
            | Val::AnyRef(_)
            | Val::ExnRef(_)
            | Val::ContRef(_) => {
                let reference = self.ref_().expect("it is a reference");
                ValType::Ref(reference.ty_in(store)?)
            }
        })
    }

    /// Returns whether the value is of type `ty`.
    ///
    /// # Errors
    ///
    /// Returns an error if the value is a reference that belongs to another store.
    pub fn matches_ty(&self, store: impl AsContext, ty: &ValType) -> Result<bool> {
        match (self.ref_(), ty) {
            (Some(reference), ValType::Ref(ty)) => reference.matches_ty(store, ty),
            _ => Ok(self.ty_in(store.as_context().0)?.matches(ty)),
        }
    }

    /// Returns the value as a reference, if it is one.
    pub fn ref_(self) -> Option<Ref> {
        match self {
            Val::FuncRef(func) => Some(Ref::Func(func)),
            Val::ExternRef(value) => Some(Ref::Extern(value)),
            Val::AnyRef(value) => Some(Ref::Any(value)),
            Val::ExnRef(exception) => Some(Ref::Exn(exception)),
            Val::ContRef(continuation) => Some(Ref::Cont(continuation)),
            _ => None,
        }
    }

    /// Returns the bits of the value, if it is one of type `ty`.
    pub(super) fn to_bits(self, store: &StoreInner, ty: module::ValType) -> Result<ValBits> {
        let bits = match (self, ty) {
            (Val::I32(value), module::ValType::I32) => u64::from(value as u32),
            (Val::I64(value), module::ValType::I64) => value as u64,
            (Val::F32(bits), module::ValType::F32) => u64::from(bits),
            (Val::F64(bits), module::ValType::F64) => bits,
            (Val::V128(vector), module::ValType::V128) => return Ok(vector.to_bits()),
            (value, module::ValType::Ref(ty)) if let Some(reference) = value.ref_() => {
                reference.to_bits(store, ty)?
            }
            (value, ty) => return Err(value.mismatch(store, ty)),
        };
        Ok([bits, 0])
    }

    /// Returns the value of type `ty` that has these bits. The current scope holds the object.
    pub(super) fn from_bits(value: ValBits, ty: module::ValType, store: &mut StoreInner) -> Val {
        let [bits, _] = value;
        match ty {
            module::ValType::I32 => Val::I32(bits as i32),
            module::ValType::I64 => Val::I64(bits as i64),
            module::ValType::F32 => Val::F32(bits as u32),
            module::ValType::F64 => Val::F64(bits),
            module::ValType::V128 => Val::V128(V128::from_bits(value)),
            module::ValType::Ref(ty) => Ref::from_bits(bits, ty, store).into(),
        }
    }

    /// Reads values of these types from the slots that they take. The current scope holds the objects.
    pub(super) fn read_all<'a>(
        types: &'a [module::ValType],
        slots: &'a [u64],
        store: &'a mut StoreInner,
    ) -> impl ExactSizeIterator<Item = Val> + 'a {
        read_values(types, slots).map(move |(ty, bits)| Val::from_bits(bits, ty, store))
    }

    /// Writes values of these types to the slots that they take. `context` describes a value, by
    /// its index, in an error.
    pub(super) fn write_all(
        values: &[Val],
        types: &[module::ValType],
        slots: &mut [u64],
        store: &StoreInner,
        context: impl Fn(usize) -> String,
    ) -> Result<()> {
        let mut at = 0;
        for (index, (value, &ty)) in values.iter().zip(types).enumerate() {
            let bits = value.to_bits(store, ty).with_context(|| context(index))?;
            let end = at + ty.slots();
            slots[at..end].copy_from_slice(&bits[..ty.slots()]);
            at = end;
        }
        Ok(())
    }

    #[cold]
    pub(super) fn mismatch(self, store: &StoreInner, expected: module::ValType) -> Error {
        let expected = ValType::from_inner(Engine::from_ref(store.engine()), expected);
        match self.ty_in(store) {
            Ok(found) => format_err!("type mismatch: expected {expected}, found {found}"),
            Err(error) => error,
        }
    }
}

impl From<i32> for Val {
    fn from(value: i32) -> Val {
        Val::I32(value)
    }
}

impl From<i64> for Val {
    fn from(value: i64) -> Val {
        Val::I64(value)
    }
}

impl From<f32> for Val {
    fn from(value: f32) -> Val {
        Val::F32(value.to_bits())
    }
}

impl From<f64> for Val {
    fn from(value: f64) -> Val {
        Val::F64(value.to_bits())
    }
}

impl From<u128> for Val {
    fn from(value: u128) -> Val {
        Val::V128(value.into())
    }
}

impl From<V128> for Val {
    fn from(value: V128) -> Val {
        Val::V128(value)
    }
}

impl From<Ref> for Val {
    fn from(value: Ref) -> Val {
        match value {
            Ref::Func(func) => Val::FuncRef(func),
            Ref::Extern(value) => Val::ExternRef(value),
            Ref::Any(value) => Val::AnyRef(value),
            Ref::Exn(exception) => Val::ExnRef(exception),
            Ref::Cont(continuation) => Val::ContRef(continuation),
        }
    }
}

impl From<Func> for Val {
    fn from(func: Func) -> Val {
        Val::FuncRef(Some(func))
    }
}

impl From<Option<Func>> for Val {
    fn from(func: Option<Func>) -> Val {
        Val::FuncRef(func)
    }
}
