//! References to internal values that can be compared (`eqref`).

use super::any_ref::internal_value;
use super::array_ref::ArrayRef;
use super::context::{AsContext, AsContextMut};
use super::engine::Engine;
use super::heap_type::HeapType;
use super::i31::I31;
use super::rooted::sealed::Kept as _;
use super::rooted::{Root, Rooted, gc_ref};
use super::struct_ref::StructRef;
use crate::heap::Reference;
use crate::support::error::Result;

/// An internal value that `ref.eq` compares: a structure, an array or an `i31`.
///
/// Corresponds to
/// [`wasmtime::EqRef`](https://docs.rs/wasmtime/latest/wasmtime/struct.EqRef.html).
#[derive(Clone, Copy, Debug)]
pub struct EqRef(Root);

gc_ref!(EqRef: Eq in Any, |bits: u32| Reference::of_any(bits.into()));

internal_value!(EqRef, "EqRef");
