//! Programs with threads end when they must, whatever their threads do at that moment.

use crate::command::program;
use std::fs;
use std::io::Read;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Actions that never end, and never return to the code that follows.
const ENDLESS: [(&str, &str); 4] = [
    (
        "waits at an address",
        "(drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1)))",
    ),
    ("is busy", "(nop)"),
    ("sleeps", "(call $sleep (i64.const 3600000000000))"),
    ("reads", "(call $read)"),
];

/// Actions that end the program, with its exit code.
const ENDS: [(&str, &str, i32); 2] = [
    ("exits", "(call $exit (i32.const 99))", 99),
    ("traps", "unreachable", 134),
];

/// Returns a program whose first thread executes `first` after it has started another, which
/// executes `other`.
fn text(first: &str, other: &str) -> String {
    format!(
        r#"(module
          (import "env" "memory" (memory 1 1 shared))
          (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
          (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
          (import "wasi_snapshot_preview1" "fd_read"
            (func $fd_read (param i32 i32 i32 i32) (result i32)))
          (import "wasi_snapshot_preview1" "poll_oneoff"
            (func $poll (param i32 i32 i32 i32) (result i32)))
          (export "memory" (memory 0))
          (func $sleep (param $nanoseconds i64)
            (i64.store (i32.const 1048) (local.get $nanoseconds))
            (i32.store (i32.const 1040) (i32.const 1))
            (drop (call $poll
              (i32.const 1024) (i32.const 1088) (i32.const 1) (i32.const 1152))))
          (func $read
            (i32.store (i32.const 2048) (i32.const 3000))
            (i32.store (i32.const 2052) (i32.const 1))
            (drop (call $fd_read (i32.const 0) (i32.const 2048) (i32.const 1) (i32.const 2056))))
          ;; Lets the other thread come to its action.
          (func $late
            (drop (memory.atomic.wait32 (i32.const 12) (i32.const 0) (i64.const 20000000))))
          (func (export "wasi_thread_start") (param $number i32) (param $argument i32) {other})
          (func (export "_start")
            (if (i32.le_s (call $spawn (i32.const 7)) (i32.const 0)) (then unreachable))
            {first}))"#
    )
}

/// Waits for a program, at most for a minute.
fn ended(mut child: Child, what: &str) -> (Option<i32>, String) {
    let begun = Instant::now();
    loop {
        if let Some(status) = child.try_wait().expect("the program was started") {
            let mut errors = String::new();
            let mut stream = child.stderr.take().expect("it is piped");
            stream.read_to_string(&mut errors).expect("it is text");
            return (status.code(), errors);
        }
        if begun.elapsed() > Duration::from_secs(60) {
            child.kill().expect("it can be ended");
            panic!("the program does not end: {what}");
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Runs a program in every way, with an input that stays open.
fn check(name: &str, text: &str, code: i32) {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("threads");
    fs::create_dir_all(&folder).expect("a folder");
    let path = folder.join(name.replace(' ', "-")).with_extension("wat");
    fs::write(&path, text).expect("a file");
    for arguments in [&["run"][..], &["run", "--deterministic=5"]] {
        let what = format!("{name}: {arguments:?}");
        let child = Command::new(program())
            .args(arguments)
            .arg(&path)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the command can be started");
        let (found, errors) = ended(child, &what);
        assert_eq!(found, Some(code), "{what}: {errors}");
    }
}

#[test]
fn a_program_ends_whatever_its_other_thread_does() {
    for (doing, endless) in ENDLESS {
        let endless = format!("(loop $again {endless} (br $again))");
        for (ending, ends, code) in ENDS {
            let ends = format!("(call $late) {ends}");
            let name = format!("main {ending} while another {doing}");
            check(&name, &text(&ends, &endless), code);
            let name = format!("another {ending} while main {doing}");
            check(&name, &text(&endless, &ends), code);
        }
        let name = format!("main returns while another {doing}");
        check(&name, &text("(call $late)", &endless), 0);
    }
}

#[test]
fn threads_have_numbers_arguments_and_globals_of_their_own() {
    // Each of 20 threads, of which never more than one lives, checks its number and its argument.
    let first = "(local $n i32) (local $thread i32)
        (loop $again
          (i32.atomic.store (i32.const 4) (i32.const 0))
          (local.set $thread (call $spawn (i32.add (local.get $n) (i32.const 100))))
          (if (i32.le_s (local.get $thread) (i32.const 0)) (then unreachable))
          (loop $wait
            (drop (memory.atomic.wait32 (i32.const 4) (i32.const 0) (i64.const -1)))
            (br_if $wait (i32.eqz (i32.atomic.load (i32.const 4)))))
          (if (i32.ne (i32.atomic.load (i32.const 4)) (local.get $thread)) (then unreachable))
          (br_if $again
            (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 20))))
        ;; The global of the first thread is untouched.
        (call $exit (i32.add (global.get $own) (i32.atomic.load (i32.const 16))))";
    let other = "(global.set $own (i32.add (global.get $own) (i32.const 1)))
        (if (i32.ne (global.get $own) (i32.const 1)) (then unreachable))
        (drop (i32.atomic.rmw.add (i32.const 16) (i32.const 1)))
        (if (i32.ne (local.get $argument) (i32.add (local.get $number) (i32.const 99)))
          (then unreachable))
        (i32.atomic.store (i32.const 4) (local.get $number))
        (drop (memory.atomic.notify (i32.const 4) (i32.const 1)))";
    let text = text("", other)
        .replace(
            r#"(func (export "_start")"#,
            r#"(global $own (mut i32) (i32.const 0)) (func (export "_start")"#,
        )
        .replace(
            "(if (i32.le_s (call $spawn (i32.const 7)) (i32.const 0)) (then unreachable))",
            first,
        );
    check("numbers and arguments", &text, 20);
}

#[test]
fn a_thread_that_exits_with_zero_ends_the_program() {
    let other = "(call $late) (call $exit (i32.const 0))";
    let first = "(loop $again (br $again))";
    check("exit with zero", &text(first, other), 0);
}
