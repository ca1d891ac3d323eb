//! Test scripts (`.wast`), the format of WebAssembly's specification tests.
//!
//! Input: a script's text, and a [`Driver`] that provides an engine for the script's modules and
//! executes its calls. Output: a [`Report`] with the number of assertions that held, the failures
//! with line and reason, and the number of assertions that were skipped with the whole file.
//!
//! ```text
//! text ──► runner ──► driver ──► engine
//!            │  ▲ spectest: the module that scripts import
//!            │  ├ expectation: values, and patterns of them
//!            │  │ └ vector: those of vectors, by lanes
//!            │  ├ thread: threads of a script
//!            │  ├ flat: legacy `try`s in their flat form
//!            │  ├ message: the specification's error messages
//!            │  └ older: rules that only older scripts have
//!            ▼
//!          report
//! ```
//!
//! Never allowed: a directive that cannot be executed but counts as passed; a directive that
//! fails or panics and prevents the next one from running.
//!
//! # Why is this included by path?
//!
//! The command line and the `spec-tests` crate run scripts in the same way, and the runner does
//! not belong in a runtime's library. This folder therefore uses only the library's public
//! interface, and refers to itself by `super`.

pub mod driver;
mod expectation;
mod flat;
mod message;
mod older;
mod report;
mod runner;
mod spectest;
mod thread;
mod vector;

pub use driver::Driver;
pub use flat::Flat;
pub use report::{Failure, Report};
pub use runner::run;
pub use spectest::Host;
