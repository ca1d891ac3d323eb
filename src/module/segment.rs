//! Element and data segments.

use super::const_expr::ConstExpr;
use super::types::RefType;
use alloc::boxed::Box;
use core::ops::Range;

/// The treatment of a segment when its module is instantiated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SegmentMode {
    /// None. Instructions copy from the segment.
    Passive,
    /// None. The segment only declares which functions may be referenced.
    Declared,
    /// The segment is copied and then dropped.
    Active {
        /// Index of the table or memory to copy to.
        index: u32,
        /// Offset in the table or memory.
        offset: ConstExpr,
    },
}

/// An element segment.
#[derive(Clone, Debug)]
pub struct ElementSegment {
    /// Type of the elements.
    pub ty: RefType,
    /// The elements.
    pub items: ElementItems,
    /// Treatment at instantiation.
    pub mode: SegmentMode,
}

/// The elements of a segment.
#[derive(Clone, Debug)]
pub enum ElementItems {
    /// References to functions. A segment of expressions is stored in this form also if all of
    /// them are `ref.func`.
    Functions(Box<[u32]>),
    /// Expressions that give the elements.
    Expressions(Box<[ConstExpr]>),
}

impl ElementItems {
    /// Returns the number of elements.
    pub fn len(&self) -> usize {
        match self {
            ElementItems::Functions(functions) => functions.len(),
            ElementItems::Expressions(expressions) => expressions.len(),
        }
    }
}

/// A data segment.
#[derive(Clone, Debug)]
pub struct DataSegment {
    /// Range of the segment's bytes in the module.
    pub range: Range<usize>,
    /// Treatment at instantiation.
    pub mode: SegmentMode,
}
