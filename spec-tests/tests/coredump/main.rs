//! Core dumps: what stands in them, against other readers and writers, and frame values,
//! against a debugger's. Tests are named by the rows of the list of behaviours.
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
// The differential test needs more of it.
#[allow(dead_code)]
#[path = "../differential/random.rs"]
mod random;
mod readers;
mod reference;
mod subject;
