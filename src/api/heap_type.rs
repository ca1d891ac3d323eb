//! Heap types.

use super::array_type::ArrayType;
use super::cont_type::ContType;
use super::engine::Engine;
use super::func_type::FuncType;
use super::struct_type::StructType;
use crate::module;
use core::fmt;

/// A heap type: the type of the target of a reference.
///
/// Corresponds to
/// [`wasmtime::HeapType`](https://docs.rs/wasmtime/latest/wasmtime/enum.HeapType.html).
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum HeapType {
    /// `extern`: any host value.
    Extern,
    /// `noextern`: no host value. References of this type are null.
    NoExtern,
    /// `func`: any function.
    Func,
    /// A function of a concrete type.
    ConcreteFunc(FuncType),
    /// `nofunc`: no function. References of this type are null.
    NoFunc,
    /// `any`: any internal value, which is a structure, an array or an `i31`.
    Any,
    /// `eq`: any internal value that `ref.eq` can compare.
    Eq,
    /// `i31`: a 31-bit integer.
    I31,
    /// `array`: any array.
    Array,
    /// An array of a concrete type.
    ConcreteArray(ArrayType),
    /// `struct`: any structure.
    Struct,
    /// A structure of a concrete type.
    ConcreteStruct(StructType),
    /// `none`: no internal value. References of this type are null.
    None,
    /// `exn`: any exception.
    Exn,
    /// `noexn`: no exception. References of this type are null.
    NoExn,
    /// `cont`: any continuation.
    Cont,
    /// A continuation of a concrete type.
    ConcreteCont(ContType),
    /// `nocont`: no continuation. References of this type are null.
    NoCont,
}

macro_rules! concrete_types {
    ($($variant:ident($ty:ident) $is:ident $as:ident $unwrap:ident $what:literal,)*) => {
        impl HeapType {
            $(
                #[doc = concat!("Returns whether this is ", $what, ".")]
                pub fn $is(&self) -> bool {
                    matches!(self, HeapType::$variant(_))
                }

                #[doc = concat!("Returns the type if this is ", $what, ".")]
                pub fn $as(&self) -> Option<&$ty> {
                    match self {
                        HeapType::$variant(ty) => Some(ty),
                        _ => None,
                    }
                }

                #[doc = concat!("Returns the type, which must be ", $what, ".")]
                /// # Panics
                ///
                /// Panics if it is something else.
                pub fn $unwrap(&self) -> &$ty {
                    self.$as().expect($what)
                }
            )*

            /// Returns whether this is a type that a module or the embedder defined.
            pub fn is_concrete(&self) -> bool {
                matches!(self, $(HeapType::$variant(_))|*)
            }

            /// Returns the engine of a concrete type.
            pub(super) fn engine(&self) -> Option<&Engine> {
                match self {
                    $(HeapType::$variant(ty) => Some(ty.engine()),)*
                    _ => None,
                }
            }
        }

        $(
            impl From<$ty> for HeapType {
                fn from(ty: $ty) -> HeapType {
                    HeapType::$variant(ty)
                }
            }
        )*
    };
}

concrete_types! {
    ConcreteFunc(FuncType) is_concrete_func as_concrete_func unwrap_concrete_func "a concrete function type",
    ConcreteArray(ArrayType) is_concrete_array as_concrete_array unwrap_concrete_array "a concrete array type",
    ConcreteStruct(StructType) is_concrete_struct as_concrete_struct unwrap_concrete_struct "a concrete structure type",
    ConcreteCont(ContType) is_concrete_cont as_concrete_cont unwrap_concrete_cont "a concrete continuation type",
}

impl HeapType {
    /// Returns whether this is `extern`.
    pub fn is_extern(&self) -> bool {
        matches!(self, HeapType::Extern)
    }

    /// Returns whether this is `func`.
    pub fn is_func(&self) -> bool {
        matches!(self, HeapType::Func)
    }

    /// Returns whether this is `nofunc`.
    pub fn is_no_func(&self) -> bool {
        matches!(self, HeapType::NoFunc)
    }

    /// Returns whether this is `any`.
    pub fn is_any(&self) -> bool {
        matches!(self, HeapType::Any)
    }

    /// Returns whether this is `i31`.
    pub fn is_i31(&self) -> bool {
        matches!(self, HeapType::I31)
    }

    /// Returns whether this is `none`.
    pub fn is_none(&self) -> bool {
        matches!(self, HeapType::None)
    }

    /// Returns whether this is `cont`.
    pub fn is_cont(&self) -> bool {
        matches!(self, HeapType::Cont)
    }

    /// Returns whether this is `exn`.
    pub fn is_exn(&self) -> bool {
        matches!(self, HeapType::Exn)
    }

    /// Returns whether this is `noexn`.
    pub fn is_no_exn(&self) -> bool {
        matches!(self, HeapType::NoExn)
    }

    /// Returns whether this is an abstract type: one that the specification defines.
    pub fn is_abstract(&self) -> bool {
        !self.is_concrete()
    }

    /// Returns the top type of the hierarchy: `func`, `extern`, `any`, `exn` or `cont`.
    pub fn top(&self) -> HeapType {
        HeapType::of_abstract(self.to_inner().top())
    }

    /// Returns whether this is the top type of its hierarchy.
    pub fn is_top(&self) -> bool {
        *self == self.top()
    }

    /// Returns the bottom type of the hierarchy, which has no values.
    pub fn bottom(&self) -> HeapType {
        HeapType::of_abstract(self.to_inner().bottom())
    }

    /// Returns whether this is the bottom type of its hierarchy.
    pub fn is_bottom(&self) -> bool {
        *self == self.bottom()
    }

    /// Returns whether this type is a subtype of `other`.
    pub fn matches(&self, other: &HeapType) -> bool {
        match (self.engine(), other.engine()) {
            (Some(a), Some(b)) => {
                Engine::same(a, b) && a.0.types.heap_is_subtype(self.to_inner(), other.to_inner())
            }
            _ => self.to_inner().matches_by_kind(other.to_inner()),
        }
    }

    pub(super) fn to_inner(&self) -> module::HeapType {
        match self {
            HeapType::Extern => module::HeapType::Extern,
            HeapType::NoExtern => module::HeapType::NoExtern,
            HeapType::Func => module::HeapType::Func,
            HeapType::NoFunc => module::HeapType::NoFunc,
            HeapType::Any => module::HeapType::Any,
            HeapType::Eq => module::HeapType::Eq,
            HeapType::I31 => module::HeapType::I31,
            HeapType::Array => module::HeapType::Array,
            HeapType::Struct => module::HeapType::Struct,
            HeapType::None => module::HeapType::None,
            HeapType::Exn => module::HeapType::Exn,
            HeapType::NoExn => module::HeapType::NoExn,
            HeapType::Cont => module::HeapType::Cont,
            HeapType::NoCont => module::HeapType::NoCont,
            HeapType::ConcreteFunc(ty) => module::HeapType::ConcreteFunc(ty.id()),
            HeapType::ConcreteArray(ty) => module::HeapType::ConcreteArray(ty.id()),
            HeapType::ConcreteStruct(ty) => module::HeapType::ConcreteStruct(ty.id()),
            HeapType::ConcreteCont(ty) => module::HeapType::ConcreteCont(ty.id()),
        }
    }

    pub(super) fn from_inner(engine: &Engine, ty: module::HeapType) -> HeapType {
        match ty {
            module::HeapType::ConcreteFunc(id) => {
                HeapType::ConcreteFunc(FuncType::from_id(engine, id))
            }
            module::HeapType::ConcreteArray(id) => {
                HeapType::ConcreteArray(ArrayType::from_id(engine, id))
            }
            module::HeapType::ConcreteStruct(id) => {
                HeapType::ConcreteStruct(StructType::from_id(engine, id))
            }
            module::HeapType::ConcreteCont(id) => {
                HeapType::ConcreteCont(ContType::from_id(engine, id))
            }
            other => HeapType::of_abstract(other),
        }
    }

    /// Converts an abstract type; concrete types become the abstract type above them.
    fn of_abstract(ty: module::HeapType) -> HeapType {
        match ty {
            module::HeapType::Extern => HeapType::Extern,
            module::HeapType::NoExtern => HeapType::NoExtern,
            module::HeapType::Func | module::HeapType::ConcreteFunc(_) => HeapType::Func,
            module::HeapType::NoFunc => HeapType::NoFunc,
            module::HeapType::Any => HeapType::Any,
            module::HeapType::Eq => HeapType::Eq,
            module::HeapType::I31 => HeapType::I31,
            module::HeapType::Array | module::HeapType::ConcreteArray(_) => HeapType::Array,
            module::HeapType::Struct | module::HeapType::ConcreteStruct(_) => HeapType::Struct,
            module::HeapType::None => HeapType::None,
            module::HeapType::Exn => HeapType::Exn,
            module::HeapType::NoExn => HeapType::NoExn,
            module::HeapType::Cont | module::HeapType::ConcreteCont(_) => HeapType::Cont,
            module::HeapType::NoCont => HeapType::NoCont,
        }
    }
}

impl fmt::Display for HeapType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HeapType::Extern => f.write_str("extern"),
            HeapType::NoExtern => f.write_str("noextern"),
            HeapType::Func => f.write_str("func"),
            HeapType::NoFunc => f.write_str("nofunc"),
            HeapType::Any => f.write_str("any"),
            HeapType::Eq => f.write_str("eq"),
            HeapType::I31 => f.write_str("i31"),
            HeapType::Array => f.write_str("array"),
            HeapType::Struct => f.write_str("struct"),
            HeapType::None => f.write_str("none"),
            HeapType::Exn => f.write_str("exn"),
            HeapType::NoExn => f.write_str("noexn"),
            HeapType::Cont => f.write_str("cont"),
            HeapType::NoCont => f.write_str("nocont"),
            HeapType::ConcreteFunc(ty) => {
                f.write_str(&module::describe_type(&ty.engine().0.types, ty.id()))
            }
            HeapType::ConcreteArray(ty) => fmt::Display::fmt(ty, f),
            HeapType::ConcreteStruct(ty) => fmt::Display::fmt(ty, f),
            HeapType::ConcreteCont(ty) => fmt::Display::fmt(ty, f),
        }
    }
}
