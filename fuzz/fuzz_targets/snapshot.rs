//! Any bytes as a snapshot of a program: they are refused, or restored, saved again and run.
//!
//! Give it a corpus of snapshots (`backstitch run --snapshot … --without-modules`) of the program in
//! `PROGRAM`: of random bytes, nearly none is a core dump.

#![no_main]

use backstitch::{Config, Engine, Linker, Module, Snapshot, SnapshotOptions, Store, WasmCoreDump};
use libfuzzer_sys::fuzz_target;
use std::cell::OnceCell;

const PROGRAM: &str = include_str!("snapshot.wat");

thread_local! {
    static PARTS: OnceCell<(Engine, Module)> = const { OnceCell::new() };
}

fn parts() -> (Engine, Module) {
    let engine = Engine::new(Config::new().consume_fuel(true)).expect("the engine exists");
    let module = Module::new(&engine, PROGRAM).expect("the program is valid");
    (engine, module)
}

fuzz_target!(|bytes: &[u8]| {
    PARTS.with(|cell| {
        let (engine, module) = cell.get_or_init(parts);
        let Ok(snapshot) = Snapshot::parse(bytes) else {
            return;
        };
        let modules = std::slice::from_ref(module);
        let linker = Linker::new(engine);
        let Ok(restored) = Store::restore(engine, &linker, modules, &snapshot, &mut ()) else {
            return;
        };
        let mut store = restored.store;
        WasmCoreDump::capture(&mut store).serialize(&mut store, "restored");
        let mut again = Vec::new();
        let _ = store.snapshot(&mut (), &mut again, &SnapshotOptions::new());
        for mut execution in restored.executions {
            store.set_fuel(1000).expect("the engine counts fuel");
            let _ = execution.resume(&mut store);
        }
        for instance in restored.instances {
            store.set_fuel(1000).expect("the engine counts fuel");
            if let Ok(main) = instance.get_typed_func::<i32, i32>(&mut store, "main") {
                let _ = main.call(&mut store, 3);
            }
        }
    });
});
