//! What the translator knows of the values on the operand stack.

use crate::code::Offset;
use crate::module::{CompositeKind, HeapType, Module, RefType, ValType};

/// Which accumulator a value can be in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Integers and references.
    Int,
    /// 32-bit floats.
    F32,
    /// 64-bit floats.
    F64,
}

impl Class {
    /// All of them.
    pub const ALL: [Class; 3] = [Class::Int, Class::F32, Class::F64];
}

/// What a value is, as far as observers of a stack care.
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
    /// The accumulator for such values.
    pub fn class(self) -> Class {
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
            ValType::V128 => unreachable!("vectors are refused when the module is made"),
            ValType::Ref(ty) => ty.into(),
        }
    }
}

impl Kind {
    /// The kind of values of a type, as a body of `module` names it.
    pub fn named(module: &Module, ty: wasmparser::ValType) -> Kind {
        match ty {
            wasmparser::ValType::I32 => Kind::I32,
            wasmparser::ValType::I64 => Kind::I64,
            wasmparser::ValType::F32 => Kind::F32,
            wasmparser::ValType::F64 => Kind::F64,
            wasmparser::ValType::V128 => {
                unreachable!("vectors are refused when the module is made")
            }
            wasmparser::ValType::Ref(ty) => Kind::of_references(module, ty.heap_type()),
        }
    }

    /// The kind of references to what a body of `module` names.
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

/// Where a value on the operand stack is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Location {
    /// In the slot that belongs to its height.
    Temp,
    /// In the slot that belongs to its height, where the cell put it: that can be made to
    /// put it elsewhere, as long as it is the last one.
    Made(Offset),
    /// In a local, which it is an alias of. The number is the next lower entry that is an
    /// alias of the same local, plus one.
    Local(u32, u32),
    /// Nowhere: it is known.
    Const(u64),
    /// In the accumulator of its class, where the cell put it.
    Acc(Offset),
}

/// A value on the operand stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operand {
    /// What it is.
    pub kind: Kind,
    /// Where it is.
    pub location: Location,
    /// Its height on the stack.
    pub height: u32,
}

impl Operand {
    /// Whether `cell` has put it into an accumulator.
    pub fn is_made_by(&self, cell: Option<Offset>) -> bool {
        matches!(self.location, Location::Acc(by) if cell == Some(by))
    }

    /// Whether it is an alias of a local.
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
