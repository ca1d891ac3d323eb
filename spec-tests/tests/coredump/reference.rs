//! Wasmtime's dumps of the same traps, of real programs.
//!
//! Its writer's known defects are left out of the comparison: it has no locals and operands,
//! takes a module's last instance for that of every frame, and drops the end of a memory
//! that is no multiple of its chunks.

use super::format::{Parsed, parse};
use super::subject::dispatches;
use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;

/// Programs, and the calls that trap in them.
const TRAPS: &[(&str, &str, &[i32])] = &[("panic", "panic", &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10])];

fn program(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../benches/workloads/wasm");
    fs::read(folder.join(name).with_extension("wasm")).expect("the workload is there")
}

#[test]
fn c13_dumps_are_those_of_wasmtime() {
    let mut compared = 0;
    for &(name, export, arguments) in TRAPS {
        let bytes = program(name);
        let expected = reference(&bytes, export, arguments);
        for dispatch in dispatches() {
            let mut config = backstitch::Config::new();
            config.dispatch(dispatch).coredump_on_trap(true);
            let engine = backstitch::Engine::new(&config).unwrap();
            let module = backstitch::Module::new(&engine, &bytes).unwrap();
            for (argument, expected) in arguments.iter().zip(&expected) {
                let mut store = backstitch::Store::new(&engine, ());
                let instance = backstitch::Instance::new(&mut store, &module, &[]).unwrap();
                let call = instance
                    .get_typed_func::<i32, i64>(&mut store, export)
                    .unwrap();
                let error = call.call(&mut store, *argument).unwrap_err();
                let dump = error.downcast_ref::<backstitch::WasmCoreDump>().unwrap();
                let found = parse(&dump.serialize(&mut store, name));
                compare(&found, expected, &format!("{name} {export}({argument})"));
                compared += 1;
            }
        }
    }
    println!("{compared} dumps compared");
}

fn compare(found: &Parsed, expected: &Parsed, name: &str) {
    assert_eq!(found.name, expected.name, "{name}");
    assert_eq!(found.modules, expected.modules, "{name}");
    assert_eq!(found.instances, expected.instances, "{name}");
    assert_eq!(found.globals, expected.globals, "{name}");
    type Frames = Vec<(u32, u32, u32)>;
    let frames = |parsed: &Parsed| -> Vec<(String, Frames)> {
        let frame =
            |frame: &super::format::ParsedFrame| (frame.instance, frame.function, frame.offset);
        let stack =
            |(name, frames): &(String, Vec<_>)| (name.clone(), frames.iter().map(frame).collect());
        parsed.stacks.iter().map(stack).collect()
    };
    assert_eq!(frames(found), frames(expected), "{name}");
    for (index, (found, expected)) in found.memories.iter().zip(&expected.memories).enumerate() {
        assert_eq!(found.len(), expected.len(), "{name}: memory {index}");
        let differs = found.iter().zip(expected).position(|(a, b)| a != b);
        assert_eq!(differs, None, "{name}: memory {index}");
    }
    // Chunks that touch are written as one.
    assert!(found.segments <= expected.segments, "{name}");
}

fn reference(bytes: &[u8], export: &str, arguments: &[i32]) -> Vec<Parsed> {
    use wasmtime::{Config, Engine, Instance, Module, OptLevel, Store, WasmCoreDump};
    let mut config = Config::new();
    config
        .coredump_on_trap(true)
        .cranelift_opt_level(OptLevel::None)
        .wasm_backtrace_max_frames(NonZeroUsize::new(100_000));
    let engine = Engine::new(&config).unwrap();
    let module = Module::new(&engine, bytes).unwrap();
    let dump = |&argument: &i32| {
        let mut store = Store::new(&engine, ());
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        let call = instance
            .get_typed_func::<i32, i64>(&mut store, export)
            .unwrap();
        let error = call.call(&mut store, argument).unwrap_err();
        let dump = error.downcast_ref::<WasmCoreDump>().unwrap();
        parse(&dump.serialize(&mut store, "panic"))
    };
    arguments.iter().map(dump).collect()
}
