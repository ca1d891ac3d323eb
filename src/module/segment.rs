//! Element and data segments.

use super::const_expr::ConstExpr;
use super::types::RefType;
use alloc::boxed::Box;
use core::ops::Range;

/// What happens to a segment when its module is instantiated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SegmentMode {
    /// Nothing: instructions copy from it.
    Passive,
    /// Nothing: it only says which functions may be referred to.
    Declared,
    /// It is copied, and dropped.
    Active {
        /// To which table or memory.
        index: u32,
        /// To where.
        offset: ConstExpr,
    },
}

/// An element segment.
#[derive(Clone, Debug)]
pub struct ElementSegment {
    /// The type of its elements.
    pub ty: RefType,
    /// Its elements.
    pub items: ElementItems,
    /// What happens to it.
    pub mode: SegmentMode,
}

/// The elements of a segment.
#[derive(Clone, Debug)]
pub enum ElementItems {
    /// References to functions. Segments that are written as expressions, all of which
    /// are `ref.func`, have this shape too.
    Functions(Box<[u32]>),
    /// Whatever the expressions give.
    Expressions(Box<[ConstExpr]>),
}

impl ElementItems {
    /// The number of elements.
    pub fn len(&self) -> usize {
        match self {
            ElementItems::Functions(functions) => functions.len(),
            ElementItems::Expressions(expressions) => expressions.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A data segment.
#[derive(Clone, Debug)]
pub struct DataSegment {
    /// Where its bytes stand among the module's.
    pub range: Range<usize>,
    /// What happens to it.
    pub mode: SegmentMode,
}
