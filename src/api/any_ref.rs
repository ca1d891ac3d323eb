//! References to internal values (`anyref`).

use super::rooted::GcRef;
use super::rooted::sealed::Kept;
use crate::heap::{Reference, StoreInner};
use crate::support::error::Result;
use core::convert::Infallible;

/// A reference to an internal value: a structure, an array or an `i31`.
///
/// This type has no values yet. The instructions that create such references are not supported, so
/// every reference of a subtype of `anyref` is null.
///
/// Corresponds to
/// [`wasmtime::AnyRef`](https://docs.rs/wasmtime/latest/wasmtime/struct.AnyRef.html).
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
