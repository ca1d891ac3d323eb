//! Backtraces of programs with debugging information, compared with Wasmtime's (D1).
//!
//! `spec-tests/dwarf` has programs in C, C++ and Rust, built in several ways. Their argument selects a
//! trap.

use spec_tests::debug_info;
use std::fs;

/// A function and its position, as an engine prints them.
type Symbol = (Option<String>, Option<String>, Option<u32>, Option<u32>);

/// A backtrace: the symbols of each frame, and the text.
type Seen = (Vec<Vec<Symbol>>, String);

/// Implements `$name`, which calls `run` and returns the backtrace of its trap. The engines have the
/// same API.
macro_rules! backtrace {
    ($name:ident, $engine:ident $(, $configure:expr)?) => {
        fn $name(wasm: &[u8], kind: i32) -> Option<Seen> {
            use $engine::{
                Config, Engine, Instance, Module, Store, WasmBacktrace, WasmBacktraceDetails,
            };

            let mut config = Config::new();
            config.wasm_backtrace_details(WasmBacktraceDetails::Enable);
            $($configure(&mut config);)?
            let engine = Engine::new(&config).unwrap();
            let module = Module::new(&engine, wasm).unwrap();
            let mut store = Store::new(&engine, ());
            let instance = Instance::new(&mut store, &module, &[]).unwrap();
            let run = instance
                .get_typed_func::<i32, i32>(&mut store, "run")
                .unwrap();
            let error = run.call(&mut store, kind).err()?;
            let backtrace = error.downcast_ref::<WasmBacktrace>().unwrap();
            let symbols = backtrace.frames().iter().map(|frame| {
                let symbols = frame.symbols().iter().map(|symbol| {
                    (
                        symbol.name().map(str::to_string),
                        symbol.file().map(str::to_string),
                        symbol.line(),
                        symbol.column(),
                    )
                });
                symbols.collect()
            });
            Some((symbols.collect(), backtrace.to_string()))
        }
    };
}

backtrace!(ours, backstitch);
// Optimised code takes a branch over `unreachable` for the trap.
backtrace!(wasmtimes, wasmtime, |config: &mut Config| {
    config.cranelift_opt_level(wasmtime::OptLevel::None);
});

#[test]
fn backtraces_have_the_source_lines_of_wasmtimes() {
    let (mut traps, mut inlined) = (0, 0);
    for program in debug_info::modules() {
        let wasm = fs::read(&program).unwrap();
        let mut traps_here = 0;
        for kind in 0..7 {
            let (ours, theirs) = (ours(&wasm, kind), wasmtimes(&wasm, kind));
            assert_eq!(ours, theirs, "{}, {kind}", program.display());
            let Some((frames, _)) = ours else {
                continue;
            };
            assert!(frames.iter().any(|symbols| !symbols.is_empty()));
            traps_here += 1;
            inlined += frames.iter().filter(|symbols| symbols.len() > 1).count();
        }
        assert!(traps_here >= 1, "{}: {traps_here} traps", program.display());
        traps += traps_here;
    }
    assert!(
        traps >= 35 && inlined >= 25,
        "{traps} traps, {inlined} frames with inlined functions"
    );
}
