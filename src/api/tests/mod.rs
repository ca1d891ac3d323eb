//! The API as an embedder uses it. Modules are written as text.

mod collection;
mod continuations;
mod host;
mod linking;
mod movement;
mod objects;
mod running;
mod switching;
mod walking;

use super::*;
use crate::bail;
use alloc::format;
use alloc::string::String;

/// A module from text.
fn module(engine: &Engine, text: &str) -> Module {
    Module::new(engine, text).unwrap()
}

/// All that an error says, in one line.
fn full<T>(result: Result<T>) -> String {
    match result {
        Ok(_) => panic!("expected an error"),
        Err(error) => format!("{error:#}"),
    }
}

/// Asserts that an error says something.
#[track_caller]
fn says<T>(result: Result<T>, text: &str) {
    let error = full(result);
    assert!(error.contains(text), "{error:?} does not say {text:?}");
}
