//! The types of a module as the runtime sees them: small, canonical, comparable.
//!
//! Types that modules define are interned by the engine's
//! [`TypeRegistry`](super::TypeRegistry): two of them are equal exactly when their
//! [`TypeId`]s are. What the embedder sees (`api::FuncType` and its kin) is made from
//! these.

use super::slots::slot_count;
use crate::ids::TypeId;
use alloc::boxed::Box;
use alloc::sync::Arc;

/// The type of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
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

/// The type of a reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RefType {
    /// Whether null is among its values.
    pub nullable: bool,
    /// What it refers to.
    pub heap: HeapType,
}

impl RefType {
    /// `funcref`, that is `(ref null func)`.
    pub const FUNCREF: RefType = RefType {
        nullable: true,
        heap: HeapType::Func,
    };
    /// `externref`, that is `(ref null extern)`.
    pub const EXTERNREF: RefType = RefType {
        nullable: true,
        heap: HeapType::Extern,
    };
}

/// What a reference refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HeapType {
    /// Any function.
    Func,
    /// A function of one type.
    ConcreteFunc(TypeId),
    /// No function: the type of `ref.null nofunc`.
    NoFunc,
    /// A value of the host's.
    Extern,
    /// No value of the host's.
    NoExtern,
    /// Any value of the guests' own: a structure, an array, a small integer.
    Any,
    /// One that can be compared.
    Eq,
    /// An integer of 31 bits.
    I31,
    /// Any structure.
    Struct,
    /// A structure of one type.
    ConcreteStruct(TypeId),
    /// Any array.
    Array,
    /// An array of one type.
    ConcreteArray(TypeId),
    /// No value of the guests' own.
    None,
    /// Any exception.
    Exn,
    /// No exception.
    NoExn,
    /// Any continuation.
    Cont,
    /// A continuation of one type.
    ConcreteCont(TypeId),
    /// No continuation.
    NoCont,
}

/// What a type that a module defines describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CompositeKind {
    /// Functions.
    Func,
    /// Structures.
    Struct,
    /// Arrays.
    Array,
    /// Continuations.
    Cont,
}

impl HeapType {
    /// What is of one type that a module defines.
    pub fn concrete(kind: CompositeKind, id: TypeId) -> HeapType {
        match kind {
            CompositeKind::Func => HeapType::ConcreteFunc(id),
            CompositeKind::Struct => HeapType::ConcreteStruct(id),
            CompositeKind::Array => HeapType::ConcreteArray(id),
            CompositeKind::Cont => HeapType::ConcreteCont(id),
        }
    }

    /// The type that a module defines, if it is one.
    pub fn id(self) -> Option<TypeId> {
        match self {
            HeapType::ConcreteFunc(id)
            | HeapType::ConcreteStruct(id)
            | HeapType::ConcreteArray(id)
            | HeapType::ConcreteCont(id) => Some(id),
            _ => None,
        }
    }

    /// The same with another type in the place of the one that a module defines.
    pub(super) fn with_id(self, id: TypeId) -> HeapType {
        match self {
            HeapType::ConcreteFunc(_) => HeapType::ConcreteFunc(id),
            HeapType::ConcreteStruct(_) => HeapType::ConcreteStruct(id),
            HeapType::ConcreteArray(_) => HeapType::ConcreteArray(id),
            HeapType::ConcreteCont(_) => HeapType::ConcreteCont(id),
            other => other,
        }
    }

    /// The most general type of its kind.
    pub fn top(self) -> HeapType {
        match self {
            HeapType::Func | HeapType::ConcreteFunc(_) | HeapType::NoFunc => HeapType::Func,
            HeapType::Extern | HeapType::NoExtern => HeapType::Extern,
            HeapType::Exn | HeapType::NoExn => HeapType::Exn,
            HeapType::Cont | HeapType::ConcreteCont(_) | HeapType::NoCont => HeapType::Cont,
            HeapType::Any
            | HeapType::Eq
            | HeapType::I31
            | HeapType::Struct
            | HeapType::ConcreteStruct(_)
            | HeapType::Array
            | HeapType::ConcreteArray(_)
            | HeapType::None => HeapType::Any,
        }
    }

    /// The type of its kind that nothing is of.
    pub fn bottom(self) -> HeapType {
        match self.top() {
            HeapType::Func => HeapType::NoFunc,
            HeapType::Extern => HeapType::NoExtern,
            HeapType::Exn => HeapType::NoExn,
            HeapType::Cont => HeapType::NoCont,
            _ => HeapType::None,
        }
    }

    /// Whether references to it take 64 bits in a table: those to continuations, which
    /// have a revision.
    pub fn is_wide(self) -> bool {
        self.top() == HeapType::Cont
    }

    /// Whether what is of this type is of `other` too, as far as that does not depend on
    /// what the supertypes of a module's types are.
    pub fn matches_by_kind(self, other: HeapType) -> bool {
        let is_structure = || matches!(self, HeapType::Struct | HeapType::ConcreteStruct(_));
        let is_array = || matches!(self, HeapType::Array | HeapType::ConcreteArray(_));
        self == other
            || self == other.bottom()
            || other == self.top()
            || match other {
                HeapType::Eq => is_structure() || is_array() || self == HeapType::I31,
                HeapType::Struct => is_structure(),
                HeapType::Array => is_array(),
                _ => false,
            }
    }
}

/// A type that a module defines.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubType {
    /// Whether no other type may be declared a subtype of it.
    pub is_final: bool,
    /// The type that it is declared a subtype of.
    pub supertype: Option<TypeId>,
    /// What it describes.
    pub composite: CompositeType,
}

impl SubType {
    /// A final type without a supertype.
    pub fn plain(composite: CompositeType) -> SubType {
        SubType {
            is_final: true,
            supertype: None,
            composite,
        }
    }
}

/// What the values of a type that a module defines are made of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CompositeType {
    /// A function.
    Func(Arc<FuncType>),
    /// A structure of such fields.
    Struct(Box<[FieldType]>),
    /// An array of such elements.
    Array(FieldType),
    /// A continuation of a function of that type.
    Cont(TypeId),
}

impl CompositeType {
    /// What it describes.
    pub fn kind(&self) -> CompositeKind {
        match self {
            CompositeType::Func(_) => CompositeKind::Func,
            CompositeType::Struct(_) => CompositeKind::Struct,
            CompositeType::Array(_) => CompositeKind::Array,
            CompositeType::Cont(_) => CompositeKind::Cont,
        }
    }
}

/// The type of a structure's field or of an array's elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FieldType {
    /// What is kept there.
    pub storage: StorageType,
    /// Whether it may change.
    pub mutable: bool,
}

/// What a field keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StorageType {
    /// Eight bits.
    I8,
    /// Sixteen bits.
    I16,
    /// A value.
    Val(ValType),
}

/// The type of a function.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FuncType {
    /// The types of its parameters.
    pub params: Box<[ValType]>,
    /// The types of its results.
    pub results: Box<[ValType]>,
    pub(super) param_slots: u32,
    pub(super) result_slots: u32,
}

impl FuncType {
    /// Creates the type of functions with these parameters and results.
    pub fn new(params: Box<[ValType]>, results: Box<[ValType]>) -> FuncType {
        FuncType {
            param_slots: slot_count(&params) as u32,
            result_slots: slot_count(&results) as u32,
            params,
            results,
        }
    }
}

/// The type of a memory. Sizes are in pages of `1 << page_size_log2` bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryType {
    /// Pages at the start.
    pub minimum: u64,
    /// Pages at the most, where the module says so.
    pub maximum: Option<u64>,
    /// Whether addresses are 64-bit.
    pub memory64: bool,
    /// Whether threads may share it.
    pub shared: bool,
    /// 16 for the usual 64 KiB pages, 0 for pages of one byte.
    pub page_size_log2: u32,
}

/// The type of a table. Sizes are in elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TableType {
    /// The type of its elements.
    pub element: RefType,
    /// Elements at the start.
    pub minimum: u64,
    /// Elements at the most, where the module says so.
    pub maximum: Option<u64>,
    /// Whether indices are 64-bit.
    pub table64: bool,
}

/// The type of a global.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GlobalType {
    /// The type of its value.
    pub value: ValType,
    /// Whether it may change.
    pub mutable: bool,
}

/// The type of something that can be imported or exported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExternType {
    /// A function.
    Func(TypeId),
    /// A table.
    Table(TableType),
    /// A memory.
    Memory(MemoryType),
    /// A global.
    Global(GlobalType),
    /// A tag, with the function type of its payload.
    Tag(TypeId),
}
