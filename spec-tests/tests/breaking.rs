//! Cases on which interpreters tend to fail, with every dispatch backend and compilation mode.

#[path = "breaking/backtraces.rs"]
mod backtraces;
#[path = "breaking/bulk.rs"]
mod bulk;
#[path = "breaking/calls.rs"]
mod calls;
#[path = "breaking/common.rs"]
mod common;
#[path = "breaking/frames.rs"]
mod frames;
#[path = "breaking/fuel.rs"]
mod fuel;
#[path = "breaking/hooks.rs"]
mod hooks;
#[path = "breaking/host.rs"]
mod host;
#[path = "breaking/limits.rs"]
mod limits;
#[path = "breaking/suspension.rs"]
mod suspension;
