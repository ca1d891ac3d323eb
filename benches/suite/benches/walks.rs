//! Backtraces of deep stacks: capturing one, and capturing and listing one, without names.

use backstitch::{Caller, Config, WasmBacktrace};
use backstitch_benches::Export;
use divan::Bencher;
use divan::counter::ItemsCount;
use std::hint::black_box;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const FRAMES: i32 = 100_000;
/// Number of captures of each kind per call of the export.
const CAPTURES: u32 = 10;

/// A chain of calls, and a chain of continuations with one or two frames each.
const MODULE: &str = r#"(module
    (import "" "look" (func $look))
    (type $f (func (param i32) (result i32))) (type $k (cont $f))
    (elem declare func $resume)
    (func $call (export "call") (param i32) (result i32)
        (if (i32.eqz (local.get 0)) (then (call $look) (return (i32.const 0))))
        (i32.add (i32.const 0) (call $call (i32.sub (local.get 0) (i32.const 1)))))
    (func $resume (export "resume") (param i32) (result i32)
        (if (i32.eqz (local.get 0)) (then (call $look) (return (i32.const 0))))
        (i32.add (i32.const 0)
            (resume $k (i32.sub (local.get 0) (i32.const 1)) (cont.new $k (ref.func $resume))))))"#;

/// Lines to print below the table, because output in between would break it.
static NOTES: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn main() {
    divan::main();
    for note in &*NOTES.lock().expect("no thread panics") {
        println!("{note}");
    }
}

#[divan::bench(args = ["call", "resume"], sample_count = 20, sample_size = 1)]
fn frames(bencher: Bencher<'_, '_>, name: &str) {
    let mut config = Config::new();
    config
        .max_wasm_stack(64 << 20)
        .wasm_backtrace_max_frames(NonZeroUsize::new(1 << 20));
    let taken = Arc::new(Mutex::new([Duration::ZERO; 2]));
    let told = Arc::clone(&taken);
    let mut export = Export::with(&config, MODULE, name, |linker| {
        let look = move |caller: Caller<'_, ()>| {
            let start = Instant::now();
            for _ in 0..CAPTURES {
                drop(black_box(WasmBacktrace::capture(&caller)));
            }
            let captured = start.elapsed();
            for _ in 0..CAPTURES {
                let backtrace = WasmBacktrace::capture(&caller);
                assert_eq!(backtrace.frames().len(), FRAMES as usize + 1);
            }
            *told.lock().expect("no thread panics") = [captured, start.elapsed() - captured];
        };
        linker
            .func_wrap("", "look", look)
            .expect("the name is not defined yet");
    });
    bencher
        .counter(ItemsCount::new(FRAMES.unsigned_abs() * CAPTURES * 2))
        .bench_local(|| export.call(FRAMES));
    let frames = f64::from(FRAMES) * f64::from(CAPTURES);
    let [captured, listed] = taken
        .lock()
        .expect("no thread panics")
        .map(|taken| taken.as_nanos() as f64 / frames);
    let note = format!("{name}: {captured:.1} ns a frame to capture, {listed:.1} to list it too");
    NOTES.lock().expect("no thread panics").push(note);
}
