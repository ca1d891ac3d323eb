//! Tests of the API as an embedder uses it, with modules in the text format.

mod archives;
mod collection;
mod compatibility;
mod continuations;
mod debugging;
mod dumps;
mod forks;
mod fuel;
mod heap;
mod host;
mod host_objects;
mod host_roots;
mod linking;
mod movement;
mod objects;
mod pauses;
mod preinit;
mod running;
mod snapshots;
mod switching;
#[cfg(backstitch_threads)]
mod threads;
mod timelines;
#[cfg(feature = "simd")]
mod vectors;
mod walking;

use super::*;
use crate::bail;
use alloc::format;
use alloc::string::String;

/// Makes a module from text.
fn module(engine: &Engine, text: &str) -> Module {
    Module::new(engine, text).unwrap()
}

/// Returns an error with all its contexts, in one line.
fn full<T>(result: Result<T>) -> String {
    match result {
        Ok(_) => panic!("expected an error"),
        Err(error) => format!("{error:#}"),
    }
}

/// Asserts that an error contains a text.
#[track_caller]
fn says<T>(result: Result<T>, text: &str) {
    let error = full(result);
    assert!(error.contains(text), "{error:?} does not say {text:?}");
}
