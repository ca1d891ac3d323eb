//! Programs of WASI whose threads are threads of the operating system.

use backstitch::wasi::threads::Deadlock;
use backstitch::wasi::{Deterministic, I32Exit, MemoryOutputPipe, ParallelProgram, WasiCtx};
use backstitch::{Config, Engine, Error, Linker, Module, Store, Trap};

/// Runs a program with these functions.
fn run(limit: usize, functions: &str) -> (Result<(), Error>, Vec<u8>) {
    let text = format!(
        r#"(module
             (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
             (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
             (import "wasi_snapshot_preview1" "fd_write"
               (func $write (param i32 i32 i32 i32) (result i32)))
             (import "wasi_snapshot_preview1" "poll_oneoff"
               (func $poll (param i32 i32 i32 i32) (result i32)))
             (import "env" "memory" (memory 1 1 shared))
             (export "memory" (memory 0))
             ;; Waits until as many threads have ended.
             (func $join (param $count i32) (local $ended i32)
               (loop $wait
                 (local.set $ended (i32.atomic.load (i32.const 4)))
                 (if (i32.lt_u (local.get $ended) (local.get $count))
                   (then
                     (drop (memory.atomic.wait32 (i32.const 4) (local.get $ended) (i64.const -1)))
                     (br $wait)))))
             (func $leave
               (drop (i32.atomic.rmw.add (i32.const 4) (i32.const 1)))
               (drop (memory.atomic.notify (i32.const 4) (i32.const -1))))
             {functions})"#
    );
    let mut config = Config::new();
    config.interruptible(true);
    let engine = Engine::new(&config).unwrap();
    let module = Module::new(&engine, &text).unwrap();
    let output = MemoryOutputPipe::new(1 << 16);
    let context = WasiCtx::builder(Deterministic::new(1))
        .stdout(output.clone())
        .build();
    let program = ParallelProgram::new(context, limit, {
        let engine = engine.clone();
        move || Ok(Store::new(&engine, ()))
    });
    let mut linker = Linker::new(&engine);
    program.add_to_linker(&mut linker, &module).unwrap();
    let result = program.run(&linker, &module, |store, instance| {
        let start = instance.get_typed_func::<(), ()>(&mut *store, "_start")?;
        start.call(store, ())
    });
    (result, output.contents().to_vec())
}

#[test]
fn threads_start_threads_and_print() {
    let (result, output) = run(
        8,
        r#"(data (i32.const 1024) "abcdefgh")
           (func (export "wasi_thread_start") (param $thread i32) (param $letter i32) (local $at i32)
             (local.set $at (i32.add (i32.const 64) (i32.mul (local.get $thread) (i32.const 16))))
             (i32.store (local.get $at) (i32.add (i32.const 1024) (local.get $letter)))
             (i32.store offset=4 (local.get $at) (i32.const 1))
             (drop (call $write (i32.const 1) (local.get $at) (i32.const 1)
               (i32.add (local.get $at) (i32.const 8))))
             (if (i32.lt_u (local.get $letter) (i32.const 4))
               (then
                 (if (i32.le_s (call $spawn (i32.add (local.get $letter) (i32.const 4))) (i32.const 0))
                   (then unreachable))))
             (call $leave))
           (func (export "_start") (local $letter i32)
             (loop $more
               (if (i32.le_s (call $spawn (local.get $letter)) (i32.const 0)) (then unreachable))
               (local.set $letter (i32.add (local.get $letter) (i32.const 1)))
               (br_if $more (i32.lt_u (local.get $letter) (i32.const 4))))
             (call $join (i32.const 8)))"#,
    );
    result.unwrap();
    let mut letters = output;
    letters.sort_unstable();
    assert_eq!(letters, b"abcdefgh");
}

#[test]
fn no_more_threads_than_allowed_run_at_once() {
    let (result, _) = run(
        2,
        r#"(func (export "wasi_thread_start") (param i32 i32)
             (drop (memory.atomic.wait32 (i32.const 32) (i32.const 0) (i64.const -1)))
             (call $leave))
           (func (export "_start")
             (if (i32.le_s (call $spawn (i32.const 0)) (i32.const 0)) (then unreachable))
             (if (i32.le_s (call $spawn (i32.const 0)) (i32.const 0)) (then unreachable))
             (if (i32.ne (call $spawn (i32.const 0)) (i32.const -6)) (then unreachable))
             (i32.atomic.store (i32.const 32) (i32.const 1))
             (drop (memory.atomic.notify (i32.const 32) (i32.const -1)))
             (call $join (i32.const 2)))"#,
    );
    result.unwrap();
}

/// What a thread does that does not end by itself.
const ENDLESS: [&str; 3] = [
    "(loop $for_ever (br $for_ever))",
    "(drop (memory.atomic.wait32 (i32.const 32) (i32.const 0) (i64.const -1)))",
    // A sleep of 1,000 seconds.
    "(i32.store (i32.const 128) (i32.const 7))
     (i32.store (i32.const 144) (i32.const 1))
     (i64.store (i32.const 152) (i64.const 1000000000000))
     (drop (call $poll (i32.const 128) (i32.const 192) (i32.const 1) (i32.const 240)))",
];

#[test]
fn a_trap_in_any_thread_ends_the_program() {
    for endless in ENDLESS {
        let (result, _) = run(
            4,
            &format!(
                r#"(func (export "wasi_thread_start") (param $thread i32) (param $kind i32)
                     (if (local.get $kind) (then (call $fail)) (else {endless})))
                   (func $fail unreachable)
                   (func (export "_start")
                     (drop (call $spawn (i32.const 0)))
                     (drop (call $spawn (i32.const 1)))
                     {endless})"#
            ),
        );
        let error = result.unwrap_err();
        let text = format!("{error:?}");
        assert_eq!(
            error.downcast_ref::<Trap>(),
            Some(&Trap::UnreachableCodeReached)
        );
        assert!(text.starts_with("thread 2"), "{text}");
        assert!(text.contains("!fail"), "{text}");
    }
}

#[test]
fn a_program_whose_threads_all_wait_ends_with_a_backtrace_of_each() {
    let wait = "(drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1)))";
    // One thread ends after the others have begun to wait, if it is last.
    for other in [wait, "(if (local.get $kind) (then (call $block)))"] {
        let (result, _) = run(
            4,
            &format!(
                r#"(func $block {wait})
                   (func (export "wasi_thread_start") (param $thread i32) (param $kind i32)
                     {other})
                   (func $start (export "_start")
                     (drop (call $spawn (i32.const 0)))
                     (drop (call $spawn (i32.const 1)))
                     (call $block))"#
            ),
        );
        let error = result.unwrap_err();
        let deadlock = error.downcast_ref::<Deadlock>().unwrap();
        let numbers: Vec<i32> = deadlock
            .backtraces
            .iter()
            .map(|&(number, _)| number)
            .collect();
        let expected: &[i32] = if other == wait { &[0, 1, 2] } else { &[0, 2] };
        assert_eq!(numbers, expected);
        let text = format!("{error}");
        assert!(
            text.starts_with("deadlock: ") && text.contains("!start"),
            "{text}"
        );
    }
}

#[test]
fn threads_that_sleep_or_were_woken_are_no_deadlock() {
    let (result, _) = run(
        4,
        r#"(func (export "wasi_thread_start") (param $thread i32) (param $kind i32)
             ;; A wait with a timeout, while the first thread waits without one.
             (drop (memory.atomic.wait32 (i32.const 64) (i32.const 0) (i64.const 20000000)))
             (call $leave))
           (func (export "_start") (local $round i32)
             (loop $again
               (i32.atomic.store (i32.const 4) (i32.const 0))
               (drop (call $spawn (i32.const 0)))
               (drop (call $spawn (i32.const 0)))
               (call $join (i32.const 2))
               (br_if $again
                 (i32.lt_u (local.tee $round (i32.add (local.get $round) (i32.const 1)))
                   (i32.const 20)))))"#,
    );
    result.unwrap();
}

#[test]
fn an_exit_or_the_return_of_the_first_thread_ends_the_program() {
    for endless in ENDLESS {
        let (result, _) = run(
            4,
            &format!(
                r#"(func (export "wasi_thread_start") (param i32 i32) (call $exit (i32.const 42)))
                   (func (export "_start") (drop (call $spawn (i32.const 0))) {endless})"#
            ),
        );
        let error = result.unwrap_err();
        assert_eq!(error.downcast_ref::<I32Exit>().map(|exit| exit.0), Some(42));

        let (result, _) = run(
            4,
            &format!(
                r#"(func (export "wasi_thread_start") (param i32 i32) {endless})
                   (func (export "_start") (drop (call $spawn (i32.const 0))))"#
            ),
        );
        result.unwrap();
    }
}
