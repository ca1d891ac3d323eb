//! `run --snapshot`, `resume` and `preinit --snapshot`.

use crate::command::{Run, backstitch, file};
use std::ffi::OsStr;
use std::fs;
use std::path::PathBuf;

/// A program that prints three random letters and the time of a clock, each after some work.
const PROGRAM: &str = r#"
(module $program
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))
  (memory (export "memory") 1)
  (global $calls (mut i32) (i32.const 0))
  (func $work (param $n i32)
    (loop $again
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
  (func $put (param $byte i32)
    (i32.store8 (i32.const 32) (i32.add (i32.const 97) (i32.and (local.get $byte) (i32.const 15))))
    (i32.store (i32.const 0) (i32.const 32))
    (i32.store (i32.const 4) (i32.const 1))
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16))))
  (func $step (param $n i32)
    (if (local.get $n) (then
      (call $work (i32.const 100))
      (drop (call $random (i32.const 40) (i32.const 1)))
      (call $put (i32.load8_u (i32.const 40)))
      (drop (call $clock (i32.const 1) (i64.const 1) (i32.const 48)))
      (call $put (i32.load (i32.const 49)))
      (call $step (i32.sub (local.get $n) (i32.const 1))))))
  (func (export "_start") (call $step (i32.const 3)))
  (func (export "wizer.initialize") (global.set $calls (i32.const 40)))
  (func (export "next") (param $n i32) (result i32)
    (global.set $calls (i32.add (global.get $calls) (local.get $n)))
    (call $work (i32.const 100))
    (global.get $calls))
  (func (export "fails") (unreachable)))
"#;

fn path(name: &str) -> PathBuf {
    file(&format!("snapshots/{name}"), "")
}

fn run<const N: usize>(arguments: [&dyn AsRef<OsStr>; N]) -> Run {
    backstitch(arguments.map(|argument| argument.as_ref().to_owned()))
}

#[test]
fn a_program_goes_on_where_it_was_saved() {
    let program = file("snapshots/whole.wat", PROGRAM);
    let end = path("end.snapshot");
    let whole = run([&"run", &"--deterministic=7", &"--snapshot", &end, &program]);
    assert_eq!((whole.code, whole.out.len()), (Some(0), 6), "{}", whole.err);
    for fuel in [1, 50, 500, 1000, 1500] {
        let saved = path(&format!("{fuel}.snapshot"));
        let at = format!("fuel={fuel}");
        let first = run([
            &"run",
            &"--deterministic=7",
            &"--snapshot",
            &saved,
            &"--at",
            &at,
            &program,
        ]);
        let first = first.says(&["Snapshot written"]);
        // Saved once more, and without the module.
        let again = path(&format!("{fuel}.again"));
        let at = format!("fuel={}", fuel + 100);
        let second = run([
            &"resume",
            &"--snapshot",
            &again,
            &"--at",
            &at,
            &"--without-modules",
            &saved,
        ]);
        let last = path(&format!("{fuel}.end"));
        let third = run([
            &"resume",
            &"--snapshot",
            &last,
            &again,
            &"--module",
            &program,
        ]);
        assert_eq!(
            format!("{}{}{}", first.out, second.out, third.out),
            whole.out,
            "{}",
            third.err
        );
        // The last state is that of the run without interruption.
        assert_eq!(fs::read(&last).unwrap(), fs::read(&end).unwrap());
        assert!(fs::metadata(&again).unwrap().len() < fs::metadata(&saved).unwrap().len());
        run([&"resume", &again])
            .expect(1, "")
            .says(&["missing module `program` with SHA-256 "]);
        let shown = run([&"inspect", &saved]);
        assert!(shown.out.contains("a snapshot"), "{}", shown.out);
    }
}

#[test]
fn functions_of_a_snapshot_are_called() {
    let program = file("snapshots/functions.wat", PROGRAM);
    let ready = path("ready.snapshot");
    run([&"preinit", &"--snapshot", &program, &"-o", &ready]).expect(0, "");
    run([&"resume", &ready, &"--invoke", &"next", &"2"]).expect(0, "42\n");
    run([
        &"resume",
        &ready,
        &"--fuel",
        &"20",
        &"--invoke",
        &"next",
        &"2",
    ])
    .expect(134, "")
    .says(&["all fuel consumed"]);
    run([&"resume", &ready])
        .expect(1, "")
        .says(&["has no call that could go on"]);
    run([&"resume", &ready, &"--invoke", &"missing"])
        .expect(1, "")
        .says(&["no exported function `missing`"]);
    run([&"run", &ready])
        .expect(1, "")
        .says(&["is a snapshot, from which `backstitch resume` goes on"]);

    // The state after a trap, and that at the end of a call.
    let after = path("trap.snapshot");
    run([
        &"run",
        &"--snapshot",
        &after,
        &"--at",
        &"trap",
        &"--invoke",
        &"fails",
        &program,
    ])
    .expect(134, "")
    .says(&["Snapshot written", "unreachable"]);
    run([&"resume", &after, &"--invoke", &"next", &"5"]).expect(0, "5\n");
    let more = path("more.snapshot");
    run([
        &"resume",
        &after,
        &"--snapshot",
        &more,
        &"--invoke",
        &"next",
        &"6",
    ])
    .expect(0, "6\n");
    run([&"resume", &more, &"--invoke", &"next", &"1"]).expect(0, "7\n");
}

#[test]
fn what_is_no_snapshot_is_refused() {
    let program = file("snapshots/refused.wat", PROGRAM);
    run([
        &"run",
        &"--snapshot",
        &path("late"),
        &"--at",
        &"fuel=1e9",
        &program,
    ])
    .says(&["no snapshot was written: the program has ended after "]);
    run([
        &"run",
        &"--snapshot",
        &path("x"),
        &"--at",
        &"noon",
        &program,
    ])
    .expect(2, "")
    .says(&["`fuel=N`"]);
    run([&"resume", &program])
        .expect(1, "")
        .says(&["cannot resume"]);
    let dump = path("dump.core");
    run([
        &"run",
        &"--coredump",
        &dump,
        &"--invoke",
        &"fails",
        &program,
    ])
    .says(&["Core dump written"]);
    run([&"resume", &dump])
        .expect(1, "")
        .says(&["the core dump is not a snapshot"]);
}

#[test]
fn a_program_is_saved_when_it_calls_an_export() {
    let text = PROGRAM.replace(
        "(func $put (param $byte i32)",
        "(func $put (export \"put\") (param $byte i32)",
    );
    let program = file("snapshots/exporting.wat", text);
    let whole = run([&"run", &"--deterministic=7", &program]);
    // The files are compressed, because of their names.
    let (saved, again) = (path("put.core.gz"), path("again.core.gz"));
    let first = run([
        &"run",
        &"--deterministic=7",
        &"--snapshot",
        &saved,
        &"--at",
        &"export=put",
        &program,
    ]);
    let first = first.says(&["Snapshot written"]);
    assert_eq!(first.out, "");
    assert!(fs::read(&saved).unwrap().starts_with(&[0x1f, 0x8b]));
    let shown = run([&"inspect", &saved]);
    assert!(shown.out.contains("in program!put(byte="), "{}", shown.out);
    let at = "export=put";
    let second = run([&"resume", &"--snapshot", &again, &"--at", &at, &saved]);
    assert_eq!(second.out, whole.out[..1], "{}", second.err);
    let third = run([&"resume", &again]);
    assert_eq!(second.out + &third.out, whole.out);
    fs::write(&again, &fs::read(&saved).unwrap()[..40]).unwrap();
    run([&"resume", &again])
        .expect(1, "")
        .says(&["cannot decompress"]);
    run([
        &"run",
        &"--snapshot",
        &again,
        &"--at",
        &"export=none",
        &program,
    ])
    .says(&["no snapshot was written", "has not called `none`"]);
}

#[test]
fn threads_go_on_with_their_schedule() {
    let text = include_str!("../../targets/threads.wat").replace(
        "(func $letters",
        "(export \"letters\" (func $letters)) (func $letters",
    );
    let program = file("snapshots/threads.wat", text);
    let whole = run([&"run", &"--deterministic=7", &program]);
    assert_eq!(whole.out.len(), 80, "{}", whole.err);
    let first = path("threads.first");
    let again = path("threads.again");
    let begin = |at: &str| {
        run([
            &"run",
            &"--deterministic=7",
            &"--snapshot",
            &first,
            &"--at",
            &at,
            &program,
        ])
        .says(&["Snapshot written"])
    };
    // At the beginning, before and after all threads have started, and when the first one waits for
    // the last.
    for fuel in [1, 15_000, 500_000, 3_000_000, 4_805_000] {
        let parts = [
            begin(&format!("fuel={fuel}")),
            run([
                &"resume",
                &"--snapshot",
                &again,
                &"--at",
                &format!("fuel={}", fuel + 10_000),
                &first,
            ])
            .says(&["Snapshot written"]),
            run([&"resume", &again]),
        ];
        let out: String = parts.iter().map(|part| &*part.out).collect();
        assert_eq!((out, parts[2].code), (whole.out.clone(), whole.code));
    }
    // Four threads call the function. Then the program ends.
    let mut out = begin("export=letters").out;
    for _ in 0..3 {
        let next = run([
            &"resume",
            &"--snapshot",
            &first,
            &"--at",
            &"export=letters",
            &first,
        ]);
        out += &next.says(&["Snapshot written"]).out;
    }
    run([&"resume", &"--fuel", &"1e4", &first])
        .expect(134, "")
        .says(&["all fuel consumed"]);
    let last = run([&"resume", &first]);
    assert_eq!((out + &last.out, last.code), (whole.out, whole.code));
}
