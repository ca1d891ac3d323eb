//! WASI preview 1: what each function does, each error number, each right, on every host.
//!
//! The tests call the functions one by one, through a module that does nothing else, and with
//! the same expectations on the operating system and in memory.

mod descriptors;
mod deterministic;
mod files;
mod guest;
mod hostile;
mod minimal;
mod paths;
mod polling;
mod process;
mod readdir;
mod rights;
mod sandbox;
mod suspension;
