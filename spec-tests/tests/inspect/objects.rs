//! Objects in the output of `inspect`, and heap snapshots.

use crate::command::{Run, backstitch, file};
use crate::fixtures::{Writer, dump, long_list, orders, ours};
use backstitch::{Engine, Instance, Module, Store};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};

fn path(path: &Path) -> String {
    path.to_str().expect("the path is text").to_string()
}

/// Writes the dump of the orders, and their module.
fn files(name: &str) -> [PathBuf; 2] {
    let module = orders();
    [
        file(&format!("objects/{name}.core"), ours(&module, "orders.wasm")),
        file(&format!("objects/{name}.wasm"), module),
    ]
}

/// Runs `inspect` on the dump of the orders.
fn inspect(arguments: &[&str]) -> Run {
    let [dump, module] = files(&arguments.join("").replace('-', ""));
    let (dump, module) = (path(&dump), path(&module));
    backstitch([&["inspect", &dump, "--module", &module], arguments].concat())
}

fn json(arguments: &[&str]) -> Value {
    let run = inspect(arguments);
    assert_eq!(run.code, Some(0), "{}", run.err);
    serde_json::from_str(&run.out).expect("the output is JSON")
}

#[test]
fn c18_objects_by_type() {
    inspect(&["--objects"]).expect(0, "TYPES");
}

#[test]
fn c18_an_object_with_its_fields_and_referrers() {
    inspect(&["--object", "0"]).expect(0, "OBJECT");
    inspect(&["--object", "4"]).expect(0, "TEXT");
}
