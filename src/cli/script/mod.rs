//! Test scripts (`.wast`), in which WebAssembly's specification keeps its tests.
//!
//! In: a script's text, and a [`Driver`] that says in which engine its modules
//! are made and how its calls are carried out. Out: a [`Report`] of the
//! assertions that held, those that did not with line and reason, and those
//! that were skipped with the whole file.
//!
//! ```text
//! text ──► runner ──► driver ──► engine
//!            │  ▲ spectest: what scripts may import
//!            │  ├ expectation: values, and patterns of them
//!            │  ├ message: the specification's words for a trap
//!            │  └ older: rules that scripts of an earlier time still have
//!            ▼
//!          report
//! ```
//!
//! What must never be: a directive that cannot be carried out counted as passed;
//! a directive that fails, or panics, keeping the next from being run.
//!
//! # Why is this included by path?
//!
//! The command line and the `spec-tests` crate run scripts alike, and a test
//! script's runner is no part of a runtime's library. So this folder uses the
//! library's public interface only, and refers to itself by `super`.

pub mod driver;
mod expectation;
mod message;
mod older;
mod report;
mod runner;
mod spectest;

pub use driver::Driver;
pub use report::{Failure, Report};
pub use runner::run;
pub use spectest::Host;
