//! References to values of the guests' own.

use super::extern_ref::GcRef;
use crate::heap::StoreInner;
use core::convert::Infallible;

/// A structure, an array or a small integer of a guest's.
///
/// There is none: the instructions that make them are not supported yet, so that every
/// reference of such a type is null.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AnyRef(Infallible);

impl GcRef for AnyRef {}

impl AnyRef {
    pub(super) fn belongs_to(&self, _: &StoreInner) -> bool {
        match self.0 {}
    }
}
