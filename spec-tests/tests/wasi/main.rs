//! WASI preview 1: the behaviour of each function, each error number and each right, on every host.
//!
//! Most tests call the functions one by one, through a module that only re-exports them, and expect
//! the same results from the operating system and in memory. Others run whole programs with the
//! command.

#[path = "../command/mod.rs"]
mod command;
#[cfg(unix)]
mod copies;
mod descriptors;
mod deterministic;
#[cfg(target_os = "linux")]
mod endings;
mod examples;
mod files;
mod guest;
mod hostile;
mod minimal;
mod paths;
mod pointers;
mod polling;
mod process;
mod programs;
mod readdir;
mod rights;
mod running;
mod sandbox;
mod saved;
#[cfg(unix)]
mod streams;
mod suspension;
mod threads;
