//! With the deterministic host, a run depends only on the program, its input and the seed.

use backstitch::wasi::{
    self, Deterministic, Errno, MemoryDirectory, MemoryOutputPipe, ScriptedInput, WasiCtx,
    WasiCtxBuilder,
};
use backstitch::{Config, Dispatch, Engine, Linker, Module, Store};
use std::sync::{Arc, Mutex};

/// Reads its input, the clock and random bytes in turn, writes all of them to its output and to a
/// file, and computes in between.
const PROGRAM: &str = r#"
(module
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "clock_time_get"
    (func $clock (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "poll_oneoff"
    (func $poll (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_open"
    (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\40\00\00\00\20\00\00\00")
  (data (i32.const 32) "log")
  (func $work (param i32)
    (loop (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
  (func (export "_start") (local i32)
    (drop (call $open (i32.const 3) (i32.const 0) (i32.const 32) (i32.const 3) (i32.const 1)
      (i64.const 64) (i64.const 0) (i32.const 1) (i32.const 16)))
    (loop $again
      (call $work (i32.const 1000))
      (drop (call $clock (i32.const 0) (i64.const 1) (i32.const 64)))
      (call $work (i32.const 10))
      (drop (call $clock (i32.const 1) (i64.const 1) (i32.const 72)))
      (drop (call $random (i32.const 80) (i32.const 5)))
      (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
      (drop (call $write (i32.load (i32.const 16)) (i32.const 0) (i32.const 1) (i32.const 8)))
      (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))
      (br_if $again (i32.load (i32.const 8))))))"#;

/// Observable results of a run.
#[derive(Debug, PartialEq, Eq)]
struct Run {
    output: Vec<u8>,
    file: Vec<u8>,
    trace: Vec<String>,
    fuel: Option<u64>,
}

fn run(seed: u64, dispatch: Dispatch, fuel: bool) -> Run {
    let mut config = Config::new();
    config.consume_fuel(fuel).dispatch(dispatch);
    let engine = Engine::new(&config).expect("the backend is available");
    let module = Module::new(&engine, PROGRAM).expect("the program is valid");
    let mut linker: Linker<WasiCtx> = Linker::new(&engine);
    wasi::add_to_linker(&mut linker, |ctx| ctx).expect("no import is defined twice");

    let host = Deterministic::new(seed);
    let files = MemoryDirectory::new(host.time());
    let script = ScriptedInput::new(
        host.time(),
        [(0, &b"first"[..]), (2_000_000_000, b"later"), (5, b"last")],
    );
    let output = MemoryOutputPipe::new(1 << 16);
    let trace = Arc::new(Mutex::new(Vec::new()));
    let calls = Arc::clone(&trace);
    let ctx = WasiCtxBuilder::with_host(host)
        .stdin(script)
        .stdout(output.clone())
        .preopen(files.clone(), ".")
        .trace(move |call| calls.lock().unwrap().push(format!("{call:?}")))
        .build();
    let mut store = Store::new(&engine, ctx);
    if fuel {
        store.set_fuel(1 << 40).expect("fuel is counted");
    }
    let instance = linker
        .instantiate(&mut store, &module)
        .expect("an instance");
    let start = instance
        .get_typed_func::<(), ()>(&mut store, "_start")
        .expect("an entry");
    start.call(&mut store, ()).expect("the program ends");
    Run {
        output: output.contents(),
        file: files.read("log").expect("the program writes it"),
        trace: std::mem::take(&mut trace.lock().unwrap()),
        fuel: store.fuel_spent(),
    }
}

#[test]
fn runs_are_reproducible() {
    for fuel in [true, false] {
        let first = run(7, Dispatch::best(), fuel);
        assert_eq!(first.output.len(), 4 * 32);
        assert_eq!(first.output, first.file);
        assert_eq!(first.trace.len(), 1 + 4 * 6 - 1 + 1);
        assert_eq!(first.fuel.is_some(), fuel);
        assert_eq!(run(7, Dispatch::best(), fuel), first);
        assert_eq!(run(7, Dispatch::Loop, fuel), first);
        let other = run(8, Dispatch::best(), fuel);
        assert_ne!(other.output, first.output);
        assert_eq!(other.fuel, first.fuel);
    }
}

/// A run gives the same values on every target, so they can be written down.
#[test]
fn a_run_gives_the_expected_values() {
    let run = run(7, Dispatch::best(), true);
    let long = |at: usize| u64::from_le_bytes(run.output[at..at + 8].try_into().unwrap());
    let epoch = 946_684_800_000_000_000;
    let times: Vec<_> = (0..4)
        .map(|round| (long(32 * round) - epoch, long(32 * round + 8)))
        .collect();
    // Each instruction takes a nanosecond, and two seconds pass while the program waits for input.
    assert_eq!(
        times,
        [
            (5_018, 5_075),
            (10_104, 10_161),
            (2_000_005_010, 2_000_005_067),
            (2_000_010_096, 2_000_010_153),
        ]
    );
    assert_eq!(run.fuel, Some(20_355));
}

#[test]
fn files_in_memory_are_bounded() {
    let host = Deterministic::new(1);
    let files = MemoryDirectory::with_capacity(host.time(), 10_000);
    assert_eq!(files.write("large", vec![0; 10_001]), Err(Errno::Nospc));
    let mut count = 0;
    let full = loop {
        match files.create_directories(&format!("{count}")) {
            Ok(()) => count += 1,
            Err(errno) => break errno,
        }
    };
    assert_eq!(full, Errno::Nospc);
    assert!((30..50).contains(&count));
}
