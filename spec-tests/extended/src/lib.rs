//! The second tier of tests: those that need more than Rust and a few minutes.
//!
//! | test | needs |
//! |---|---|
//! | `differential`, `coredump`, `examples`, `panics` | Wasmtime, to compare with |
//! | `oracle` | the interpreter in `spec-tests/oracle`, and Wasmtime |
//! | `interleavings` | loom |
//! | `handlers` | the standard libraries of the targets whose machine code it reads |
//! | `inspect` | Chromium with a chromedriver, and Wasmtime |
//! | `gdb` | GDB |
//!
//! A test prints that it is skipped where its tool or target is missing. Everything that
//! needs nothing but Rust is in `spec-tests`, which `cargo test` runs by default.
//!
//! ```text
//! cargo test -p extended-tests
//! ```
