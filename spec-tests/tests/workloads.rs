//! The real programs of `benches/workloads` return the checksums that Wasmtime gives.

use backstitch::{Config, Engine, Instance, Module, Store};
use spec_tests::engines::dispatches;
use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../benches/workloads")
}

/// Returns the bytes of a workload's module.
fn bytes(name: &str) -> Vec<u8> {
    let path = folder().join("wasm").join(name).with_extension("wasm");
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Returns an engine for each dispatch backend of this build.
fn engines() -> Vec<Engine> {
    let engine =
        |dispatch| Engine::new(Config::new().dispatch(dispatch)).expect("the backend is available");
    dispatches().into_iter().map(engine).collect()
}

#[test]
fn checksums_are_those_of_wasmtime() {
    let path = folder().join("checksums.txt");
    let checksums = fs::read_to_string(path).expect("the checksums exist");
    let mut seen = BTreeSet::new();
    let mut lines = Vec::new();
    for line in checksums.lines().filter(|line| !line.starts_with('#')) {
        let [name, export, n, checksum] = line.split_whitespace().collect::<Vec<_>>()[..] else {
            panic!("not a checksum: {line}");
        };
        // The first line of each export has the argument for tests.
        if seen.insert((name, export)) {
            let n: i32 = n.parse().expect("n is a number");
            let checksum = u64::from_str_radix(checksum, 16).expect("hexadecimal");
            lines.push((name, export, n, checksum as i64));
        }
    }
    assert!(lines.len() > 40, "{} workloads", lines.len());
    let mut wrong = Vec::new();
    for engine in engines() {
        for &(name, export, n, expected) in &lines {
            let module = Module::new(&engine, bytes(name)).unwrap();
            let mut store = Store::new(&engine, ());
            let instance = Instance::new(&mut store, &module, &[]).unwrap();
            let func = instance
                .get_typed_func::<i32, i64>(&mut store, export)
                .unwrap();
            match func.call(&mut store, n) {
                Ok(found) if found == expected => {}
                other => wrong.push(format!("{name} {export} {n}: {other:x?}, not {expected:x}")),
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
