//! Reading core dumps: `CoreDump::parse` and `backstitch inspect`.
//!
//! ```text
//! cargo test -p spec-tests --test inspect
//! ```

mod chain;
#[path = "../command/mod.rs"]
mod command;
mod command_line;
mod debug_files;
// The tests of the page use the rest of it.
#[allow(dead_code)]
mod fixtures;
mod objects;
mod source_text;
mod sources;
mod text;
mod variables;
mod vectors;
