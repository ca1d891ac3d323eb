//! The dump of Wasmtime's that `inspect` is tested with is what Wasmtime writes.

use crate::fixtures::{BY_WASMTIME, shop};
use std::env;
use std::fs;
use std::path::Path;
use wasmtime::{Config, Engine, Instance, Module, Store, WasmCoreDump};

/// The file of [`BY_WASMTIME`].
const FILE: &str = "../tests/inspect/by_wasmtime.coredump";

/// With `BLESS` set, the file is written instead.
#[test]
fn the_committed_dump_is_wasmtimes() {
    let written = by_wasmtime();
    if env::var_os("BLESS").is_some() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(FILE);
        fs::write(path, &written).expect("the file can be written");
        return;
    }
    assert!(written == BY_WASMTIME, "the dump differs: run with BLESS=1");
}

/// The dump that Wasmtime writes of the shop's trap.
fn by_wasmtime() -> Vec<u8> {
    let mut config = Config::new();
    let engine = Engine::new(config.coredump_on_trap(true)).expect("an engine can be had");
    let module = Module::new(&engine, shop()).expect("the shop is valid");
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[]).expect("it has no imports");
    let main = instance.get_typed_func::<(), i32>(&mut store, "main");
    let main = main.expect("it is exported");
    let error = main.call(&mut store, ()).expect_err("it traps");
    let dump = error.downcast_ref::<WasmCoreDump>();
    dump.expect("dumps are configured")
        .serialize(&mut store, "shop.wasm")
}
