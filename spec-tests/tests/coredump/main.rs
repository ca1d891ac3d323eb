//! The contents of core dumps, as other readers find them. Tests are named by the rows of the
//! list of behaviours.
//!
//! ```text
//! cargo test -p spec-tests --test coredump
//! ```

mod continuations;
mod format;
mod parsed;
mod shop;
