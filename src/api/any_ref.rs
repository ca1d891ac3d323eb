//! References to values of the guests' own.

use super::rooted::GcRef;
use super::rooted::sealed::Kept;
use crate::heap::{Reference, StoreInner};
use crate::support::error::Result;
use core::convert::Infallible;

/// A structure, an array or a small integer of a guest's.
///
/// There is none: the instructions that make them are not supported yet, so that every
/// reference of such a type is null.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AnyRef(Infallible);

impl GcRef for AnyRef {}

impl Kept for AnyRef {
    fn reference(&self, _: &StoreInner) -> Result<Reference> {
        match self.0 {}
    }
}

impl AnyRef {
    pub(super) fn belongs_to(&self, _: &StoreInner) -> bool {
        match self.0 {}
    }
}
