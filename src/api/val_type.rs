//! Value types.

use super::engine::Engine;
use super::heap_type::HeapType;
use super::values::Val;
use crate::module;
use core::fmt;

/// The mutability of a global or a field.
///
/// Corresponds to
/// [`wasmtime::Mutability`](https://docs.rs/wasmtime/latest/wasmtime/enum.Mutability.html).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mutability {
    /// The value cannot be changed.
    Const,
    /// The value can be changed.
    Var,
}

impl Mutability {
    /// Returns whether this is `Const`.
    pub fn is_const(&self) -> bool {
        *self == Mutability::Const
    }

    /// Returns whether this is `Var`.
    pub fn is_var(&self) -> bool {
        *self == Mutability::Var
    }
}

/// The type of a value.
///
/// Corresponds to
/// [`wasmtime::ValType`](https://docs.rs/wasmtime/latest/wasmtime/enum.ValType.html).
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum ValType {
    /// A 32-bit integer.
    I32,
    /// A 64-bit integer.
    I64,
    /// A 32-bit float.
    F32,
    /// A 64-bit float.
    F64,
    /// A 128-bit vector.
    V128,
    /// A reference.
    Ref(RefType),
}

impl ValType {
    /// `externref`: any host value, or null.
    pub const EXTERNREF: ValType = ValType::Ref(RefType::EXTERNREF);
    /// `nullexternref`: only null.
    pub const NULLEXTERNREF: ValType = ValType::Ref(RefType::NULLEXTERNREF);
    /// `funcref`: any function, or null.
    pub const FUNCREF: ValType = ValType::Ref(RefType::FUNCREF);
    /// `nullfuncref`: only null.
    pub const NULLFUNCREF: ValType = ValType::Ref(RefType::NULLFUNCREF);
    /// `anyref`: any internal value, or null.
    pub const ANYREF: ValType = ValType::Ref(RefType::ANYREF);
    /// `eqref`: any internal value that can be compared, or null.
    pub const EQREF: ValType = ValType::Ref(RefType::EQREF);
    /// `i31ref`: a 31-bit integer, or null.
    pub const I31REF: ValType = ValType::Ref(RefType::I31REF);
    /// `arrayref`: any array, or null.
    pub const ARRAYREF: ValType = ValType::Ref(RefType::ARRAYREF);
    /// `structref`: any structure, or null.
    pub const STRUCTREF: ValType = ValType::Ref(RefType::STRUCTREF);
    /// `nullref`: only null.
    pub const NULLREF: ValType = ValType::Ref(RefType::NULLREF);
    /// `contref`: any continuation, or null.
    pub const CONTREF: ValType = ValType::Ref(RefType::CONTREF);
    /// `nullcontref`: only null.
    pub const NULLCONTREF: ValType = ValType::Ref(RefType::NULLCONTREF);
    /// `exnref`: any exception, or null.
    pub const EXNREF: ValType = ValType::Ref(RefType::EXNREF);
    /// `nullexnref`: only null.
    pub const NULLEXNREF: ValType = ValType::Ref(RefType::NULLEXNREF);

    /// Returns whether this is a number type.
    pub fn is_num(&self) -> bool {
        matches!(
            self,
            ValType::I32 | ValType::I64 | ValType::F32 | ValType::F64
        )
    }

    /// Returns whether this is `i32`.
    pub fn is_i32(&self) -> bool {
        matches!(self, ValType::I32)
    }

    /// Returns whether this is `i64`.
    pub fn is_i64(&self) -> bool {
        matches!(self, ValType::I64)
    }

    /// Returns whether this is `f32`.
    pub fn is_f32(&self) -> bool {
        matches!(self, ValType::F32)
    }

    /// Returns whether this is `f64`.
    pub fn is_f64(&self) -> bool {
        matches!(self, ValType::F64)
    }

    /// Returns whether this is `v128`.
    pub fn is_v128(&self) -> bool {
        matches!(self, ValType::V128)
    }

    /// Returns whether this is a reference type.
    pub fn is_ref(&self) -> bool {
        matches!(self, ValType::Ref(_))
    }

    /// Returns whether this is `funcref`.
    pub fn is_funcref(&self) -> bool {
        *self == ValType::FUNCREF
    }

    /// Returns whether this is `externref`.
    pub fn is_externref(&self) -> bool {
        *self == ValType::EXTERNREF
    }

    /// Returns whether this is `anyref`.
    pub fn is_anyref(&self) -> bool {
        *self == ValType::ANYREF
    }

    /// Returns whether this is `contref`.
    pub fn is_contref(&self) -> bool {
        *self == ValType::CONTREF
    }

    /// Returns the reference type, if this is one.
    pub fn as_ref(&self) -> Option<&RefType> {
        match self {
            ValType::Ref(ty) => Some(ty),
            _ => None,
        }
    }

    /// Returns the reference type.
    ///
    /// # Panics
    ///
    /// Panics if this is not a reference type.
    pub fn unwrap_ref(&self) -> &RefType {
        self.as_ref().expect("a reference type")
    }

    /// Returns whether this type is a subtype of `other`.
    pub fn matches(&self, other: &ValType) -> bool {
        match (self, other) {
            (ValType::Ref(a), ValType::Ref(b)) => a.matches(b),
            (a, b) => a == b,
        }
    }

    /// Returns zero or null, or `None` for references that cannot be null.
    pub fn default_value(&self) -> Option<Val> {
        Val::default_for_ty(self)
    }

    pub(super) fn to_inner(&self) -> module::ValType {
        match self {
            ValType::I32 => module::ValType::I32,
            ValType::I64 => module::ValType::I64,
            ValType::F32 => module::ValType::F32,
            ValType::F64 => module::ValType::F64,
            ValType::V128 => module::ValType::V128,
            ValType::Ref(ty) => module::ValType::Ref(ty.to_inner()),
        }
    }

    pub(super) fn from_inner(engine: &Engine, ty: module::ValType) -> ValType {
        match ty {
            module::ValType::I32 => ValType::I32,
            module::ValType::I64 => ValType::I64,
            module::ValType::F32 => ValType::F32,
            module::ValType::F64 => ValType::F64,
            module::ValType::V128 => ValType::V128,
            module::ValType::Ref(ty) => ValType::Ref(RefType::from_inner(engine, ty)),
        }
    }

    /// Returns whether the type contains no type of another engine.
    pub(super) fn belongs_to(&self, engine: &Engine) -> bool {
        match self {
            ValType::Ref(ty) => ty.belongs_to(engine),
            _ => true,
        }
    }
}

impl fmt::Debug for ValType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for ValType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ValType::I32 => f.write_str("i32"),
            ValType::I64 => f.write_str("i64"),
            ValType::F32 => f.write_str("f32"),
            ValType::F64 => f.write_str("f64"),
            ValType::V128 => f.write_str("v128"),
            ValType::Ref(ty) => fmt::Display::fmt(ty, f),
        }
    }
}

impl From<RefType> for ValType {
    fn from(ty: RefType) -> ValType {
        ValType::Ref(ty)
    }
}

/// The type of a reference.
///
/// Corresponds to
/// [`wasmtime::RefType`](https://docs.rs/wasmtime/latest/wasmtime/struct.RefType.html).
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct RefType {
    is_nullable: bool,
    heap_type: HeapType,
}

impl RefType {
    /// `externref`: any host value, or null.
    pub const EXTERNREF: RefType = RefType::nullable(HeapType::Extern);
    /// `nullexternref`: only null.
    pub const NULLEXTERNREF: RefType = RefType::nullable(HeapType::NoExtern);
    /// `funcref`: any function, or null.
    pub const FUNCREF: RefType = RefType::nullable(HeapType::Func);
    /// `nullfuncref`: only null.
    pub const NULLFUNCREF: RefType = RefType::nullable(HeapType::NoFunc);
    /// `anyref`: any internal value, or null.
    pub const ANYREF: RefType = RefType::nullable(HeapType::Any);
    /// `eqref`: any internal value that can be compared, or null.
    pub const EQREF: RefType = RefType::nullable(HeapType::Eq);
    /// `i31ref`: a 31-bit integer, or null.
    pub const I31REF: RefType = RefType::nullable(HeapType::I31);
    /// `arrayref`: any array, or null.
    pub const ARRAYREF: RefType = RefType::nullable(HeapType::Array);
    /// `structref`: any structure, or null.
    pub const STRUCTREF: RefType = RefType::nullable(HeapType::Struct);
    /// `nullref`: only null.
    pub const NULLREF: RefType = RefType::nullable(HeapType::None);
    /// `contref`: any continuation, or null.
    pub const CONTREF: RefType = RefType::nullable(HeapType::Cont);
    /// `nullcontref`: only null.
    pub const NULLCONTREF: RefType = RefType::nullable(HeapType::NoCont);
    /// `exnref`: any exception, or null.
    pub const EXNREF: RefType = RefType::nullable(HeapType::Exn);
    /// `nullexnref`: only null.
    pub const NULLEXNREF: RefType = RefType::nullable(HeapType::NoExn);

    const fn nullable(heap_type: HeapType) -> RefType {
        RefType {
            is_nullable: true,
            heap_type,
        }
    }

    /// Creates the type of references to `heap_type`.
    pub fn new(is_nullable: bool, heap_type: HeapType) -> RefType {
        RefType {
            is_nullable,
            heap_type,
        }
    }

    /// Returns whether null is a value of this type.
    pub fn is_nullable(&self) -> bool {
        self.is_nullable
    }

    /// Returns the heap type.
    pub fn heap_type(&self) -> &HeapType {
        &self.heap_type
    }

    /// Returns whether this type is a subtype of `other`.
    pub fn matches(&self, other: &RefType) -> bool {
        (other.is_nullable || !self.is_nullable) && self.heap_type.matches(&other.heap_type)
    }

    pub(super) fn to_inner(&self) -> module::RefType {
        module::RefType {
            nullable: self.is_nullable,
            heap: self.heap_type.to_inner(),
        }
    }

    pub(super) fn from_inner(engine: &Engine, ty: module::RefType) -> RefType {
        RefType {
            is_nullable: ty.nullable,
            heap_type: HeapType::from_inner(engine, ty.heap),
        }
    }

    pub(super) fn belongs_to(&self, engine: &Engine) -> bool {
        match self.heap_type.engine() {
            Some(own) => Engine::same(own, engine),
            None => true,
        }
    }
}

impl fmt::Debug for RefType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for RefType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let null = if self.is_nullable { "null " } else { "" };
        write!(f, "(ref {null}{})", self.heap_type)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::func_type::FuncType;
    use alloc::string::ToString;

    #[test]
    fn subtypes_of_references() {
        let engine = Engine::default();
        let a = HeapType::from(FuncType::new(&engine, [ValType::I32], []));
        let b = HeapType::from(FuncType::new(&engine, [], [ValType::I32]));
        assert!(a.matches(&a) && a.matches(&HeapType::Func) && HeapType::NoFunc.matches(&a));
        assert!(!a.matches(&b) && !HeapType::Func.matches(&a) && !a.matches(&HeapType::Extern));
        assert!(HeapType::NoExtern.matches(&HeapType::Extern));
        assert!(!HeapType::NoExtern.matches(&HeapType::Func));
        let non_null = RefType::new(false, a.clone());
        assert!(non_null.matches(&RefType::FUNCREF) && !RefType::FUNCREF.matches(&non_null));
        assert!(!RefType::new(true, a.clone()).matches(&non_null));
        for ty in [
            ValType::FUNCREF,
            ValType::from(non_null),
            ValType::EXTERNREF,
            ValType::F64,
        ] {
            assert_eq!(ValType::from_inner(&engine, ty.to_inner()), ty);
        }
    }

    #[test]
    fn types_print_as_in_the_text_format() {
        assert_eq!(ValType::FUNCREF.to_string(), "(ref null func)");
        assert_eq!(
            RefType::new(false, HeapType::Extern).to_string(),
            "(ref extern)"
        );
        assert_eq!(ValType::I64.to_string(), "i64");
    }
}
