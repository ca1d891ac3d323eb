//! The debug server: its packets, by a client of its own; hostile clients; and sessions with LLDB and with
//! `lldb-dap`, the adapter for VS Code.
//!
//! ```text
//! cargo test -p spec-tests --test debug
//! ```

mod client;
#[path = "../command/mod.rs"]
#[allow(dead_code)]
mod command;
mod dap;
mod dumps;
#[path = "../inspect/fixtures.rs"]
#[allow(dead_code)]
mod fixtures;
mod hostile;
mod live;
mod lldb;
mod running;
mod vscode;
