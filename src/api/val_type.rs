//! The types of values.

use super::engine::Engine;
use super::func_type::FuncType;
use super::values::Val;
use crate::module;
use core::fmt;

/// Whether a global may change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mutability {
    /// It may not.
    Const,
    /// It may.
    Var,
}

impl Mutability {
    /// Whether it may not change.
    pub fn is_const(&self) -> bool {
        *self == Mutability::Const
    }

    /// Whether it may change.
    pub fn is_var(&self) -> bool {
        *self == Mutability::Var
    }
}

/// The type of a value.
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
    /// `funcref`: any function, or null.
    pub const FUNCREF: ValType = ValType::Ref(RefType::FUNCREF);
    /// `externref`: any value of the host's, or null.
    pub const EXTERNREF: ValType = ValType::Ref(RefType::EXTERNREF);
    /// `nullfuncref`: null alone.
    pub const NULLFUNCREF: ValType = ValType::Ref(RefType::NULLFUNCREF);
    /// `nullexternref`: null alone.
    pub const NULLEXTERNREF: ValType = ValType::Ref(RefType::NULLEXTERNREF);

    /// Whether this is a type of numbers.
    pub fn is_num(&self) -> bool {
        matches!(
            self,
            ValType::I32 | ValType::I64 | ValType::F32 | ValType::F64
        )
    }

    /// Whether this is `i32`.
    pub fn is_i32(&self) -> bool {
        matches!(self, ValType::I32)
    }

    /// Whether this is `i64`.
    pub fn is_i64(&self) -> bool {
        matches!(self, ValType::I64)
    }

    /// Whether this is `f32`.
    pub fn is_f32(&self) -> bool {
        matches!(self, ValType::F32)
    }

    /// Whether this is `f64`.
    pub fn is_f64(&self) -> bool {
        matches!(self, ValType::F64)
    }

    /// Whether this is `v128`.
    pub fn is_v128(&self) -> bool {
        matches!(self, ValType::V128)
    }

    /// Whether this is a type of references.
    pub fn is_ref(&self) -> bool {
        matches!(self, ValType::Ref(_))
    }

    /// Whether this is `funcref`.
    pub fn is_funcref(&self) -> bool {
        *self == ValType::FUNCREF
    }

    /// Whether this is `externref`.
    pub fn is_externref(&self) -> bool {
        *self == ValType::EXTERNREF
    }

    /// The type of references that this is.
    pub fn as_ref(&self) -> Option<&RefType> {
        match self {
            ValType::Ref(ty) => Some(ty),
            _ => None,
        }
    }

    /// The type of references that this is.
    ///
    /// # Panics
    ///
    /// If it is none.
    pub fn unwrap_ref(&self) -> &RefType {
        self.as_ref().expect("a reference type")
    }

    /// Whether every value of this type is one of `other`.
    pub fn matches(&self, other: &ValType) -> bool {
        match (self, other) {
            (ValType::Ref(a), ValType::Ref(b)) => a.matches(b),
            (a, b) => a == b,
        }
    }

    /// Zero or null; `None` for references that cannot be null.
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

    /// Whether the type names no function type of another engine.
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
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct RefType {
    is_nullable: bool,
    heap_type: HeapType,
}

impl RefType {
    /// `funcref`: any function, or null.
    pub const FUNCREF: RefType = RefType {
        is_nullable: true,
        heap_type: HeapType::Func,
    };
    /// `externref`: any value of the host's, or null.
    pub const EXTERNREF: RefType = RefType {
        is_nullable: true,
        heap_type: HeapType::Extern,
    };
    /// `nullfuncref`: null alone.
    pub const NULLFUNCREF: RefType = RefType {
        is_nullable: true,
        heap_type: HeapType::NoFunc,
    };
    /// `nullexternref`: null alone.
    pub const NULLEXTERNREF: RefType = RefType {
        is_nullable: true,
        heap_type: HeapType::NoExtern,
    };

    /// A type of references to what `heap_type` says.
    pub fn new(is_nullable: bool, heap_type: HeapType) -> RefType {
        RefType {
            is_nullable,
            heap_type,
        }
    }

    /// Whether null is among its values.
    pub fn is_nullable(&self) -> bool {
        self.is_nullable
    }

    /// What it refers to.
    pub fn heap_type(&self) -> &HeapType {
        &self.heap_type
    }

    /// Whether every reference of this type is one of `other`.
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
        let heap_type = match ty.heap {
            module::HeapType::Func => HeapType::Func,
            module::HeapType::NoFunc => HeapType::NoFunc,
            module::HeapType::Extern => HeapType::Extern,
            module::HeapType::NoExtern => HeapType::NoExtern,
            module::HeapType::Concrete(id) => HeapType::ConcreteFunc(FuncType::from_id(engine, id)),
        };
        RefType {
            is_nullable: ty.nullable,
            heap_type,
        }
    }

    pub(super) fn belongs_to(&self, engine: &Engine) -> bool {
        match &self.heap_type {
            HeapType::ConcreteFunc(ty) => Engine::same(ty.engine(), engine),
            _ => true,
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

/// What a reference refers to.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum HeapType {
    /// A value of the host's.
    Extern,
    /// No value of the host's.
    NoExtern,
    /// Any function.
    Func,
    /// A function of one type.
    ConcreteFunc(FuncType),
    /// No function.
    NoFunc,
}

impl HeapType {
    /// Whether this is `extern`.
    pub fn is_extern(&self) -> bool {
        matches!(self, HeapType::Extern)
    }

    /// Whether this is `func`.
    pub fn is_func(&self) -> bool {
        matches!(self, HeapType::Func)
    }

    /// Whether this is `nofunc`.
    pub fn is_no_func(&self) -> bool {
        matches!(self, HeapType::NoFunc)
    }

    /// Whether this is one of the specification's own types.
    pub fn is_abstract(&self) -> bool {
        !self.is_concrete()
    }

    /// Whether this is a type that a module or the embedder defined.
    pub fn is_concrete(&self) -> bool {
        matches!(self, HeapType::ConcreteFunc(_))
    }

    /// Whether this is the type of functions of one type.
    pub fn is_concrete_func(&self) -> bool {
        matches!(self, HeapType::ConcreteFunc(_))
    }

    /// The function type, if it is one.
    pub fn as_concrete_func(&self) -> Option<&FuncType> {
        match self {
            HeapType::ConcreteFunc(ty) => Some(ty),
            _ => None,
        }
    }

    /// The function type.
    ///
    /// # Panics
    ///
    /// If it is none.
    pub fn unwrap_concrete_func(&self) -> &FuncType {
        self.as_concrete_func().expect("the type of a function")
    }

    /// The most general type of the same kind: `func` or `extern`.
    pub fn top(&self) -> HeapType {
        match self {
            HeapType::Func | HeapType::ConcreteFunc(_) | HeapType::NoFunc => HeapType::Func,
            HeapType::Extern | HeapType::NoExtern => HeapType::Extern,
        }
    }

    /// Whether this is the most general type of its kind.
    pub fn is_top(&self) -> bool {
        *self == self.top()
    }

    /// The type of the same kind without values: `nofunc` or `noextern`.
    pub fn bottom(&self) -> HeapType {
        match self.top() {
            HeapType::Func => HeapType::NoFunc,
            _ => HeapType::NoExtern,
        }
    }

    /// Whether this is the type of its kind without values.
    pub fn is_bottom(&self) -> bool {
        *self == self.bottom()
    }

    /// Whether everything of this type is of `other`.
    pub fn matches(&self, other: &HeapType) -> bool {
        match (self, other) {
            (HeapType::ConcreteFunc(a), HeapType::ConcreteFunc(b)) => a.matches(b),
            (a, b) => a == b || *b == a.top() || *a == b.bottom(),
        }
    }

    fn to_inner(&self) -> module::HeapType {
        match self {
            HeapType::Extern => module::HeapType::Extern,
            HeapType::NoExtern => module::HeapType::NoExtern,
            HeapType::Func => module::HeapType::Func,
            HeapType::NoFunc => module::HeapType::NoFunc,
            HeapType::ConcreteFunc(ty) => module::HeapType::Concrete(ty.id()),
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
            // Written out, types within types could grow without bound.
            HeapType::ConcreteFunc(ty) => write!(f, "(concrete func {})", ty.id().0),
        }
    }
}

impl From<FuncType> for HeapType {
    fn from(ty: FuncType) -> HeapType {
        HeapType::ConcreteFunc(ty)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
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
