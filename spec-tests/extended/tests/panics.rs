//! The traps and backtraces of the panics of `benches/workloads` are those of Wasmtime.

use backstitch::{Config, Engine, Instance, Module, Store, Trap, WasmBacktrace};
use spec_tests::engines::dispatches;
use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;

/// Returns an engine for each dispatch backend of this build.
fn engines() -> Vec<Engine> {
    let engine = |dispatch| {
        let mut config = Config::new();
        config
            .dispatch(dispatch)
            .wasm_backtrace_max_frames(NonZeroUsize::new(100_000));
        Engine::new(&config).expect("the backend is available")
    };
    dispatches().into_iter().map(engine).collect()
}

/// A frame: function index, module offset and name.
type Frame = (u32, Option<usize>, Option<String>);

#[test]
fn panics_show_the_frames_that_wasmtime_shows() {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../benches/workloads/wasm/panic.wasm");
    let bytes = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
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
