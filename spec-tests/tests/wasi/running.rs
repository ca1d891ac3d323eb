//! `backstitch run` with programs of WASI.

use crate::command::{backstitch, file};
use crate::guest::Folder;
use std::fs;
use std::path::Path;

/// Writes its arguments, each followed by a NUL, then its environment in the same way, then
/// its input, to its output; then the input to the file `copy` of its first directory; and
/// ends with the number of its arguments as its code.
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
fn a_program_sees_what_it_is_given_and_nothing_else() {
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
fn what_follows_the_file_is_the_programs() {
    let path = file("arguments.wat", PROGRAM);
    let arguments = ["--dir", "x", "--env", "-h", "--", "--help", "", "two words"];
    run(&[], &path, &arguments).expect(
        9,
        "arguments.wat\0--dir\0x\0--env\0-h\0--\0--help\0\0two words\0",
    );
}

#[test]
fn a_directory_is_written_to_unless_the_run_is_deterministic() {
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
fn chance_follows_from_the_seed() {
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
fn a_trap_shows_where_it_was() {
    let path = file("trap.wat", PROGRAM);
    run(&["--invoke", "trap"], &path, &[])
        .expect(134, "")
        .says(&["wasm backtrace", "show!fault", "unreachable"]);
}

#[test]
fn a_library_is_made_ready_first() {
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
