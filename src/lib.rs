//! temporary
#![no_std]
#![deny(unsafe_op_in_unsafe_fn, missing_docs, clippy::undocumented_unsafe_blocks)]
#![cfg_attr(backstitch_become, feature(explicit_tail_calls, rust_preserve_none_cc))]
#![cfg_attr(backstitch_become, allow(incomplete_features))]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod api;
mod code;
mod execute;
mod heap;
mod module;
mod stack;
mod support;
mod translate;
mod walk;

pub use api::*;
