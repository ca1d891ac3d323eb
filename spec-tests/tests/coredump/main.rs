//! Core dumps. The contents are compared with those of other readers and writers, and frame values
//! with those of a debugger. The names of the tests begin with rows of the walk's contract.
//!
//! ```text
//! cargo test -p spec-tests --test coredump
//! BACKSTITCH_SITES=50000 cargo test --release -p spec-tests --test coredump oracle
//! ```

mod continuations;
mod countdown;
mod debugger;
mod format;
mod generator;
mod oracle;
// Some of its functions are used by the differential test only.
#[allow(dead_code)]
#[path = "../differential/random.rs"]
mod random;
mod readers;
mod reference;
mod subject;
