//! Workloads from `benches/workloads`: their checksums, and the backtraces of their panics, must be
//! those of Wasmtime.

use backstitch::{Config, Dispatch, Engine, Instance, Module, Store, Trap, WasmBacktrace};
use std::collections::BTreeSet;
use std::fs;
use std::num::NonZeroUsize;
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
    let mut dispatches = vec![Dispatch::best()];
    if !dispatches.contains(&Dispatch::Loop) {
        dispatches.push(Dispatch::Loop);
    }
    let engine = |dispatch| {
        let mut config = Config::new();
        config
            .dispatch(dispatch)
            .wasm_backtrace_max_frames(NonZeroUsize::new(100_000));
        Engine::new(&config).expect("the backend is available")
    };
    dispatches.into_iter().map(engine).collect()
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

/// A frame: function index, module offset and name.
type Frame = (u32, Option<usize>, Option<String>);

#[test]
fn panics_show_the_frames_that_wasmtime_shows() {
    let bytes = bytes("panic");
    assert!(bytes.len() > 900_000);
    let expected = reference_panics(&bytes);
    let depths: Vec<usize> = expected.iter().map(|(_, frames)| frames.len()).collect();
    assert!(depths.iter().all(|&depth| depth > 20), "{depths:?}");
    for engine in engines() {
        let module = Module::new(&engine, &bytes).unwrap();
        for (fault, (trap, frames)) in expected.iter().enumerate() {
            let mut store = Store::new(&engine, ());
            let instance = Instance::new(&mut store, &module, &[]).unwrap();
            let panic = instance
                .get_typed_func::<i32, i64>(&mut store, "panic")
                .unwrap();
            let error = panic.call(&mut store, fault as i32).unwrap_err();
            let found = error.downcast_ref::<Trap>().expect("the call traps");
            assert_eq!(format!("{found:?}"), *trap, "fault {fault}");
            let backtrace = error
                .downcast_ref::<WasmBacktrace>()
                .expect("with a backtrace");
            let found: Vec<Frame> = backtrace
                .frames()
                .iter()
                .map(|frame| {
                    let name = frame.func_name().map(String::from);
                    (frame.func_index(), frame.module_offset(), name)
                })
                .collect();
            assert_eq!(found, *frames, "fault {fault}");
        }
    }
}

/// Returns the trap and the frames of each fault in Wasmtime.
fn reference_panics(bytes: &[u8]) -> Vec<(String, Vec<Frame>)> {
    use wasmtime::{Config, Engine, Instance, Module, OptLevel, Store, Trap, WasmBacktrace};
    let mut config = Config::new();
    config
        .cranelift_opt_level(OptLevel::None)
        .wasm_backtrace_max_frames(NonZeroUsize::new(100_000));
    let engine = Engine::new(&config).unwrap();
    let module = Module::new(&engine, bytes).unwrap();
    let mut store = Store::new(&engine, ());
    let faults = 0..=10;
    faults
        .map(|fault| {
            let instance = Instance::new(&mut store, &module, &[]).unwrap();
            let panic = instance
                .get_typed_func::<i32, i64>(&mut store, "panic")
                .unwrap();
            let error = panic.call(&mut store, fault).unwrap_err();
            let trap = format!("{:?}", error.downcast_ref::<Trap>().unwrap());
            let backtrace = error.downcast_ref::<WasmBacktrace>().unwrap();
            let frame = |frame: &wasmtime::FrameInfo| {
                let name = frame.func_name().map(String::from);
                (frame.func_index(), frame.module_offset(), name)
            };
            (trap, backtrace.frames().iter().map(frame).collect())
        })
        .collect()
}
