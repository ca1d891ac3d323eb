//! The values on the operand stack, as the translator sees them.

use crate::code::Offset;
use crate::module::{CompositeKind, HeapType, Module, RefType, ValType};

/// A class of values that share an accumulator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Integers and references.
    Int,
    /// 32-bit floats.
    F32,
    /// 64-bit floats.
    F64,
    /// Vectors.
    Vector,
}

impl Class {
    /// The number of classes.
    pub const COUNT: usize = 4;

    /// All classes.
    pub const ALL: [Class; Class::COUNT] = [Class::Int, Class::F32, Class::F64, Class::Vector];

    /// Returns the number of slots that the values take.
    pub const fn slots(self) -> u32 {
        match self {
            Class::Int | Class::F32 | Class::F64 => 1,
            Class::Vector => 2,
        }
    }
}

/// The kind of a value, as observers of a stack see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A 32-bit integer.
    I32,
    /// A 64-bit integer.
    I64,
    /// A 32-bit float.
    F32,
    /// A 64-bit float.
    F64,
    /// A vector.
    V128,
    /// A reference to a function.
    FuncRef,
    /// A reference to a value of the host's.
    ExternRef,
    /// A reference to an exception.
    ExnRef,
    /// A reference to a continuation: an identity and a revision.
    ContRef,
    /// A reference to a value of the guests' own.
    AnyRef,
}

impl Kind {
    /// Returns the number of slots that a value of this kind takes.
    pub const fn slots(self) -> u32 {
        self.class().slots()
    }

    /// Returns the class of accumulators for such values.
    pub const fn class(self) -> Class {
        match self {
            Kind::I32
            | Kind::I64
            | Kind::FuncRef
            | Kind::ExternRef
            | Kind::ExnRef
            | Kind::ContRef
            | Kind::AnyRef => Class::Int,
            Kind::F32 => Class::F32,
            Kind::F64 => Class::F64,
            Kind::V128 => Class::Vector,
        }
    }
}

impl From<RefType> for Kind {
    fn from(ty: RefType) -> Kind {
        match ty.heap.top() {
            HeapType::Func => Kind::FuncRef,
            HeapType::Extern => Kind::ExternRef,
            HeapType::Exn => Kind::ExnRef,
            HeapType::Cont => Kind::ContRef,
            _ => Kind::AnyRef,
        }
    }
}

impl From<ValType> for Kind {
    fn from(ty: ValType) -> Kind {
        match ty {
            ValType::I32 => Kind::I32,
            ValType::I64 => Kind::I64,
            ValType::F32 => Kind::F32,
            ValType::F64 => Kind::F64,
            ValType::V128 => Kind::V128,
            ValType::Ref(ty) => ty.into(),
        }
    }
}

impl Kind {
    /// Returns the kind of values of a type, as a body of `module` names it.
    pub fn named(module: &Module, ty: wasmparser::ValType) -> Kind {
        match ty {
            wasmparser::ValType::I32 => Kind::I32,
            wasmparser::ValType::I64 => Kind::I64,
            wasmparser::ValType::F32 => Kind::F32,
            wasmparser::ValType::F64 => Kind::F64,
            wasmparser::ValType::V128 => Kind::V128,
            wasmparser::ValType::Ref(ty) => Kind::of_references(module, ty.heap_type()),
        }
    }

    /// Returns the kind of references to a heap type, as a body of `module` names it.
    pub fn of_references(module: &Module, ty: wasmparser::HeapType) -> Kind {
        use wasmparser::AbstractHeapType::{
            Cont, Exn, Extern, Func, NoCont, NoExn, NoExtern, NoFunc,
        };
        match ty {
            wasmparser::HeapType::Abstract { ty, .. } => match ty {
                Func | NoFunc => Kind::FuncRef,
                Extern | NoExtern => Kind::ExternRef,
                Exn | NoExn => Kind::ExnRef,
                Cont | NoCont => Kind::ContRef,
                _ => Kind::AnyRef,
            },
            wasmparser::HeapType::Concrete(index) | wasmparser::HeapType::Exact(index) => {
                let index = index.as_module_index().expect("bodies name types by index");
                match module.types[index as usize].ty.composite.kind() {
                    CompositeKind::Func => Kind::FuncRef,
                    CompositeKind::Cont => Kind::ContRef,
                    CompositeKind::Struct | CompositeKind::Array => Kind::AnyRef,
                }
            }
        }
    }
}

/// The location of a value on the operand stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Location {
    /// In the slot that belongs to its height.
    Temp,
    /// In the slot that belongs to its height, where the cell put it: that can be made to
    /// put it elsewhere, as long as it is the last one.
    Made(Offset),
    /// In a local, of which it is an alias: the first slot of the local among those of all
    /// locals. The second number is the next lower entry that is an alias of the same local,
    /// plus one.
    Local(u32, u32),
    /// None: the value is a constant.
    Const(u64),
    /// In the accumulator of its class, where the cell put it.
    Acc(Offset),
    /// None: the entry is that of another slot of the value below.
    Upper,
    /// In the slot that belongs to its height, but no operand of an instruction: the exception of
    /// a legacy catch part.
    Hidden,
}

/// A value on the operand stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operand {
    /// The kind of the value.
    pub kind: Kind,
    /// The location of the value.
    pub location: Location,
    /// The height of its first slot on the stack.
    pub height: u32,
}

impl Operand {
    /// Returns whether `cell` has put the value into an accumulator.
    pub fn is_made_by(&self, cell: Option<Offset>) -> bool {
        matches!(self.location, Location::Acc(by) if cell == Some(by))
    }

    /// Returns whether the value is an alias of the local with this first slot.
    pub fn is_local(&self, local: u32) -> bool {
        matches!(self.location, Location::Local(of, _) if of == local)
    }
}

/// A place from which a cell can read an operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// A slot.
    Slot(i32),
    /// The accumulator of the operand's class.
    Acc,
    /// An immediate.
    Immediate(u64),
}
