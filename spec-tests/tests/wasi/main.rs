//! WASI preview 1: what each function does, each error number, each right, on every host.
//!
//! The tests call the functions one by one, through a module that does nothing else, and with
//! the same expectations on the operating system and in memory. Programs run through the
//! command.

#[path = "../command/mod.rs"]
mod command;
mod descriptors;
mod deterministic;
mod examples;
mod files;
mod guest;
mod hostile;
mod minimal;
mod paths;
mod polling;
mod process;
mod programs;
mod readdir;
mod rights;
mod running;
mod sandbox;
mod suspension;
