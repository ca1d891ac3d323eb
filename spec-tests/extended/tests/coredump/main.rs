//! Core dumps compared with Wasmtime's, and the values of frames compared with those that its
//! debugger shows. The names of the tests begin with rows of
//! the walk's contract.
//!
//! ```text
//! cargo test -p extended-tests --test coredump
//! BACKSTITCH_SITES=50000 cargo test --release -p extended-tests --test coredump oracle
//! BACKSTITCH_MOMENTS=20 cargo test --release -p extended-tests --test coredump reference
//! ```

mod countdown;
mod debugger;
mod generator;
mod oracle;
#[path = "../../../tests/coredump/parsed.rs"]
mod parsed;
// The differential test uses the rest of it.
#[allow(dead_code)]
#[path = "../differential/random.rs"]
mod random;
mod readers;
mod reference;
#[path = "../../../tests/coredump/shop.rs"]
mod shop;
mod subject;
