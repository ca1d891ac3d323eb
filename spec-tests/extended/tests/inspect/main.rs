//! The page that `backstitch inspect --html` writes, in headless Chromium; heap snapshots in
//! Chrome's developer tools; and the dump of Wasmtime's that the tests of `inspect` read.
//!
//! ```text
//! cargo test -p extended-tests --test inspect
//! ```

mod browser;
#[path = "../../../tests/command/mod.rs"]
#[allow(dead_code)]
mod command;
#[path = "../../../tests/inspect/fixtures.rs"]
#[allow(dead_code)]
mod fixtures;
mod page;
mod reference;
mod snapshot;
