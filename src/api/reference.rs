//! References.

use super::any_ref::{self, AnyRef};
use super::cont_ref::ContRef;
use super::context::AsContext;
use super::engine::Engine;
use super::exn_ref::ExnRef;
use super::extern_ref::ExternRef;
use super::func::Func;
use super::func_type::FuncType;
use super::heap_type::HeapType;
use super::rooted::sealed::Kept as _;
use super::rooted::{GcRef, Rooted};
use super::val_type::RefType;
use super::values::Val;
use crate::heap::{FuncRef, StoreInner};
use crate::support::error::{Error, Result};
use crate::{format_err, module};

/// A reference.
///
/// Corresponds to [`wasmtime::Ref`](https://docs.rs/wasmtime/latest/wasmtime/enum.Ref.html).
#[non_exhaustive]
#[derive(Clone, Copy, Debug)]
pub enum Ref {
    /// A reference to a function, or null.
    Func(Option<Func>),
    /// A reference to a host value, or null.
    Extern(Option<Rooted<ExternRef>>),
    /// A reference to an internal value, or null.
    Any(Option<Rooted<AnyRef>>),
    /// A reference to an exception, or null.
    Exn(Option<Rooted<ExnRef>>),
    /// A reference to a continuation, or null.
    Cont(Option<ContRef>),
}

macro_rules! reference_accessors {
    ($($variant:ident($ty:ty) $is:ident $as:ident $unwrap:ident $what:literal;)*) => {$(
        #[doc = concat!("Returns whether this is ", $what, ", or null of that hierarchy.")]
        pub fn $is(&self) -> bool {
            matches!(self, Ref::$variant(_))
        }

        #[doc = concat!("Returns the reference if it is to ", $what, " or null of that hierarchy.")]
        pub fn $as(&self) -> Option<Option<&$ty>> {
            match self {
                Ref::$variant(value) => Some(value.as_ref()),
                _ => None,
            }
        }

        #[doc = concat!("Returns the reference, which must be to ", $what, " or null of that hierarchy.")]
        /// # Panics
        ///
        /// Panics if it is something else.
        pub fn $unwrap(&self) -> Option<&$ty> {
            self.$as().expect(concat!($what, " or null"))
        }
    )*};
}

impl Ref {
    /// Returns the null reference of the hierarchy of `heap_type`.
    pub fn null(heap_type: &HeapType) -> Ref {
        match heap_type.top() {
            HeapType::Extern => Ref::Extern(None),
            HeapType::Func => Ref::Func(None),
            HeapType::Exn => Ref::Exn(None),
            HeapType::Cont => Ref::Cont(None),
            _ => Ref::Any(None),
        }
    }

    /// Returns whether the reference is null.
    pub fn is_null(&self) -> bool {
        matches!(
            self,
            Ref::Func(None) | Ref::Extern(None) | Ref::Any(None) | Ref::Exn(None) | Ref::Cont(None)
        )
    }

    /// Returns whether the reference is not null.
    pub fn is_non_null(&self) -> bool {
        !self.is_null()
    }

    reference_accessors! {
        Func(Func) is_func as_func unwrap_func "a function";
        Extern(Rooted<ExternRef>) is_extern as_extern unwrap_extern "a host value";
        Any(Rooted<AnyRef>) is_any as_any unwrap_any "an internal value";
        Exn(Rooted<ExnRef>) is_exn as_exn unwrap_exn "an exception";
        Cont(ContRef) is_cont as_cont unwrap_cont "a continuation";
    }

    /// Returns the most precise type of the reference.
    ///
    /// # Errors
    ///
    /// Returns an error if the reference belongs to another store.
    pub fn ty(&self, store: impl AsContext) -> Result<RefType> {
        self.ty_in(store.as_context().0)
    }

    pub(super) fn ty_in(&self, store: &StoreInner) -> Result<RefType> {
        self.ensure_store(store)?;
        Ok(match self {
            Ref::Func(None) => RefType::NULLFUNCREF,
            Ref::Func(Some(func)) => {
                let engine = Engine::from_ref(store.engine());
                let ty = FuncType::from_id(engine, func.type_id(store));
                RefType::new(false, HeapType::ConcreteFunc(ty))
            }
            Ref::Extern(None) => RefType::NULLEXTERNREF,
            Ref::Extern(Some(value)) => {
                value.root().bits(store)?;
                RefType::new(false, HeapType::Extern)
            }
            Ref::Any(None) => RefType::NULLREF,
            Ref::Any(Some(value)) => {
                let heap = any_ref::heap_type(value.root(), store)?;
                RefType::new(
                    false,
                    HeapType::from_inner(Engine::from_ref(store.engine()), heap),
                )
            }
            Ref::Exn(None) => RefType::NULLEXNREF,
            Ref::Exn(Some(exception)) => {
                exception.root().bits(store)?;
                RefType::new(false, HeapType::Exn)
            }
            Ref::Cont(None) => RefType::NULLCONTREF,
            Ref::Cont(Some(_)) => RefType::new(false, HeapType::Cont),
        })
    }

    /// Returns whether the reference is of type `ty`.
    ///
    /// # Errors
    ///
    /// Returns an error if the reference belongs to another store.
    pub fn matches_ty(&self, store: impl AsContext, ty: &RefType) -> Result<bool> {
        let store = store.as_context().0;
        let fits = match ty.heap_type() {
            HeapType::ConcreteCont(cont) => {
                Engine::same(cont.engine(), Engine::from_ref(store.engine()))
                    && self.is_continuation_of(store, ty.heap_type().to_inner())
            }
            _ => false,
        };
        Ok(self.ty_in(store)?.matches(ty) || fits)
    }

    fn is_continuation_of(&self, store: &StoreInner, heap: module::HeapType) -> bool {
        matches!(self, Ref::Cont(Some(continuation)) if continuation.fits(store, heap))
    }

    fn ensure_store(&self, store: &StoreInner) -> Result<()> {
        let same = match self {
            Ref::Func(func) => func.is_none_or(|func| func.belongs_to(store)),
            Ref::Extern(value) => value.is_none_or(|value| value.root().belongs_to(store)),
            Ref::Any(value) => value.is_none_or(|value| value.root().belongs_to(store)),
            Ref::Exn(value) => value.is_none_or(|value| value.root().belongs_to(store)),
            Ref::Cont(continuation) => {
                continuation.is_none_or(|continuation| continuation.belongs_to(store))
            }
        };
        if same { Ok(()) } else { Err(cross_store()) }
    }

    /// Encodes the reference as a slot, if it is of type `ty`.
    pub(super) fn to_bits(self, store: &StoreInner, ty: module::RefType) -> Result<u64> {
        self.ensure_store(store)?;
        let (heap, bits) = match self {
            Ref::Func(None) => (module::HeapType::NoFunc, 0),
            Ref::Func(Some(func)) => (
                module::HeapType::ConcreteFunc(func.type_id(store)),
                FuncRef::new(func.index()).0.into(),
            ),
            Ref::Extern(None) => (module::HeapType::NoExtern, 0),
            Ref::Extern(Some(value)) => {
                (module::HeapType::Extern, value.root().bits(store)?.into())
            }
            Ref::Any(None) => (module::HeapType::None, 0),
            Ref::Any(Some(value)) => {
                let heap = any_ref::heap_type(value.root(), store)?;
                (heap, value.root().bits(store)?.into())
            }
            Ref::Exn(None) => (module::HeapType::NoExn, 0),
            Ref::Exn(Some(exception)) => {
                (module::HeapType::Exn, exception.root().bits(store)?.into())
            }
            Ref::Cont(None) => (module::HeapType::NoCont, 0),
            Ref::Cont(Some(continuation)) => (module::HeapType::Cont, continuation.bits()),
        };
        // For `funcref` and `externref`, which are most frequent, the type registry is not needed.
        let fits = (ty.nullable || bits != 0)
            && (heap == ty.heap
                || store.engine().types.heap_is_subtype(heap, ty.heap)
                || self.is_continuation_of(store, ty.heap));
        if fits {
            Ok(bits)
        } else {
            Err(Val::from(self).mismatch(store, module::ValType::Ref(ty)))
        }
    }

    /// Decodes a slot as a reference of type `ty`. The current scope holds the object.
    pub(super) fn from_bits(bits: u64, ty: module::RefType, store: &mut StoreInner) -> Ref {
        match ty.heap.top() {
            module::HeapType::Func => {
                let func = FuncRef(bits as u32).get();
                Ref::Func(func.map(|index| Func::of(store.id(), index)))
            }
            module::HeapType::Extern => Ref::Extern(Rooted::from_bits(bits, store)),
            module::HeapType::Exn => Ref::Exn(Rooted::from_bits(bits, store)),
            module::HeapType::Cont => Ref::Cont(ContRef::held(bits, store)),
            _ => Ref::Any(Rooted::from_bits(bits, store)),
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

impl<T: GcRef> From<Rooted<T>> for Ref {
    fn from(value: Rooted<T>) -> Ref {
        T::into_ref(Some(value))
    }
}

impl<T: GcRef> From<Option<Rooted<T>>> for Ref {
    fn from(value: Option<Rooted<T>>) -> Ref {
        T::into_ref(value)
    }
}

impl<T: GcRef> From<Rooted<T>> for Val {
    fn from(value: Rooted<T>) -> Val {
        T::into_ref(Some(value)).into()
    }
}

impl<T: GcRef> From<Option<Rooted<T>>> for Val {
    fn from(value: Option<Rooted<T>>) -> Val {
        T::into_ref(value).into()
    }
}

impl From<ContRef> for Ref {
    fn from(value: ContRef) -> Ref {
        Ref::Cont(Some(value))
    }
}

impl From<Option<ContRef>> for Ref {
    fn from(value: Option<ContRef>) -> Ref {
        Ref::Cont(value)
    }
}

impl From<ContRef> for Val {
    fn from(value: ContRef) -> Val {
        Val::ContRef(Some(value))
    }
}

impl From<Option<ContRef>> for Val {
    fn from(value: Option<ContRef>) -> Val {
        Val::ContRef(value)
    }
}
