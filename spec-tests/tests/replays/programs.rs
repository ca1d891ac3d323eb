//! Programs of WASI, with and without threads.

use super::{Log, describe, end, engines, timelines};
use backstitch::scheduler::Policy;
use backstitch::wasi::{
    self, Deterministic, MemoryDirectory, MemoryInputPipe, MemoryOutputPipe, OutputKind, Program,
    ReplayedOutput, Threads, TracedCall, WasiCtx,
};
use backstitch::{
    Config, Engine, Linker, Module, Recorder, Replayer, Result, Store, TimelineOptions,
    TimelineWriter, Val,
};
use std::sync::{Arc, Mutex};

/// A program that reads everything that there is, and writes it.
const READER: &str = r#"
(module
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_renumber" (func $renumber (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_open"
    (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "clock_time_get"
    (func $clock (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_get" (func $args (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $sizes (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 2)
  (data (i32.const 512) "file")
  ;; Writes bytes to a descriptor, in two pieces.
  (func $put (param $to i32) (param $from i32) (param $len i32)
    (i32.store (i32.const 0) (local.get $from))
    (i32.store (i32.const 4) (i32.shr_u (local.get $len) (i32.const 1)))
    (i32.store (i32.const 8) (i32.add (local.get $from) (i32.load (i32.const 4))))
    (i32.store (i32.const 12) (i32.sub (local.get $len) (i32.load (i32.const 4))))
    (drop (call $write (local.get $to) (i32.const 0) (i32.const 2) (i32.const 16))))
  (func $copy (param $from i32) (param $to i32)
    (loop $again
      (i32.store (i32.const 32) (i32.const 4096))
      (i32.store (i32.const 36) (i32.const 100))
      (drop (call $read (local.get $from) (i32.const 32) (i32.const 1) (i32.const 40)))
      (call $put (local.get $to) (i32.const 4096) (i32.load (i32.const 40)))
      (br_if $again (i32.load (i32.const 40)))))
  (func (export "_start")
    (drop (call $sizes (i32.const 48) (i32.const 52)))
    (drop (call $args (i32.const 2048) (i32.const 2100)))
    (call $put (i32.const 2) (i32.const 2100) (i32.load (i32.const 52)))
    (drop (call $clock (i32.const 1) (i64.const 0) (i32.const 56)))
    (call $put (i32.const 1) (i32.const 56) (i32.const 8))
    (drop (call $random (i32.const 1024) (i32.const 64)))
    (call $put (i32.const 1) (i32.const 1024) (i32.const 64))
    (call $copy (i32.const 0) (i32.const 1))
    (drop (call $open (i32.const 3) (i32.const 0) (i32.const 512) (i32.const 4) (i32.const 0)
      (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 64)))
    (call $copy (i32.load (i32.const 64)) (i32.const 2))
    ;; Standard error takes the place of standard output.
    (drop (call $renumber (i32.const 2) (i32.const 1)))
    (call $put (i32.const 1) (i32.const 512) (i32.const 4))
    (call $put (i32.const 2) (i32.const 512) (i32.const 4))
    END))
"#;

/// A program with threads that race: each adds to a word, without care.
const RACERS: &str = r#"
(module
  (import "env" "memory" (memory 1 1 shared))
  (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
  (export "memory" (memory 0))
  (func $sleep
    (i32.store (i32.const 1040) (i32.const 1))
    (i64.store (i32.const 1048) (i64.const 1000))
    (drop (call $poll (i32.const 1024) (i32.const 1088) (i32.const 1) (i32.const 1152))))
  (func $pause)
  (func $add (local $count i32) (local $old i32)
    (loop $again
      (local.set $old (i32.load (i32.const 64)))
      (call $pause)
      (i32.store (i32.const 64) (i32.add (local.get $old) (i32.const 1)))
      (local.set $count (i32.add (local.get $count) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get $count) (i32.const 20000)))))
  (func (export "wasi_thread_start") (param i32) (param i32)
    (call $add)
    (call $sleep)
    (drop (i32.atomic.rmw.add (i32.const 68) (i32.const 1)))
    (drop (memory.atomic.notify (i32.const 68) (i32.const 1))))
  (func (export "_start")
    (drop (call $spawn (i32.const 1)))
    (drop (call $spawn (i32.const 2)))
    (drop (call $spawn (i32.const 3)))
    (call $add)
    (loop $again
      (drop (memory.atomic.wait32 (i32.const 68) (i32.atomic.load (i32.const 68))
        (i64.const 1000000)))
      (br_if $again (i32.lt_u (i32.atomic.load (i32.const 68)) (i32.const 3))))
    (i32.store (i32.const 0) (i32.const 64))
    (i32.store (i32.const 4) (i32.const 4))
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16)))
    END))
"#;

struct Host {
    wasi: WasiCtx,
    threads: Threads<Host>,
}

/// The observable outcome of a program.
#[derive(Default, Debug, PartialEq)]
struct Shown {
    out: Vec<u8>,
    err: Vec<u8>,
    trace: Vec<String>,
    end: Option<std::result::Result<String, String>>,
    dump: Vec<u8>,
    spent: Option<u64>,
}

fn line(call: &TracedCall<'_>) -> String {
    format!("{call:?}")
}

/// Records a program. Returns the log, and what it shows.
fn record(text: &str, has_threads: bool, seed: u64, dump: bool) -> (Vec<u8>, Shown) {
    let mut config = Config::new();
    config.consume_fuel(true).coredump_on_trap(dump);
    let engine = Engine::new(&config).unwrap();
    let (out, err) = (
        MemoryOutputPipe::new(1 << 20),
        MemoryOutputPipe::new(1 << 20),
    );
    let trace = Arc::new(Mutex::new(Vec::new()));
    let traced = Arc::clone(&trace);
    let host = Deterministic::new(seed);
    let directory = MemoryDirectory::new(host.time());
    directory
        .write("file", b"the contents of a file".repeat(20))
        .unwrap();
    let mut builder = WasiCtx::builder(host);
    builder
        .args(["program", "argument"])
        .stdin(MemoryInputPipe::new(b"standard input".repeat(50)))
        .stdout(out.clone())
        .stderr(err.clone())
        .preopen(directory, "/")
        .suspend_when_blocked(has_threads)
        .trace(move |call| traced.lock().unwrap().push(line(call)));
    let wasi = builder.build();
    let mut store = Store::new(
        &engine,
        Host {
            wasi,
            threads: Threads::new(16),
        },
    );
    store.set_fuel(u64::MAX).unwrap();
    let log = Log::default();
    Recorder::new(log.clone()).start(&mut store).unwrap();
    let module = Module::new(&engine, text).unwrap();
    let mut linker = Linker::new(&engine);
    wasi::add_to_linker(&mut linker, |host: &mut Host| &mut host.wasi).unwrap();
    wasi::threads::add_to_linker(&mut linker, &mut store, &module, |host: &mut Host| {
        &mut host.threads
    })
    .unwrap();
    let outcome = match has_threads {
        false => {
            let instance = linker.instantiate(&mut store, &module).unwrap();
            let start = instance.get_func(&mut store, "_start").unwrap();
            start.call(&mut store, &[], &mut []).map(|()| Vec::new())
        }
        true => run_threads(&mut store, &linker, &module, seed),
    };
    store.end_recording(0, "").unwrap();
    let spent = store.fuel_spent();
    let (end, dump) = end(&mut store, outcome);
    let shown = Shown {
        out: out.contents(),
        err: err.contents(),
        trace: trace.lock().unwrap().clone(),
        end: Some(end),
        dump,
        spent,
    };
    (log.bytes(), shown)
}

fn run_threads(
    store: &mut Store<Host>,
    linker: &Linker<Host>,
    module: &Module,
    seed: u64,
) -> Result<Vec<Val>> {
    let program = Program::new(
        Policy::Random { seed, slice: 5_000 },
        |host: &mut Host| &mut host.wasi,
        |host: &mut Host| &mut host.threads,
    );
    let instance = program.instantiate(store, linker, module)?;
    let start = instance.get_func(&mut *store, "_start").unwrap();
    let first = start.start(&mut *store, &[])?;
    program.run(store, first)
}

/// Replays a log. Returns what the program shows.
fn replay(log: &[u8], engine: &Engine, text: &str) -> Shown {
    let mut replayer = Replayer::new(log.to_vec()).unwrap();
    replayer.add_module(Module::new(engine, text).unwrap());
    let shown = Arc::new(Mutex::new(Shown::default()));
    let mut output = ReplayedOutput::new();
    let mut bits = Vec::new();
    let observed = Arc::clone(&shown);
    let noted = Arc::clone(&shown);
    let mut bits_of_note = Vec::new();
    replayer.on_note(move |note, spent| {
        let call = wasi::traced_retry(note, spent, &mut bits_of_note).unwrap();
        noted.lock().unwrap().trace.push(line(&call));
    });
    replayer.on_call(move |call| {
        let mut shown = observed.lock().unwrap();
        shown
            .trace
            .extend(wasi::traced(call, &mut bits).map(|call| line(&call)));
        output.follow(call, |stream, bytes| match stream {
            OutputKind::Stdout => shown.out.extend_from_slice(bytes),
            OutputKind::Stderr => shown.err.extend_from_slice(bytes),
        })
    });
    let replayed = replayer
        .run(engine)
        .unwrap_or_else(|error| panic!("{}", describe(&error)));
    assert!(replayed.is_complete);
    let mut store = replayed.store;
    let mut shown = std::mem::take(&mut *shown.lock().unwrap());
    shown.spent = store.fuel_spent();
    let (end, dump) = end(&mut store, replayed.outcome.unwrap());
    shown.end = Some(end);
    shown.dump = dump;
    shown
}

#[test]
fn a_program_shows_the_same_in_a_replay() {
    for (ending, dump) in [
        ("", false),
        ("(unreachable)", true),
        ("(call $exit (i32.const 3))", true),
    ] {
        let text = READER.replace("END", ending);
        let (log, recorded) = record(&text, false, 7, dump);
        assert!(
            recorded.out.len() > 700 && recorded.err.len() > 400,
            "{recorded:?}"
        );
        assert_eq!(recorded.dump.is_empty(), ending.is_empty());
        let mut config = Replayer::new(log.clone()).unwrap().config();
        config.coredump_on_trap(dump);
        for engine in engines(&config) {
            let replayed = replay(&log, &engine, &text);
            assert_eq!(replayed, recorded, "{ending}");
        }
    }
}

#[test]
fn threads_are_replayed_under_each_schedule() {
    let mut sums = Vec::new();
    for seed in 0..12 {
        let ending = match seed % 3 {
            0 => "(unreachable)",
            _ => "",
        };
        let text = RACERS.replace("END", ending);
        let (log, recorded) = record(&text, true, seed, true);
        assert_eq!(recorded.out.len(), 4);
        sums.push(recorded.out.clone());
        let mut config = Replayer::new(log.clone()).unwrap().config();
        config.coredump_on_trap(true);
        for engine in engines(&config) {
            let replayed = replay(&log, &engine, &text);
            assert_eq!(replayed, recorded, "{seed}");
        }
        // 80,000 instructions of each of four threads, and 10 bytes for a slice.
        assert!(log.len() < 10_000, "{} bytes", log.len());
    }
    sums.dedup();
    assert!(sums.len() > 3, "the schedules differ");
}

#[test]
fn a_program_of_wasi_is_read_in_both_directions() {
    let text = READER.replace("END", "(unreachable)");
    let (log, _) = record(&text, false, 7, false);
    let binary = wat::parse_str(&text).unwrap();
    for seed in 0..5 {
        timelines::check(&log, &binary, seed);
    }
    // What is written last to the buffer comes from a function of the host.
    let mut timeline = timelines::timeline(&log, &binary, &TimelineOptions::new());
    let end = timeline.end();
    let write = timeline.last_write(0, 4096..4097, end).unwrap().unwrap();
    let name = "`wasi_snapshot_preview1::fd_read`";
    assert_eq!(write.writer, TimelineWriter::Host(Some(name.into())));
    timeline.seek(write.position).unwrap();
    assert_eq!(timeline.backtrace().frames()[0].func_name(), Some("copy"));
    // That was the last call of the function which returned bytes; the very last one found the end.
    let reads = timeline.last_call(0, 0, end).unwrap().unwrap();
    assert!(reads > write.position);
    let before = timeline.last_call(0, 0, write.position + 1).unwrap();
    assert_eq!(before, Some(write.position));
}

#[test]
fn the_last_write_of_a_thread_is_found_under_each_schedule() {
    let mut writers = std::collections::BTreeSet::new();
    for seed in 0..4 {
        let text = RACERS.replace("END", "");
        let (log, _) = record(&text, true, seed, false);
        let binary = wat::parse_str(&text).unwrap();
        let mut options = TimelineOptions::new();
        options.interval(20_000);
        let mut timeline = timelines::timeline(&log, &binary, &options);
        let mut before = timeline.end();
        for _ in 0..5 {
            let write = timeline.last_write(0, 64..68, before).unwrap().unwrap();
            assert_eq!(write.writer, TimelineWriter::Instruction);
            timeline.seek(write.position).unwrap();
            let backtrace = timeline.backtrace();
            let functions: Vec<_> = backtrace
                .frames()
                .iter()
                .map(|it| it.func_index())
                .collect();
            assert_eq!(backtrace.frames()[0].func_name(), Some("add"));
            writers.insert(functions);
            timeline.step_back().unwrap();
            before = timeline.position();
        }
    }
    assert!(writers.len() > 1, "{writers:?}");
}
