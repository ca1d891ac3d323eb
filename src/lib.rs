//! Backstitch runs WebAssembly by interpreting it, on any processor that Rust reaches, and
//! shows exactly what a program was doing when it stopped.
//!
//! The names and shapes are Wasmtime's, so that a program changes its import line:
//!
//! ```
//! use backstitch::{Engine, Linker, Module, Result, Store};
//!
//! # fn main() -> Result<()> {
//! // (module (import "host" "double" (func $double (param i32) (result i32)))
//! //         (func (export "run") (param i32) (result i32)
//! //             (i32.add (call $double (local.get 0)) (i32.const 1))))
//! let wasm = b"\0asm\x01\0\0\0\x01\x06\x01\x60\x01\x7f\x01\x7f\x02\x0f\x01\x04host\x06double\0\0\
//!     \x03\x02\x01\0\x07\x07\x01\x03run\0\x01\x0a\x0b\x01\x09\0\x20\0\x10\0\x41\x01\x6a\x0b";
//!
//! let engine = Engine::default();
//! let module = Module::new(&engine, wasm)?;
//! let mut linker = Linker::new(&engine);
//! linker.func_wrap("host", "double", |value: i32| value * 2)?;
//!
//! let mut store = Store::new(&engine, ());
//! let instance = linker.instantiate(&mut store, &module)?;
//! let run = instance.get_typed_func::<i32, i32>(&mut store, "run")?;
//! assert_eq!(run.call(&mut store, 20)?, 41);
//! # Ok(())
//! # }
//! ```
//!
//! # How it is built
//!
//! ```text
//!  wasm bytes ──► module     decoded and validated, immutable
//!             ──► translate  one pass per function, lazily: operators become cells
//!             ──► code       the instruction set, in one table; published code
//!             ──► execute    what each cell does, and what drives it
//!                    │ reads and writes
//!                    ▼
//!                 stack      frame records, stacks, the chain      heap   memories, tables,
//!                    ▲ reads                                              globals, the store
//!             ◄── walk       frames, backtraces
//!             ◄── api        Engine, Module, Store, Linker, Instance, Func …
//!                    ▲ a user of the api, like any embedder
//!                  wasi       WASI preview 1, on the system or on no system at all
//! ```
//!
//! Everything that a running program is stands in data: frames are explicit records on
//! stacks of their own, linked by distances, and nothing below the API lives on the native
//! stack. So a backtrace is a walk over those records, a call can be suspended where it
//! stands ([`Execution`]) and continued later, and recursion ends in a trap.
//!
//! `support` holds what all of these rest on. Each folder's first page says what flows in,
//! what flows out, and what must never be.
//!
//! # Features
//!
//! * `std` (default): threads for validation; with it off, the crate needs `alloc` alone.
//! * `cli` (default): the `backstitch` program.
//! * `wasi-core`: WASI preview 1 (`backstitch::wasi`) without an operating system; `wasi`
//!   (default with `cli`): on one too.
//! * `wat`: [`Module::new`] reads the text format too.
//! * `anyhow`: `?` turns errors into `anyhow::Error`.
//! * `small`: no fused instructions, for targets bound by flash.
//! * `profile`: [`Dispatch::Loop`] counts the cells that run, for work on this crate.
//! * `become`: on a nightly compiler, dispatch by guaranteed tail calls.

#![no_std]
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
#[cfg(feature = "wasi-core")]
pub mod wasi;

pub use api::*;

/// Compiles and runs the examples of the README with the doc tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
