//! Values.

use super::context::AsContext;
use super::engine::Engine;
use super::extern_ref::{ExternRef, Rooted};
use super::func::Func;
use super::func_type::FuncType;
use super::val_type::{HeapType, RefType, ValType};
use crate::heap::{FuncRef, StoreId, StoreInner};
use crate::support::error::{Error, Result};
use crate::{format_err, module};

/// A value.
///
/// Floats are kept by their bits, so that NaNs pass unchanged.
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
    /// A 128-bit vector. Vectors cannot be passed to WebAssembly yet.
    V128(V128),
    /// A function, or null.
    FuncRef(Option<Func>),
    /// A value of the host's, or null.
    ExternRef(Option<Rooted<ExternRef>>),
}

/// A 128-bit vector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct V128(u128);

impl V128 {
    /// Its bits.
    pub fn as_u128(&self) -> u128 {
        self.0
    }
}

impl From<u128> for V128 {
    fn from(bits: u128) -> V128 {
        V128(bits)
    }
}

impl From<V128> for u128 {
    fn from(vector: V128) -> u128 {
        vector.0
    }
}

macro_rules! accessors {
    ($($get:ident $unwrap:ident -> $ty:ty = $variant:ident($value:ident) $convert:expr, $what:literal;)*) => {$(
        #[doc = concat!("The value, if it is ", $what, ".")]
        pub fn $get(&self) -> Option<$ty> {
            match self {
                Val::$variant($value) => Some($convert),
                _ => None,
            }
        }

        #[doc = concat!("The value, which is ", $what, ".")]
        ///
        /// # Panics
        ///
        /// If it is something else.
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
        extern_ref unwrap_extern_ref -> Option<&Rooted<ExternRef>> = ExternRef(value) value.as_ref(), "a value of the host's or null";
        externref unwrap_externref -> Option<&Rooted<ExternRef>> = ExternRef(value) value.as_ref(), "a value of the host's or null";
    }

    /// Null of this type.
    pub fn null_ref(heap_type: &HeapType) -> Val {
        Ref::null(heap_type).into()
    }

    /// A null function.
    pub const fn null_func_ref() -> Val {
        Val::FuncRef(None)
    }

    /// A null value of the host's.
    pub const fn null_extern_ref() -> Val {
        Val::ExternRef(None)
    }

    /// Zero or null; `None` for references that cannot be null.
    pub fn default_for_ty(ty: &ValType) -> Option<Val> {
        Some(match ty {
            ValType::I32 => Val::I32(0),
            ValType::I64 => Val::I64(0),
            ValType::F32 => Val::F32(0),
            ValType::F64 => Val::F64(0),
            ValType::V128 => Val::V128(V128(0)),
            ValType::Ref(ty) if ty.is_nullable() => Val::null_ref(ty.heap_type()),
            ValType::Ref(_) => return None,
        })
    }

    /// The most precise type of the value.
    ///
    /// # Errors
    ///
    /// If it is a reference of another store.
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
            Val::FuncRef(func) => ValType::Ref(Ref::Func(*func).ty_in(store)?),
            Val::ExternRef(value) => ValType::Ref(Ref::Extern(*value).ty_in(store)?),
        })
    }

    /// Whether the value is one of type `ty`.
    ///
    /// # Errors
    ///
    /// If it is a reference of another store.
    pub fn matches_ty(&self, store: impl AsContext, ty: &ValType) -> Result<bool> {
        Ok(self.ty_in(store.as_context().0)?.matches(ty))
    }

    /// The value as a reference, if it is one.
    pub fn ref_(self) -> Option<Ref> {
        match self {
            Val::FuncRef(func) => Some(Ref::Func(func)),
            Val::ExternRef(value) => Some(Ref::Extern(value)),
            _ => None,
        }
    }

    /// The bits of the value in a slot, if it is one of type `ty`.
    pub(super) fn to_slot(self, store: &StoreInner, ty: module::ValType) -> Result<u64> {
        match (self, ty) {
            (Val::I32(value), module::ValType::I32) => Ok(u64::from(value as u32)),
            (Val::I64(value), module::ValType::I64) => Ok(value as u64),
            (Val::F32(bits), module::ValType::F32) => Ok(u64::from(bits)),
            (Val::F64(bits), module::ValType::F64) => Ok(bits),
            (Val::FuncRef(func), module::ValType::Ref(ty)) => {
                Ref::Func(func).to_bits(store, ty).map(u64::from)
            }
            (Val::ExternRef(value), module::ValType::Ref(ty)) => {
                Ref::Extern(value).to_bits(store, ty).map(u64::from)
            }
            (Val::V128(_), module::ValType::V128) => Err(format_err!(
                "a v128 cannot be passed: it needs the simd proposal, which is not supported yet"
            )),
            (value, ty) => Err(value.mismatch(store, ty)),
        }
    }

    /// The value of type `ty` whose bits in a slot these are.
    pub(super) fn from_slot(bits: u64, ty: module::ValType, store: StoreId) -> Val {
        match ty {
            module::ValType::I32 => Val::I32(bits as i32),
            module::ValType::I64 => Val::I64(bits as i64),
            module::ValType::F32 => Val::F32(bits as u32),
            module::ValType::F64 => Val::F64(bits),
            module::ValType::V128 => Val::V128(V128(u128::from(bits))),
            module::ValType::Ref(ty) => Ref::from_bits(bits as u32, ty, store).into(),
        }
    }

    #[cold]
    fn mismatch(self, store: &StoreInner, expected: module::ValType) -> Error {
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
        Val::V128(V128(value))
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

impl From<Rooted<ExternRef>> for Val {
    fn from(value: Rooted<ExternRef>) -> Val {
        Val::ExternRef(Some(value))
    }
}

impl From<Option<Rooted<ExternRef>>> for Val {
    fn from(value: Option<Rooted<ExternRef>>) -> Val {
        Val::ExternRef(value)
    }
}

/// A reference.
#[non_exhaustive]
#[derive(Clone, Copy, Debug)]
pub enum Ref {
    /// To a function, or null.
    Func(Option<Func>),
    /// To a value of the host's, or null.
    Extern(Option<Rooted<ExternRef>>),
}

impl Ref {
    /// Null of this type.
    pub fn null(heap_type: &HeapType) -> Ref {
        match heap_type.top() {
            HeapType::Extern => Ref::Extern(None),
            _ => Ref::Func(None),
        }
    }

    /// Whether it is null.
    pub fn is_null(&self) -> bool {
        matches!(self, Ref::Func(None) | Ref::Extern(None))
    }

    /// Whether it is not null.
    pub fn is_non_null(&self) -> bool {
        !self.is_null()
    }

    /// Whether it is a function, or null of that kind.
    pub fn is_func(&self) -> bool {
        matches!(self, Ref::Func(_))
    }

    /// The function, or null of that kind, if that is what it is.
    pub fn as_func(&self) -> Option<Option<&Func>> {
        match self {
            Ref::Func(func) => Some(func.as_ref()),
            Ref::Extern(_) => None,
        }
    }

    /// The function, or null of that kind.
    ///
    /// # Panics
    ///
    /// If it is something else.
    pub fn unwrap_func(&self) -> Option<&Func> {
        self.as_func().expect("a function or null")
    }

    /// Whether it is a value of the host's, or null of that kind.
    pub fn is_extern(&self) -> bool {
        matches!(self, Ref::Extern(_))
    }

    /// The host's value, or null of that kind, if that is what it is.
    pub fn as_extern(&self) -> Option<Option<&Rooted<ExternRef>>> {
        match self {
            Ref::Extern(value) => Some(value.as_ref()),
            Ref::Func(_) => None,
        }
    }

    /// The host's value, or null of that kind.
    ///
    /// # Panics
    ///
    /// If it is something else.
    pub fn unwrap_extern(&self) -> Option<&Rooted<ExternRef>> {
        self.as_extern().expect("a value of the host's or null")
    }

    /// The most precise type of the reference.
    ///
    /// # Errors
    ///
    /// If it is of another store.
    pub fn ty(&self, store: impl AsContext) -> Result<RefType> {
        self.ty_in(store.as_context().0)
    }

    fn ty_in(&self, store: &StoreInner) -> Result<RefType> {
        self.ensure_store(store)?;
        Ok(match self {
            Ref::Func(None) => RefType::NULLFUNCREF,
            Ref::Func(Some(func)) => {
                let engine = Engine::from_ref(store.engine());
                let ty = FuncType::from_id(engine, func.type_id(store));
                RefType::new(false, HeapType::ConcreteFunc(ty))
            }
            Ref::Extern(None) => RefType::NULLEXTERNREF,
            Ref::Extern(Some(_)) => RefType::new(false, HeapType::Extern),
        })
    }

    /// Whether the reference is one of type `ty`.
    ///
    /// # Errors
    ///
    /// If it is of another store.
    pub fn matches_ty(&self, store: impl AsContext, ty: &RefType) -> Result<bool> {
        Ok(self.ty_in(store.as_context().0)?.matches(ty))
    }

    fn ensure_store(&self, store: &StoreInner) -> Result<()> {
        let same = match self {
            Ref::Func(func) => func.is_none_or(|func| func.belongs_to(store)),
            Ref::Extern(value) => value.is_none_or(|value| value.belongs_to(store)),
        };
        if same { Ok(()) } else { Err(cross_store()) }
    }

    /// The bits of the reference, if it is one of type `ty`.
    pub(super) fn to_bits(self, store: &StoreInner, ty: module::RefType) -> Result<u32> {
        self.ensure_store(store)?;
        let (heap, bits) = match self {
            Ref::Func(None) => (module::HeapType::NoFunc, 0),
            Ref::Func(Some(func)) => (
                module::HeapType::Concrete(func.type_id(store)),
                FuncRef::new(func.index()).0,
            ),
            Ref::Extern(None) => (module::HeapType::NoExtern, 0),
            Ref::Extern(Some(value)) => (module::HeapType::Extern, value.index().0 + 1),
        };
        // Nearly always `funcref` or `externref`: no need for the registry.
        let fits = (ty.nullable || bits != 0)
            && (heap == ty.heap || store.engine().types.heap_is_subtype(heap, ty.heap));
        if fits {
            Ok(bits)
        } else {
            Err(Val::from(self).mismatch(store, module::ValType::Ref(ty)))
        }
    }

    /// The reference of type `ty` whose bits these are.
    pub(super) fn from_bits(bits: u32, ty: module::RefType, store: StoreId) -> Ref {
        if ty.heap.is_func() {
            Ref::Func(FuncRef(bits).get().map(|index| Func::of(store, index)))
        } else {
            Ref::Extern(ExternRef::from_bits(bits, store))
        }
    }
}

#[cold]
fn cross_store() -> Error {
    format_err!("cross-`Store` values are not supported: the reference belongs to another store")
}

impl From<Func> for Ref {
    fn from(func: Func) -> Ref {
        Ref::Func(Some(func))
    }
}

impl From<Option<Func>> for Ref {
    fn from(func: Option<Func>) -> Ref {
        Ref::Func(func)
    }
}

impl From<Rooted<ExternRef>> for Ref {
    fn from(value: Rooted<ExternRef>) -> Ref {
        Ref::Extern(Some(value))
    }
}

impl From<Option<Rooted<ExternRef>>> for Ref {
    fn from(value: Option<Rooted<ExternRef>>) -> Ref {
        Ref::Extern(value)
    }
}
