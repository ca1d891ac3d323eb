//! The types of a module as the runtime sees them: small, canonical, comparable.
//!
//! Function types are interned by the engine's [`TypeRegistry`](super::TypeRegistry):
//! two function types are equal exactly when their [`TypeId`]s are. What the embedder
//! sees (`api::FuncType` and its kin) is made from these.

use alloc::boxed::Box;

/// A function type's identity within one engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct TypeId(pub u32);

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
    Concrete(TypeId),
    /// No function: the type of `ref.null nofunc`.
    NoFunc,
    /// A value of the host's.
    Extern,
    /// No value of the host's.
    NoExtern,
}

impl HeapType {
    /// Whether values of this type are functions (and not values of the host's).
    pub fn is_func(self) -> bool {
        matches!(
            self,
            HeapType::Func | HeapType::Concrete(_) | HeapType::NoFunc
        )
    }
}

/// The type of a function.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FuncType {
    /// The types of its parameters.
    pub params: Box<[ValType]>,
    /// The types of its results.
    pub results: Box<[ValType]>,
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
