//! Reading core dumps: `CoreDump::parse`, `backstitch inspect` and its page.
//!
//! ```text
//! cargo test -p spec-tests --test inspect
//! cargo test -p spec-tests --test inspect -- page       the page, in headless Chromium
//! ```

mod browser;
mod chain;
#[path = "../command/mod.rs"]
mod command;
mod command_line;
mod fixtures;
mod page;
mod readme;
mod text;
