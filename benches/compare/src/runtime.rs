//! What every runtime under comparison can do, and the list of those compiled in.
//!
//! Each runtime sits behind a cargo feature of its own, so one that does not build on some machine
//! costs only its column. All are used in their default configuration: what is compared is what an
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
#[cfg(feature = "wamr")]
mod wamr;
#[cfg(feature = "wasm3")]
mod wasm3;
#[cfg(feature = "wasmi")]
mod wasmi;
#[cfg(feature = "wasmtime")]
mod wasmtime;

/// The key of the runtime that all others are divided by.
pub const BASELINE: &str = "wasmi";

/// The key of the runtime that this is all about.
pub const BACKSTITCH: &str = "backstitch";

/// One runtime under comparison.
pub trait Runtime {
    /// What `--runtimes` calls it, and the head of its column.
    fn key(&self) -> &'static str;

    /// Name, version and whatever of its build decides its speed, for the header.
    fn version(&self) -> String;

    /// Instantiates a module, with [`crate::host`]'s function to import, ready to be called.
    ///
    /// An error is how a runtime says that it does not support a module: the message becomes a
    /// footnote.
    fn load(&self, bytes: &[u8]) -> Result<Box<dyn Loaded>>;

    /// Whether a task is tried in another process first; see [`crate::probe`]. That takes time, and
    /// some runtimes have earned trust.
    fn is_probed(&self) -> bool {
        true
    }

    /// The ways in which it can make a module ready.
    fn modes(&self) -> &'static [Mode];

    /// Makes a module ready in one of [`Runtime::modes`], and says how long that took, without
    /// making the engine before it and freeing everything after it.
    fn start_up(&self, bytes: &[u8], mode: Mode) -> Result<Duration>;

    /// Makes so many of something out of one module, and keeps them: to see what memory they take.
    fn hold(&self, _bytes: &[u8], _what: Held, _count: usize) -> Result<Box<dyn Any>> {
        bail!("its memory is not measured");
    }
}

/// What [`Runtime::hold`] makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Held {
    /// Modules that are validated, in engines of their own.
    Validated,
    /// Modules that are translated too.
    Translated,
    /// Instances of one module, in stores of their own, that have not been called.
    Instances,
}

/// An instantiated module.
pub trait Loaded {
    /// Calls an export that returns one value.
    fn call(&mut self, export: &str, arguments: &[Value]) -> Result<Value>;

    /// Calls an export of type `(i32) -> i32` `count` times, each time with the result of the time
    /// before, through the fastest call that the runtime's API has.
    fn call_repeatedly(&mut self, export: &str, count: u32) -> Result<i32>;
}

/// When a runtime validates and translates a module. Names are wasmi's, as it has all three.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
// Only wasmi and Backstitch have all three.
#[cfg_attr(not(any(feature = "backstitch", feature = "wasmi")), allow(dead_code))]
pub enum Mode {
    /// Everything is validated at once; a function is translated when it is first called.
    Default,
    /// A function is validated and translated when it is first called.
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

/// All runtimes compiled in, in the order of their columns.
pub fn all() -> Result<Vec<Box<dyn Runtime>>> {
    Ok(vec![
        #[cfg(feature = "wasmi")]
        Box::new(wasmi::Wasmi),
        #[cfg(feature = "backstitch")]
        Box::new(backstitch::Backstitch),
        #[cfg(feature = "stitch")]
        Box::new(stitch::Stitch),
        #[cfg(feature = "wasm3")]
        Box::new(wasm3::Wasm3),
        #[cfg(feature = "wamr")]
        Box::new(wamr::Wamr::new()?),
        #[cfg(feature = "wasmtime")]
        Box::new(wasmtime::Wasmtime::pulley()?),
        #[cfg(feature = "wasmtime")]
        Box::new(wasmtime::Wasmtime::cranelift()?),
    ])
}
