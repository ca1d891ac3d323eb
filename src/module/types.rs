//! The runtime's representation of types: small, canonical, comparable.
//!
//! Types that modules define are interned in the engine's [`TypeRegistry`](super::TypeRegistry):
//! two such types are equal if and only if their [`TypeId`]s are. The embedder's types
//! (`api::FuncType` and others) are made from these.

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
    /// True if null is a value of the type.
    pub nullable: bool,
    /// The type of the object.
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

/// The type of the object that a reference refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HeapType {
    /// Any function.
    Func,
    /// A function of a defined type.
    ConcreteFunc(TypeId),
    /// No function: the type of `ref.null nofunc`.
    NoFunc,
    /// Any value of the host.
    Extern,
    /// No value of the host.
    NoExtern,
    /// Any internal value: a structure, an array or an `i31`.
    Any,
    /// Any internal value that `ref.eq` can compare.
    Eq,
    /// An integer of 31 bits.
    I31,
    /// Any structure.
    Struct,
    /// A structure of a defined type.
    ConcreteStruct(TypeId),
    /// Any array.
    Array,
    /// An array of a defined type.
    ConcreteArray(TypeId),
    /// No internal value.
    None,
    /// Any exception.
    Exn,
    /// No exception.
    NoExn,
    /// Any continuation.
    Cont,
    /// A continuation of a defined type.
    ConcreteCont(TypeId),
    /// No continuation.
    NoCont,
}

/// The kind of a defined type.
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
    /// Returns the heap type of an abstract type, which no module defines.
    pub fn of_abstract(ty: wasmparser::AbstractHeapType) -> HeapType {
        use wasmparser::AbstractHeapType;
        match ty {
            AbstractHeapType::Func => HeapType::Func,
            AbstractHeapType::NoFunc => HeapType::NoFunc,
            AbstractHeapType::Extern => HeapType::Extern,
            AbstractHeapType::NoExtern => HeapType::NoExtern,
            AbstractHeapType::Any => HeapType::Any,
            AbstractHeapType::None => HeapType::None,
            AbstractHeapType::Eq => HeapType::Eq,
            AbstractHeapType::Struct => HeapType::Struct,
            AbstractHeapType::Array => HeapType::Array,
            AbstractHeapType::I31 => HeapType::I31,
            AbstractHeapType::Exn => HeapType::Exn,
            AbstractHeapType::NoExn => HeapType::NoExn,
            AbstractHeapType::Cont => HeapType::Cont,
            AbstractHeapType::NoCont => HeapType::NoCont,
        }
    }

    /// Returns the heap type of a defined type.
    pub fn concrete(kind: CompositeKind, id: TypeId) -> HeapType {
        match kind {
            CompositeKind::Func => HeapType::ConcreteFunc(id),
            CompositeKind::Struct => HeapType::ConcreteStruct(id),
            CompositeKind::Array => HeapType::ConcreteArray(id),
            CompositeKind::Cont => HeapType::ConcreteCont(id),
        }
    }

    /// Returns the defined type, if this is one.
    pub fn id(self) -> Option<TypeId> {
        match self {
            HeapType::ConcreteFunc(id)
            | HeapType::ConcreteStruct(id)
            | HeapType::ConcreteArray(id)
            | HeapType::ConcreteCont(id) => Some(id),
            _ => None,
        }
    }

    /// Returns the heap type with the defined type replaced by `id`.
    pub(super) fn with_id(self, id: TypeId) -> HeapType {
        match self {
            HeapType::ConcreteFunc(_) => HeapType::ConcreteFunc(id),
            HeapType::ConcreteStruct(_) => HeapType::ConcreteStruct(id),
            HeapType::ConcreteArray(_) => HeapType::ConcreteArray(id),
            HeapType::ConcreteCont(_) => HeapType::ConcreteCont(id),
            other => other,
        }
    }

    /// Returns the top type of the hierarchy.
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

    /// Returns the bottom type of the hierarchy.
    pub fn bottom(self) -> HeapType {
        match self.top() {
            HeapType::Func => HeapType::NoFunc,
            HeapType::Extern => HeapType::NoExtern,
            HeapType::Exn => HeapType::NoExn,
            HeapType::Cont => HeapType::NoCont,
            _ => HeapType::None,
        }
    }

    /// Returns whether a reference takes 64 bits in a table. References to continuations do,
    /// because they contain a revision.
    pub fn is_wide(self) -> bool {
        self.top() == HeapType::Cont
    }

    /// Returns whether this type is a subtype of `other`, without regard to declared supertypes.
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

/// A defined type.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubType {
    /// True if the type must not have subtypes.
    pub is_final: bool,
    /// Declared supertype.
    pub supertype: Option<TypeId>,
    /// Structure of the type.
    pub composite: CompositeType,
}

impl SubType {
    /// Creates a final type without a supertype.
    pub fn plain(composite: CompositeType) -> SubType {
        SubType {
            is_final: true,
            supertype: None,
            composite,
        }
    }
}

/// The structure of a defined type.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CompositeType {
    /// A function.
    Func(Arc<FuncType>),
    /// A structure with these fields.
    Struct(Box<[FieldType]>),
    /// An array with these elements.
    Array(FieldType),
    /// A continuation of a function of this type.
    Cont(TypeId),
}

impl CompositeType {
    /// Returns the type of field `index` of a structure, or of the elements of an array.
    pub fn field(&self, index: u32) -> Option<FieldType> {
        match self {
            CompositeType::Struct(fields) => fields.get(index as usize).copied(),
            CompositeType::Array(element) => Some(*element),
            CompositeType::Func(_) | CompositeType::Cont(_) => None,
        }
    }

    /// Returns the kind of the type.
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
    /// Type of the stored value.
    pub storage: StorageType,
    /// True if the field is mutable.
    pub mutable: bool,
}

/// The type of a field's contents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StorageType {
    /// A packed 8-bit integer.
    I8,
    /// A packed 16-bit integer.
    I16,
    /// A value.
    Val(ValType),
}

impl StorageType {
    /// Returns the type of the value that is read from a field or written to it.
    pub fn unpacked(self) -> ValType {
        match self {
            StorageType::I8 | StorageType::I16 => ValType::I32,
            StorageType::Val(ty) => ty,
        }
    }
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
    /// Initial size in pages.
    pub minimum: u64,
    /// Maximum size in pages, if declared.
    pub maximum: Option<u64>,
    /// True if addresses have 64 bits.
    pub memory64: bool,
    /// True if the memory is shared between threads.
    pub shared: bool,
    /// Logarithm of the page size: 16 for the usual 64 KiB, 0 for pages of one byte.
    pub page_size_log2: u32,
}

/// The type of a table. Sizes are in elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TableType {
    /// Type of the elements.
    pub element: RefType,
    /// Initial number of elements.
    pub minimum: u64,
    /// Maximum number of elements, if declared.
    pub maximum: Option<u64>,
    /// True if indices have 64 bits.
    pub table64: bool,
}

/// The type of a global.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GlobalType {
    /// Type of the value.
    pub value: ValType,
    /// True if the global is mutable.
    pub mutable: bool,
}

/// The type of an import or export.
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
    /// A tag. Its type is the function type whose parameters are the payload.
    Tag(TypeId),
}
