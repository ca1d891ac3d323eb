//! Costs of observing a store: a core dump of a large memory, a backtrace of many frames, and
//! enabled core dumps in a program that does not trap.
//!
//! ```text
//! cargo bench --bench coredump
//! ```
//!
//! Each number is the best of several runs, to exclude disturbances.

use backstitch::{
    Caller, Config, CoreDumpOptions, Engine, Instance, Linker, Memory, MemoryType, Module, Store,
    WasmBacktrace, WasmCoreDump,
};
use std::hint::black_box;
use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

/// Size of the large memory, in bytes.
const MEMORY: usize = 256 << 20;
/// Number of frames of the deep stack.
const FRAMES: i32 = 100_000;
const RUNS: usize = 7;

fn best(mut run: impl FnMut() -> Duration) -> Duration {
    (0..RUNS)
        .map(|_| run())
        .min()
        .expect("there is at least one run")
}

fn timed(run: impl FnOnce()) -> Duration {
    let start = Instant::now();
    run();
    start.elapsed()
}

/// Writes a dump of a memory without zeros to a preallocated buffer.
fn dump_of_memory() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let pages = (MEMORY >> 16) as u32;
    let memory =
        Memory::new(&mut store, MemoryType::new(pages, None)).expect("the memory can be allocated");
    memory.data_mut(&mut store).fill(0xa5);
    let dump = WasmCoreDump::capture(&mut store);
    let options = CoreDumpOptions::new();
    let mut buffer = Vec::with_capacity(MEMORY + (4 << 20));
    let write = best(|| {
        buffer.clear();
        timed(|| {
            let written = dump.serialize_to(&store, "large", &mut buffer, &options);
            written.expect("writing to a vector cannot fail");
        })
    });
    assert!(
        buffer.capacity() == MEMORY + (4 << 20),
        "the buffer must not grow"
    );
    let copy = best(|| {
        buffer.clear();
        timed(|| buffer.extend_from_slice(black_box(memory.data(&store))))
    });
    println!(
        "a dump of 256 MiB: {write:.1?}, {:.2} of the speed of a copy ({copy:.1?})",
        copy.as_secs_f64() / write.as_secs_f64()
    );
}

/// Captures a backtrace of many frames in a host function, and then lists them.
fn deep_backtrace() {
    let mut config = Config::new();
    config
        .max_wasm_stack(64 << 20)
        .wasm_backtrace_max_frames(NonZeroUsize::new(1 << 20));
    let engine = Engine::new(&config).expect("the backend is available");
    let mut linker: Linker<[Duration; 2]> = Linker::new(&engine);
    let look = |mut caller: Caller<'_, [Duration; 2]>| {
        let mut described = Duration::MAX;
        let captured = best(|| {
            let mut backtrace = None;
            let captured = timed(|| backtrace = Some(WasmBacktrace::capture(&caller)));
            let backtrace = backtrace.expect("the backtrace was captured");
            described = described.min(timed(|| {
                assert_eq!(backtrace.frames().len(), FRAMES as usize + 1);
            }));
            captured
        });
        *caller.data_mut() = [captured, described];
    };
    linker
        .func_wrap("", "look", look)
        .expect("the name is not defined yet");
    // (module (import "" "look" (func $look))
    //   (func $f (export "f") (param i32)
    //     (if (i32.eqz (local.get 0)) (then (call $look))
    //       (else (call $f (i32.sub (local.get 0) (i32.const 1)))))))
    let wasm = b"\0asm\x01\0\0\0\x01\x08\x02\x60\0\0\x60\x01\x7f\0\x02\x09\x01\0\x04look\0\0\
        \x03\x02\x01\x01\x07\x05\x01\x01f\0\x01\x0a\x14\x01\x12\0\x20\0\x45\x04\x40\x10\0\x05\
        \x20\0\x41\x01\x6b\x10\x01\x0b\x0b";
    let module = Module::new(&engine, wasm).expect("the module is valid");
    let mut store = Store::new(&engine, [Duration::ZERO; 2]);
    let instance = linker
        .instantiate(&mut store, &module)
        .expect("the import is defined");
    let f = instance
        .get_typed_func::<i32, ()>(&mut store, "f")
        .expect("the export exists");
    f.call(&mut store, FRAMES)
        .expect("the stack is large enough");
    let [captured, described] = store
        .data()
        .map(|took| took.as_nanos() as f64 / f64::from(FRAMES));
    println!(
        "a backtrace of {FRAMES} frames: {captured:.1} ns a frame, and {described:.1} to list them"
    );
}

/// Runs a program with core dumps disabled and enabled, in turns.
fn enabled_dumps() {
    let wasm = std::fs::read("benches/workloads/wasm/fibonacci.wasm").expect("the workload exists");
    let time = |enable: bool| {
        let mut config = Config::new();
        config.coredump_on_trap(enable);
        let engine = Engine::new(&config).expect("the backend is available");
        let module = Module::new(&engine, &wasm).expect("the module is valid");
        let mut store = Store::new(&engine, ());
        let instance = Instance::new(&mut store, &module, &[]).expect("the module has no imports");
        let name = module.exports().find_map(|export| {
            instance
                .get_typed_func::<i32, i64>(&mut store, export.name())
                .ok()
        });
        let run = name.expect("the program is exported");
        timed(|| {
            black_box(run.call(&mut store, 30).expect("the call returns"));
        })
    };
    let (mut off, mut on) = (Duration::MAX, Duration::MAX);
    for _ in 0..RUNS {
        off = off.min(time(false));
        on = on.min(time(true));
    }
    println!(
        "fibonacci with dumps off {off:.2?}, on {on:.2?}: {:+.1} %",
        100.0 * (on.as_secs_f64() / off.as_secs_f64() - 1.0)
    );
}

fn main() {
    dump_of_memory();
    deep_backtrace();
    enabled_dumps();
}
