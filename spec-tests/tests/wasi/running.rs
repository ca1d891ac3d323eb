//! `backstitch run` with WASI programs.

use crate::command::{backstitch, file};
use crate::guest::Folder;
use backstitch::CoreDump;
use std::fs;
use std::path::Path;

/// Writes its arguments, then its environment, each string followed by a NUL, and then its input to
/// its output. Writes the input to the file `copy` in its first directory. Exits with the number of
/// its arguments as its code.
const PROGRAM: &str = r#"
(module $show
  (import "wasi_snapshot_preview1" "args_get" (func $args (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_sizes_get"
    (func $args_sizes (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_get" (func $env (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_sizes_get"
    (func $env_sizes (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_open"
    (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "clock_time_get"
    (func $clock (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 64) "copy")
  (func $put (param $fd i32) (param $at i32) (param $len i32)
    (i32.store (i32.const 0) (local.get $at))
    (i32.store (i32.const 4) (local.get $len))
    (drop (call $write (local.get $fd) (i32.const 0) (i32.const 1) (i32.const 8))))
  (func (export "_start") (local $count i32)
    (drop (call $args_sizes (i32.const 16) (i32.const 20)))
    (drop (call $args (i32.const 1024) (i32.const 4096)))
    (call $put (i32.const 1) (i32.const 4096) (i32.load (i32.const 20)))
    (local.set $count (i32.load (i32.const 16)))
    (drop (call $env_sizes (i32.const 16) (i32.const 20)))
    (drop (call $env (i32.const 1024) (i32.const 4096)))
    (call $put (i32.const 1) (i32.const 4096) (i32.load (i32.const 20)))
    (i32.store (i32.const 0) (i32.const 4096))
    (i32.store (i32.const 4) (i32.const 4096))
    (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 16)))
    (call $put (i32.const 1) (i32.const 4096) (i32.load (i32.const 16)))
    (if (i32.eqz (call $open (i32.const 3) (i32.const 0) (i32.const 64) (i32.const 4)
        (i32.const 9) (i64.const 64) (i64.const 0) (i32.const 0) (i32.const 32)))
      (then (call $put (i32.load (i32.const 32)) (i32.const 4096) (i32.load (i32.const 16)))))
    (call $exit (local.get $count)))
  (func $fault (unreachable))
  (func (export "trap") (call $fault))
  (func (export "chance") (result i64)
    (drop (call $clock (i32.const 0) (i64.const 0) (i32.const 0)))
    (drop (call $random (i32.const 8) (i32.const 8)))
    (i64.xor (i64.load (i32.const 0)) (i64.load (i32.const 8)))))"#;

fn run<'a>(options: &[&'a str], path: &'a Path, arguments: &[&'a str]) -> crate::command::Run {
    let mut all = vec!["run"];
    all.extend(options);
    all.push(path.to_str().expect("the path is UTF-8"));
    all.extend(arguments);
    backstitch(all)
}

#[test]
fn a_program_sees_only_what_it_is_given() {
    let path = file("show.wat", PROGRAM);
    run(&[], &path, &[]).expect(1, "show.wat\0");
    run(
        &["--env", "A=1", "--env", "B=x=y", "--env", "C="],
        &path,
        &[],
    )
    .expect(1, "show.wat\0A=1\0B=x=y\0C=\0");
    run(&["--env", "CARGO_MANIFEST_DIR"], &path, &[]).expect(
        1,
        &format!(
            "show.wat\0CARGO_MANIFEST_DIR={}\0",
            env!("CARGO_MANIFEST_DIR")
        ),
    );
    run(&["--env", "NOT_A_VARIABLE"], &path, &[])
        .expect(1, "")
        .says(&["`NOT_A_VARIABLE`", "`--env NOT_A_VARIABLE=VALUE`"]);
    let input = file("input.txt", "typed");
    run(&["--stdin", input.to_str().unwrap()], &path, &[]).expect(1, "show.wat\0typed");
    run(&["--stdin", "/no/such/file"], &path, &[])
        .expect(1, "")
        .says(&["cannot read `/no/such/file`"]);
}

#[test]
fn arguments_after_the_file_are_the_programs() {
    let path = file("arguments.wat", PROGRAM);
    let arguments = ["--dir", "x", "--env", "-h", "--", "--help", "", "two words"];
    run(&[], &path, &arguments).expect(
        9,
        "arguments.wat\0--dir\0x\0--env\0-h\0--\0--help\0\0two words\0",
    );
}

#[test]
fn directories_are_written_unless_the_run_is_deterministic() {
    let path = file("directory.wat", PROGRAM);
    let input = file("contents.txt", "contents");
    let folder = Folder::new();
    let given = format!("{}::/", folder.path().display());
    let options = ["--dir", &given, "--stdin", input.to_str().unwrap()];
    let all = [&options[..], &["--deterministic"]].concat();
    run(&all, &path, &[]).expect(1, "directory.wat\0contents");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    run(&options, &path, &[]).expect(1, "directory.wat\0contents");
    assert_eq!(fs::read(folder.path().join("copy")).unwrap(), b"contents");
    run(&["--dir", "/no/such/folder"], &path, &[])
        .expect(1, "")
        .says(&["--dir /no/such/folder", "cannot open the directory"]);
}

#[test]
fn random_bytes_depend_on_the_seed() {
    let path = file("chance.wat", PROGRAM);
    let chance = |options: &[&str]| {
        let run = run(&[options, &["--invoke", "chance"]].concat(), &path, &[]);
        assert_eq!(run.code, Some(0), "{}", run.err);
        run.out
    };
    let seeded = chance(&["--deterministic=5"]);
    assert_eq!(chance(&["--deterministic=5"]), seeded);
    assert_ne!(chance(&["--deterministic=6"]), seeded);
    assert_eq!(chance(&["--deterministic"]), chance(&["--deterministic=0"]));
    assert_ne!(chance(&[]), chance(&[]));
}

#[test]
fn each_call_writes_a_line_to_the_trace() {
    let path = file("traced.wat", PROGRAM);
    let folder = Folder::new();
    let trace = folder.path().join("trace");
    let option = ["--trace", trace.to_str().unwrap()];
    let traced = |options: &[&str]| {
        let run = run(&[&option[..], options].concat(), &path, &["argument"]);
        assert_eq!(run.code, Some(2), "{}", run.err);
        fs::read_to_string(&trace).expect("a trace")
    };
    let counted = traced(&["--deterministic=5"]);
    assert_eq!(traced(&["--deterministic=5"]), counted);
    let lines: Vec<_> = counted.lines().map(str::trim_start).collect();
    assert_eq!(lines.len(), 10);
    assert_eq!(lines[0], "4 args_sizes_get(0x10, 0x14): done");
    assert!(lines[8].contains(" path_open(0x3, 0x0, 0x40, 0x4, 0x9, 0x40, 0x0, 0x0, 0x20): "));
    assert!(lines[8].ends_with(": bad file descriptor"), "{}", lines[8]);
    assert!(lines[9].ends_with(" proc_exit(0x2)"), "{}", lines[9]);
    // Without counting instructions, the trace has the same calls.
    let uncounted = lines.iter().map(|line| line.split_once(' ').unwrap().1);
    assert!(traced(&[]).lines().eq(uncounted));
    run(&["--trace", "/no/such/folder/trace"], &path, &[])
        .expect(1, "")
        .says(&["cannot write `/no/such/folder/trace`"]);
}

#[test]
fn a_trap_prints_its_backtrace() {
    let path = file("trap.wat", PROGRAM);
    run(&["--invoke", "trap"], &path, &[])
        .expect(134, "")
        .says(&["wasm backtrace", "show!fault", "unreachable"]);
}

#[test]
fn a_trap_writes_a_core_dump_and_an_exit_does_not() {
    let path = file("dies.wat", PROGRAM);
    let folder = Folder::new();
    let dump = folder.path().join("%p.core");
    let option = ["--coredump", dump.to_str().unwrap()];
    run(&option, &path, &[]).expect(1, "dies.wat\0");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    run(&[&option[..], &["--invoke", "trap"]].concat(), &path, &[])
        .expect(134, "")
        .says(&["show!fault", "Core dump written to", "dies.core"]);
    let bytes = fs::read(folder.path().join("dies.core")).unwrap();
    let dump = CoreDump::parse(&bytes).expect("a core dump");
    let frames = &dump.threads()[0].frames;
    assert_eq!(frames.len(), 2);
    let inspected = backstitch(["inspect", folder.path().join("dies.core").to_str().unwrap()]);
    assert_eq!(inspected.code, Some(0), "{}", inspected.err);
}

#[test]
fn a_reactor_is_initialised_first() {
    let text = r#"(module
        (import "wasi_snapshot_preview1" "sched_yield" (func $yield (result i32)))
        (memory (export "memory") 1)
        (global $ready (mut i32) (i32.const 0))
        (func (export "_initialize")
            (global.set $ready (i32.add (global.get $ready) (i32.const 7))))
        (func (export "ready") (result i32) (global.get $ready)))"#;
    let path = file("library.wat", text);
    run(&["--invoke", "ready"], &path, &[]).expect(0, "7\n");
    run(&["--invoke", "_initialize"], &path, &[]).expect(0, "");
    run(&[], &path, &[]).expect(0, "");
}

/// Exceeds a limit in four ways. Each result is an error number of preview 1.
const GREEDY: &str = r#"
(module $greedy
  (import "wasi_snapshot_preview1" "fd_allocate"
    (func $allocate (param i32 i64 i64) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_open"
    (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "poll_oneoff"
    (func $poll (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (memory (export "memory") 2)
  (data (i32.const 0) "file")
  (data (i32.const 16) "\00\04\00\00\00\00\01\00") ;; 64 KiB at 1024
  (data (i32.const 24) "\00\00\00\00\ff\ff\ff\ff") ;; 4 GiB at 0
  (data (i32.const 80) "\01\00\00\00\00\00\00\00\ff\ff\ff\ff\ff\ff\ff\ff") ;; no end
  (func $make (result i32)
    (call $open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 4)
      (i32.const 1) (i64.const 66) (i64.const 0) (i32.const 0) (i32.const 8)))
  ;; Returns the error, and the number of calls before without one.
  (func (export "open") (result i32 i32) (local $errno i32) (local $count i32)
    (loop $again
      (if (i32.eqz (local.tee $errno (call $make)))
        (then
          (local.set $count (i32.add (local.get $count) (i32.const 1)))
          (br $again))))
    (local.get $errno) (local.get $count))
  (func (export "write") (result i32 i64) (local $errno i32) (local $count i64)
    (drop (call $make))
    (loop $again
      (if (i32.eqz (local.tee $errno (call $write (i32.load (i32.const 8)) (i32.const 16)
          (i32.const 1) (i32.const 12))))
        (then
          (local.set $count (i64.add (local.get $count) (i64.load32_u (i32.const 12))))
          (br $again))))
    (local.get $errno) (local.get $count))
  (func (export "size") (result i32 i32 i32 i32 i32)
    (drop (call $make))
    (call $allocate (i32.load (i32.const 8)) (i64.const 0) (i64.const 0x3fff_ffff_ffff_ffff))
    (call $read (i32.const 0) (i32.const 24) (i32.const 1) (i32.const 12))
    (call $write (i32.const 1) (i32.const 16) (i32.const -1) (i32.const 12))
    (call $random (i32.const 0) (i32.const -1))
    (memory.grow (i32.const 0xffff)))
  (func $wait (export "wait") (result i32)
    (call $poll (i32.const 64) (i32.const 1024) (i32.const 1) (i32.const 12))))"#;

#[test]
fn limits_are_enforced() {
    let path = file("greedy.wat", GREEDY);
    let folder = Folder::new();
    let given = format!("{}::/", folder.path().display());
    let greedy = |name: &str, options: &[&str]| {
        let all = [&["--dir", &given, "--invoke", name], options].concat();
        run(&all, &path, &[])
    };
    for deterministic in [&[][..], &["--deterministic"]] {
        let greedy =
            |name: &str, options: &[&str]| greedy(name, &[deterministic, options].concat());
        greedy("open", &[]).expect(0, "33\n1020\n");
        greedy("open", &["--max-files", "10"]).expect(0, "33\n6\n");
        let bytes = ["--max-file-bytes", "1000000"];
        greedy("write", &bytes).expect(0, "19\n1000000\n");
        let size = greedy("size", &["--max-memory", "10000000"]);
        assert!(size.out.ends_with("\n21\n28\n21\n-1\n"), "{}", size.out);
        assert!(size.out.starts_with("19\n"), "{}", size.out);
    }
    greedy("wait", &["--max-wait", "50"])
        .expect(134, "")
        .says(&["waited for more than 50ms", "greedy!wait"]);
    // Virtual time advances at once.
    greedy("wait", &["--deterministic"]).expect(0, "0\n");
    // Files in memory have a quota that is less than the program writes.
    greedy("write", &["--deterministic"]).expect(0, "51\n268369920\n");
}
