//! The contents of core dumps, as other readers find them. The names of the tests begin with rows of
//! the walk's contract.
//!
//! ```text
//! cargo test -p spec-tests --test coredump
//! ```

mod continuations;
mod format;
mod objects;
mod parsed;
mod shop;
mod threads;
mod vectors;
