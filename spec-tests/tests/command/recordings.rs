//! `run --record` and `replay`.

use crate::command::{Run, backstitch, file};
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

/// A program that prints random bytes in hexadecimal, then its standard input, and traps or exits.
const PROGRAM: &str = r#"
(module $program
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (func $put (param $to i32) (param $from i32) (param $len i32)
    (i32.store (i32.const 0) (local.get $from))
    (i32.store (i32.const 4) (local.get $len))
    (drop (call $write (local.get $to) (i32.const 0) (i32.const 1) (i32.const 16))))
  (func (export "_start") (local $at i32)
    (drop (call $random (i32.const 1024) (i32.const 32)))
    (loop $again
      (i32.store8 (i32.add (i32.const 1024) (local.get $at))
        (i32.add (i32.const 97) (i32.and (i32.const 15)
          (i32.load8_u (i32.add (i32.const 1024) (local.get $at))))))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get $at) (i32.const 32))))
    (call $put (i32.const 1) (i32.const 1024) (i32.const 32))
    (i32.store (i32.const 0) (i32.const 2048))
    (i32.store (i32.const 4) (i32.const 100))
    (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 16)))
    (call $put (i32.const 2) (i32.const 2048) (i32.load (i32.const 16)))
    END))
"#;

fn path(name: &str) -> PathBuf {
    file(&format!("recordings/{name}"), "")
}

fn run<const N: usize>(arguments: [&dyn AsRef<OsStr>; N]) -> Run {
    backstitch(arguments.map(|argument| argument.as_ref().to_owned()))
}

fn read(path: &Path) -> Vec<u8> {
    fs::read(path).unwrap()
}

#[test]
fn a_replay_prints_and_writes_the_same() {
    for (index, ending, code) in [
        (0, "", 0),
        (1, "unreachable", 134),
        (2, "(call $exit (i32.const 9))", 9),
    ] {
        let program = file(
            &format!("recordings/program{index}.wat"),
            PROGRAM.replace("END", ending),
        );
        let input = file("recordings/input.txt", "the input\n");
        let log = path(&format!("{index}.log"));
        let (trace, dump) = (path("trace.txt"), path("recorded.core"));
        let recorded = run([
            &"run",
            &"--record",
            &log,
            &"--stdin",
            &input,
            &"--trace",
            &trace,
            &"--coredump",
            &dump,
            &program,
        ]);
        assert_eq!(recorded.code, Some(code), "{}", recorded.err);
        assert_eq!(recorded.out.len(), 32);
        let (trace_again, dump_again) = (path("trace2.txt"), path("replayed.core"));
        fs::remove_file(&input).unwrap();
        let replayed = run([
            &"replay",
            &log,
            &"--eager",
            &"--trace",
            &trace_again,
            &"--coredump",
            &dump_again,
        ]);
        assert_eq!((replayed.code, replayed.out), (recorded.code, recorded.out));
        let err = recorded.err.replace("recorded.core", "replayed.core");
        assert_eq!(replayed.err, err);
        assert!(err.contains("the input"));
        assert_eq!(read(&trace), read(&trace_again));
        assert_eq!(read(&dump), read(&dump_again));
        assert_eq!(read(&dump).is_empty(), code != 134);
    }
}

#[test]
fn the_last_call_of_an_import_is_found() {
    let program = file("recordings/imports.wat", PROGRAM.replace("END", ""));
    let log = path("imports.log");
    run([&"run", &"--record", &log, &program]);
    let call = run([&"replay", &log, &"--last-call", &"random"]);
    assert!(call.out.contains("`call $random`"), "{}", call.out);
    let call = run([&"replay", &log, &"--last-write", &"1024:1"]);
    assert!(call.out.contains("by this instruction"), "{}", call.out);
}

#[test]
fn the_module_is_found_or_embedded() {
    let text = r#"(module (func (export "add") (param i32 i32) (result i32)
        (i32.add (local.get 0) (local.get 1))))"#;
    let program = file("recordings/add.wat", text);
    let (log, embedded) = (path("add.log"), path("embedded.log"));
    for (log, option) in [(&log, "--hex"), (&embedded, "--embed-modules")] {
        run([
            &"run",
            &"--record",
            log,
            &option,
            &"--invoke",
            &"add",
            &program,
            &"12",
            &"30",
        ]);
    }
    run([&"replay", &log]).expect(0, "0x2a\n");
    let moved = file("recordings/moved.wat", text);
    fs::remove_file(&program).unwrap();
    run([&"replay", &log])
        .expect(1, "")
        .says(&["recording is of another module", "SHA-256"]);
    run([&"replay", &log, &"--module", &moved]).expect(0, "0x2a\n");
    run([&"replay", &embedded]).expect(0, "42\n");
    // Another program in its place.
    let other = file("recordings/other.wat", text.replace("i32.add", "i32.sub"));
    run([&"replay", &log, &"--module", &other])
        .expect(1, "")
        .says(&["recording is of another module"]);
}

#[test]
fn what_is_no_recording_or_not_complete_is_reported() {
    let program = file("recordings/cut.wat", PROGRAM.replace("END", ""));
    let log = path("cut.log");
    run([&"run", &"--record", &log, &"--deterministic", &program]);
    let bytes = read(&log);
    let cut = file("recordings/cut2.log", &bytes[..bytes.len() - 30]);
    let replayed = run([&"replay", &cut]).says(&["is not complete"]);
    assert_eq!((replayed.code, replayed.out.len()), (Some(1), 32));
    run([&"replay", &program])
        .expect(1, "")
        .says(&["this is not a recording"]);
    run([&"run", &"--embed-modules", &program])
        .expect(2, "")
        .says(&["--record"]);
}

#[test]
fn a_recording_is_read_at_any_instruction() {
    let text = r#"(module $m (memory 1)
        (func $set (param i32) (i32.store (i32.const 64) (local.get 0)))
        (func $run (export "run") (call $set (i32.const 7)) (call $set (i32.const 0)) (unreachable)))"#;
    let program = file("recordings/written.wat", text);
    let log = path("written.log");
    let recorded = run([&"run", &"--record", &log, &"--invoke", &"run", &program]);
    assert_eq!(recorded.code, Some(134));
    let written = run([&"replay", &log, &"--last-write", &"64:4"]);
    assert_eq!(written.code, Some(0), "{}", written.err);
    assert!(
        written
            .out
            .contains("by this instruction: 07 00 00 00 -> 00 00 00 00")
    );
    assert!(written.out.contains("`i32.store`") && written.out.contains("m!set\n"));
    let earlier = run([&"replay", &log, &"--last-write", &"0x40:1", &"--at", &"8"]);
    assert!(
        earlier.out.contains("instruction: 00 -> 07"),
        "{}",
        earlier.out
    );
    let never = run([&"replay", &log, &"--last-write", &"128:4"]);
    assert_eq!(
        never.out,
        "0x80:4 of memory 0 was never written: 00 00 00 00\n"
    );
    let end = run([&"replay", &log, &"--at", &"end"]);
    assert!(
        end.out
            .starts_with("the end, after 13 instructions:\nerror while executing"),
        "{}",
        end.out
    );
    let dump = path("written.core");
    let dumped = run([&"replay", &log, &"--coredump-at", &"4", &dump]);
    assert_eq!((dumped.code, &*dumped.out), (Some(0), ""), "{}", dumped.err);
    let inspected = run([&"inspect", &dump, &"--module", &program]);
    assert!(inspected.out.contains("in m!set(7)"), "{}", inspected.out);
    let call = run([&"replay", &log, &"--last-call", &"set", &"--at", &"7"]);
    assert!(call.out.starts_with("instruction 4 of 13"), "{}", call.out);
    for (arguments, reason) in [
        (
            ["--last-write", "64"],
            "is not an address and a number of bytes",
        ),
        (["--last-call", "missing"], "has no function `missing`"),
        (["--at", "x"], "is not a count"),
    ] {
        let refused = run([&"replay", &log, &arguments[0], &arguments[1]]);
        assert_ne!(refused.code, Some(0));
        assert!(refused.err.contains(reason), "{}", refused.err);
    }
}
