//! A WebAssembly interpreter that runs on every target of Rust, and that can show the exact
//! state of a program wherever it stops.
//!
//! The API has the names and shapes of [Wasmtime's](https://docs.rs/wasmtime). Many programs
//! compile with both after changing the import line:
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
//! # Differences from Wasmtime
//!
//! Missing from the API:
//!
//! * Components (`wasmtime::component`, `bindgen!`).
//! * Caches of compiled modules, and the options of [`Config`] that concern compilers, memory
//!   reservations, pooling allocators and native stacks for asynchronous calls.
//! * Unchecked calls and raw values (`Func::new_unchecked`, `Func::call_unchecked`, `ValRaw`).
//! * `ResourceLimiterAsync` and other asynchronous variants of functions that do not run
//!   WebAssembly (`Memory::new_async`, `Store::gc_async`), and periodic yielding
//!   (`Store::fuel_async_yield_interval`; use [`Store::epoch_deadline_callback`]).
//! * Profiling and debugging of native code (`Config::profiler`, `Config::debug_info`).
//!
//! Different in the API:
//!
//! * The future of an asynchronous host function ([`Linker::func_wrap_async`],
//!   [`Linker::func_new_async`]) does not borrow the [`Caller`], and the closure returns it
//!   without a `Box`. That of a function of dynamic type returns its results as a vector.
//! * The variants of [`Trap`] and the texts of traps are Wasmtime's, but other error types
//!   (for example, [`ModuleError`]) and texts are not.
//! * WASI preview 1 is in the module `wasi` of this crate, not in a crate of its own.
//!
//! Only in this API: calls that the host suspends, inspects and resumes ([`Execution`],
//! [`Instantiation`]), continuations as values ([`ContRef`]), core dumps that can be read
//! ([`CoreDump`]), stores that are copied ([`Store::fork`]) or saved and restored ([`Snapshot`]) with
//! their suspended calls, modules that start in the state of an instance ([`Preinit`],
//! [`Instance::to_module`]), and recordings of programs that are replayed without their host
//! ([`Recorder`], [`Replayer`]).
//!
//! # Guide
//!
//! The folder `docs` of the crate has pages on the command line (`command-line.md`), embedding and
//! what of Wasmtime's API is missing (`embedding.md`), core dumps (`core-dumps.md`), snapshots
//! (`snapshots.md`), debugging (`debugging.md`), WASI (`wasi.md`), bugs of threads (`explore.md`),
//! recordings (`replay.md`), `no_std` (`no-std.md`), performance (`performance.md`) and the inside of
//! the crate (`internals.md`). `glossary.md` defines the terms that these pages use.
//!
//! # Design
//!
//! ```text
//!  wasm bytes ──► module     decoded and validated, immutable
//!             ──► translate  one pass per function, lazily: instructions become cells
//!             ──► code       the instruction set, in one table; published code
//!             ──► execute    the handlers of cells, and the driver that runs them
//!                    │ reads and writes
//!                    ▼
//!                 stack      frames, stacks, the chain      heap   memories, tables,
//!                    ▲ reads                                       globals, the store
//!             ◄── walk       frames, backtraces, core dumps
//!             ──► restore    stores from core dumps that have everything
//!             ◄── api        Engine, Module, Store, Linker, Instance, Func …
//!                    ▲ uses only the public API
//!                  scheduler  executions of a store as threads
//!                  profiler   samples of stacks, as profiles
//!                  debug      the server for debuggers
//!                  wasi       WASI preview 1, with or without an operating system
//! ```
//!
//! The state of a running program is data: frames are explicit records on separate stacks,
//! linked by distances, and nothing that a program needs is on the native stack. Therefore, a
//! backtrace is a walk over those records, a call can be suspended anywhere ([`Execution`]) and
//! resumed later, and runaway recursion ends in a trap.
//!
//! `ids` contains the indices and identities of all that a store owns, `dwarf` the source lines of
//! modules, `support` utilities for all other modules. The documentation of each module states its
//! input, its output and its rules.
//!
//! # Features
//!
//! * `std` (default): validation in several threads, and `Module::from_file`. Without this
//!   feature, the crate requires only `alloc`.
//! * `cli` (default): the `backstitch` program.
//! * `validate` (default): validation and translation of modules. Without this feature, modules come from
//!   archives alone ([`Module::deserialize`]), and there are no snapshots that are restored, recordings,
//!   breakpoints, single steps and coverage.
//! * `wasi-core`: WASI preview 1 (`backstitch::wasi`) without an operating system.
//! * `wasi` (part of `cli`): WASI preview 1 with files, clocks and random numbers of the
//!   operating system.
//! * `simd` (default): vectors, by SIMD and relaxed SIMD.
//! * `wat`: [`Module::new`] also accepts the text format.
//! * `anyhow`: `?` converts errors to `anyhow::Error`.
//! * `demangle` (default): names of functions of Rust and C++ as their programmers wrote them, in backtraces.
//! * `dwarf` (default): source lines in backtraces ([`FrameInfo::symbols`], [`Symbolizer`]), from the
//!   debugging information of modules.
//! * `profiling` (part of `cli`): [`GuestProfiler`].
//! * `debug` (part of `cli`): the server for debuggers (`backstitch::debug`), without an operating
//!   system too.
//! * `copy-on-write` (default): forks share the pages of large memories on Linux.
//! * `small`: no fused cells, for targets with little flash memory.
//! * `profile`: [`Dispatch::Loop`] counts the executed cells; for development of this crate.
//! * `become`: the dispatch backend [`Dispatch::Become`], with guaranteed tail calls; requires
//!   a nightly compiler.

#![no_std]
// Much of the library serves the translator, and what needs it.
#![cfg_attr(not(feature = "validate"), allow(unused))]
#![cfg_attr(backstitch_become, feature(explicit_tail_calls, rust_preserve_none_cc))]
#![cfg_attr(backstitch_become, allow(incomplete_features))]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod api;
mod code;
#[cfg(feature = "debug")]
pub mod debug;
mod dwarf;
mod execute;
mod heap;
mod ids;
mod module;
#[cfg(feature = "validate")]
mod probe;
#[cfg(feature = "profiling")]
mod profiler;
#[cfg(feature = "validate")]
mod restore;
pub mod scheduler;
mod stack;
mod support;
mod translate;
mod walk;
#[cfg(feature = "wasi-core")]
pub mod wasi;

pub use api::*;
#[cfg(feature = "profiling")]
pub use profiler::GuestProfiler;

/// Compiles and runs the examples of the README with the doc tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// Compiles and runs the examples of the page on embedding with the doc tests.
#[cfg(doctest)]
#[doc = include_str!("../docs/embedding.md")]
struct Embedding;
