//! The interface of all compared runtimes, and the list of those that are compiled in.
//!
//! Each runtime has a cargo feature of its own, so that one that does not build on a machine only
//! loses its column. All runtimes have their default configuration, because this is what an
//! embedder gets.

use std::any::Any;
use std::fmt;
use std::time::Duration;

use anyhow::{Result, bail};

use crate::value::Value;

#[macro_use]
mod guest;

#[cfg(feature = "backstitch")]
mod backstitch;
#[cfg(feature = "stitch")]
mod stitch;
#[cfg(feature = "tinywasm")]
mod tinywasm;
#[cfg(feature = "wamr")]
mod wamr;
#[cfg(feature = "wasm3")]
mod wasm3;
#[cfg(feature = "wasmi")]
mod wasmi;
#[cfg(feature = "wasmtime")]
mod wasmtime;

/// Key of the runtime that all others are divided by.
pub const BASELINE: &str = "wasmi";

/// Key of this project's runtime.
pub const BACKSTITCH: &str = "backstitch";

/// A compared runtime.
pub trait Runtime {
    /// Returns the name for `--runtimes` and for the head of the column.
    fn key(&self) -> &'static str;

    /// Returns the name, the version, and properties of the build that affect its speed.
    fn version(&self) -> String;

    /// Instantiates a module, with [`crate::host`]'s function as import, ready for calls.
    ///
    /// If the runtime does not support a module, the error becomes a footnote.
    fn load(&self, bytes: &[u8]) -> Result<Box<dyn Loaded>>;

    /// Returns whether tasks are first tried in another process; see [`crate::probe`]. This takes
    /// time, and is not necessary for reliable runtimes.
    fn is_probed(&self) -> bool {
        true
    }

    /// Returns the modes in which the runtime can compile a module.
    fn modes(&self) -> &'static [Mode];

    /// Compiles a module in one of [`Runtime::modes`] and returns the time taken. The time excludes
    /// creating the engine and freeing everything.
    fn start_up(&self, bytes: &[u8], mode: Mode) -> Result<Duration>;

    /// Creates `count` objects from one module and keeps them alive, to measure their memory.
    fn hold(&self, _bytes: &[u8], _what: Held, _count: usize) -> Result<Box<dyn Any>> {
        bail!("memory is not measured");
    }
}

/// Kind of object that [`Runtime::hold`] creates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Held {
    /// Validated modules, each in an engine of its own.
    Validated,
    /// Validated and translated modules, each in an engine of its own.
    Translated,
    /// Instances of one module, each in a store of its own, that have not been called.
    Instances,
}

/// An instantiated module.
pub trait Loaded {
    /// Calls an export that returns one value.
    fn call(&mut self, export: &str, arguments: &[Value]) -> Result<Value>;

    /// Calls an export of type `(i32) -> i32` `count` times, each time with the last result, in the
    /// fastest way of the runtime's API.
    fn call_repeatedly(&mut self, export: &str, count: u32) -> Result<i32>;
}

/// Time of validation and translation. The names are those of wasmi, which has all three modes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
// Only wasmi and Backstitch have all three modes.
#[cfg_attr(not(any(feature = "backstitch", feature = "wasmi")), allow(dead_code))]
pub enum Mode {
    /// Everything is validated at once; a function is translated at its first call.
    Default,
    /// A function is validated and translated at its first call.
    Lazy,
    /// Everything is validated and translated at once.
    Eager,
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Default => "default",
            Self::Lazy => "lazy",
            Self::Eager => "eager",
        })
    }
}

/// Returns all runtimes that are compiled in, in the order of the columns.
pub fn all() -> Result<Vec<Box<dyn Runtime>>> {
    Ok(vec![
        #[cfg(feature = "wasmi")]
        Box::new(wasmi::Wasmi),
        #[cfg(feature = "backstitch")]
        Box::new(backstitch::Backstitch::new()),
        #[cfg(feature = "stitch")]
        Box::new(stitch::Stitch),
        #[cfg(feature = "wasm3")]
        Box::new(wasm3::Wasm3),
        #[cfg(feature = "wamr")]
        Box::new(wamr::Wamr::new()?),
        #[cfg(feature = "tinywasm")]
        Box::new(tinywasm::Tinywasm),
        #[cfg(feature = "wasmtime")]
        Box::new(wasmtime::Wasmtime::pulley()?),
        #[cfg(feature = "wasmtime")]
        Box::new(wasmtime::Wasmtime::cranelift()?),
    ])
}

/// Returns the runtimes that are compiled in and support objects. Those with two collectors, or one
/// that can be switched off, are also there without collections.
pub fn with_objects() -> Result<Vec<Box<dyn Runtime>>> {
    Ok(vec![
        #[cfg(feature = "backstitch")]
        Box::new(backstitch::Backstitch::new()),
        #[cfg(feature = "backstitch")]
        Box::new(backstitch::Backstitch::without_collections()),
        #[cfg(all(feature = "wamr", feature = "gc"))]
        Box::new(wamr::Wamr::new()?),
        #[cfg(feature = "tinywasm")]
        Box::new(tinywasm::Tinywasm),
        #[cfg(feature = "wasmtime")]
        Box::new(wasmtime::Wasmtime::pulley()?),
        #[cfg(feature = "wasmtime")]
        Box::new(wasmtime::Wasmtime::pulley_without_collections()?),
        #[cfg(feature = "wasmtime")]
        Box::new(wasmtime::Wasmtime::cranelift()?),
        #[cfg(feature = "wasmtime")]
        Box::new(wasmtime::Wasmtime::cranelift_without_collections()?),
    ])
}

/// Returns all runtimes that are compiled in, in all their variants.
pub fn every() -> Result<Vec<Box<dyn Runtime>>> {
    let mut every = all()?;
    for runtime in with_objects()? {
        if every.iter().all(|other| other.key() != runtime.key()) {
            every.push(runtime);
        }
    }
    Ok(every)
}
