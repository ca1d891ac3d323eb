//! Traces: calls with arguments and results, through continuations, exceptions and traps, and accesses to
//! memory (D3).

use crate::command::{Run, backstitch, file};
use crate::lined::lined;
use std::fs;
use std::path::{Path, PathBuf};

/// Calls `run` of a module, with a trace.
fn trace(options: &[&str], module: &Path, arguments: &[&str]) -> Run {
    let call = ["--invoke", "run", module.to_str().unwrap()];
    backstitch([&["run"], options, &call, arguments].concat())
}

fn formulas() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("coverage/modules/formulas.wasm")
}

/// Fails unless a trace of all calls of `run` has these lines.
#[track_caller]
fn expect_calls(name: &str, text: &str, arguments: &[&str], lines: &str) {
    let module = file(&format!("traces/{name}.wat"), text);
    let run = trace(&["--trace-calls"], &module, arguments);
    let expected: String = lines
        .lines()
        .map(|line| format!("{}\n", &line[8..]))
        .collect();
    assert!(
        run.err.starts_with(&expected),
        "expected\n{expected}\nfound\n{}",
        run.err
    );
    let rest = &run.err[expected.len()..];
    assert!(
        rest.is_empty() || rest.starts_with("Error: "),
        "{}",
        run.err
    );
}

#[test]
fn calls_are_traced_through_continuations() {
    let program = r#"(module
        (type $f (func)) (type $k (cont $f))
        (tag $pause)
        (elem declare func $work)
        (func $work (call $step (i32.const 1)) (suspend $pause) (call $step (i32.const 2)) (suspend $pause))
        (func $step (param i32))
        (func $generate (param $k (ref $k)) (result (ref $k))
            (block $paused (result (ref $k)) (resume $k (on $pause $paused) (local.get $k)) (unreachable)))
        (func (export "run")
            (call $generate (cont.new $k (ref.func $work)))
            (call $step (i32.const 7))
            (drop (call $generate))))"#;
    // A continuation's reference is its number and revision.
    let module = file("traces/continuations.wat", program);
    let run = trace(&["--trace-calls"], &module, &[]);
    assert_eq!(run.code, Some(0), "{}", run.err);
    let lines: Vec<&str> = run
        .err
        .lines()
        .filter(|line| !line.contains("generate("))
        .collect();
    let begins = |prefix: &str| {
        lines
            .iter()
            .filter(|line| line.trim().starts_with(prefix))
            .count()
    };
    assert_eq!(begins("< generate = continuation "), 2, "{}", run.err);
    let others: Vec<&str> = lines
        .into_iter()
        .filter(|line| !line.contains("< generate"))
        .collect();
    let expected = [
        "> run()",
        "    ~ generate resumes a continuation",
        "    > work()",
        "      > step(1)",
        "      < step",
        "      ~ work suspends with tag 0",
        "  > step(7)",
        "  < step",
        "    ~ generate resumes a continuation",
        "      > step(2)",
        "      < step",
        "      ~ work suspends with tag 0",
        "< run",
    ];
    assert_eq!(others, expected);
}

#[test]
fn all_ways_out_of_a_function_are_seen() {
    let program = r#"(module
        (elem declare func $table)
        (func $end (param i64) (result i64) (local.get 0))
        (func $return (result f64 i32) (block (loop (return (f64.const 1.5) (i32.const -2)))) (unreachable))
        (func $br (result i32) (block (br 1 (i32.const 3))) (unreachable))
        (func $br_if (param i32) (result i32) (br_if 0 (i32.const 4) (local.get 0)) (drop) (i32.const 5))
        (func $table (param i32) (result i32)
            (block (result i32) (br_table 0 1 0 (i32.const 6) (local.get 0)))
            (i32.add (i32.const 1)))
        (func $null (param funcref) (result i32)
            (drop (br_on_null 0 (i32.const 8) (local.get 0))) (drop) (i32.const 9))
        (func $non_null (param funcref) (result funcref)
            (br_on_non_null 0 (local.get 0)) (ref.null func))
        (func $down (param i32) (result i32)
            (if (i32.eqz (local.get 0)) (then (return (i32.const 10))))
            (return_call $down (i32.sub (local.get 0) (i32.const 1))))
        (func (export "run")
            (drop (call $end (i64.const -1)))
            (call $return) (drop) (drop)
            (drop (call $br))
            (drop (call $br_if (i32.const 0))) (drop (call $br_if (i32.const 1)))
            (drop (call $table (i32.const 0))) (drop (call $table (i32.const 1))) (drop (call $table (i32.const -1)))
            (drop (call $null (ref.func $table))) (drop (call $null (ref.null func)))
            (drop (call $non_null (ref.null func)))
            (drop (call $down (i32.const 1)))))"#;
    let module = file("traces/ways.wat", program);
    let run = trace(&["--trace-calls"], &module, &[]).expect(0, "");
    let ends = run.err.lines().filter(|line| line.starts_with("  < "));
    let ends: Vec<&str> = ends.map(|line| &line[4..]).collect();
    let expected = [
        "end = -1",
        "return = 1.5, -2",
        "br = 3",
        "br_if = 5",
        "br_if = 4",
        "table = 7",
        "table = 6",
        "table = 7",
        "null = 9",
        "null = 8",
        "non_null = null",
        "down becomes down",
        "down = 10",
    ];
    assert_eq!(ends, expected, "{}", run.err);
    assert!(!run.err.contains('!'), "{}", run.err);
}

#[test]
fn exceptions_traps_and_exits_end_calls() {
    let program = r#"(module
        (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
        (memory (export "memory") 1)
        (type $f (func)) (type $k (cont $f))
        (tag $wrong)
        (elem declare func $fails)
        (func $throws (throw $wrong))
        (func $calls (call $throws))
        (func $catches (block $h (try_table (catch $wrong $h) (call $calls))))
        (func $fails (drop (i32.div_s (i32.const 1) (i32.const 0))))
        (func $leaves (call $exit (i32.const 3)))
        (func (export "run") (param i32)
            (call $catches)
            (if (local.get 0) (then (call $leaves)))
            (resume $k (cont.new $k (ref.func $fails)))))"#;
    expect_calls(
        "traps",
        program,
        &["0"],
        "        > run(0)
          > catches()
            > calls()
              > throws()
              ! throws is left
            ! calls is left
          < catches
          ~ run resumes a continuation
          > fails()
          ! fails trapped: wasm trap: integer divide by zero
        ! run trapped: wasm trap: integer divide by zero",
    );
    let module = file("traces/exits.wat", program);
    let run = trace(&["--trace-calls=[le]*", "--fuel", "1e3"], &module, &["1"]);
    assert_eq!(run.code, Some(1), "{}", run.err);
    let run = trace(&["--trace-calls=l?aves"], &module, &["1"]).expect(3, "");
    assert_eq!(run.err, "> leaves()\n! leaves left: the program exits\n");
    let endless = file(
        "traces/endless.wat",
        "(module (func (export \"run\") (loop (br 0))))",
    );
    let run = trace(&["--trace-calls", "--fuel", "1e3"], &endless, &[]);
    assert_eq!(run.code, Some(134), "{}", run.err);
    run.says(&["> run()\n! run trapped: wasm trap: all fuel consumed by WebAssembly\n"]);
}

#[test]
fn d3_accesses_to_memory_are_traced() {
    let program = r#"(module (memory 1)
        (func $fill (memory.fill (i32.const 0) (i32.const 7) (i32.const 100)))
        (func (export "run") (param i32) (result i32)
            (i32.store (i32.const 16) (local.get 0))
            (call $fill)
            (i64.store offset=8 (i32.const 16) (i64.const 0))
            (i32.load8_u (i32.const 19))))"#;
    let module = file("traces/memory.wasm", lined(program));
    let run = trace(&["--trace-memory", "16:4"], &module, &["5"]).expect(0, "7\n");
    let expected = "\
        write of 4 bytes at 0x10 by run+0x5 (/program.wat:103)\n\
        write of 100 bytes at 0x0 by fill+0x8 (/program.wat:4)\n\
        read of 1 byte at 0x13 by run+0x13 (/program.wat:109)\n";
    assert_eq!(run.err, expected);
    let both = [
        "--trace-memory",
        "0x10:4",
        "--trace-memory",
        "24:1",
        "--trace-calls",
    ];
    let run = trace(&both, &module, &["5"]).expect(0, "7\n");
    run.says(&[
        "> run(5)\n  write of 4",
        "write of 8 bytes at 0x18",
        "\n< run = 7\n",
    ]);
}

#[test]
fn traces_have_the_same_bytes_and_go_to_files() {
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join("formulas.trace");
    let out = out.to_str().unwrap();
    let bytes = || {
        let options = [
            "--trace-calls",
            "--trace-memory",
            "0x400:2K",
            "--trace-output",
            out,
        ];
        let run = trace(&options, &formulas(), &["1"]).expect(0, "21\n");
        assert_eq!(run.err, "");
        fs::read_to_string(out).unwrap()
    };
    let first = bytes();
    assert_eq!(first, bytes());
    assert!(
        first.contains("    > product(") && first.contains("(/programs/formulas.c:80)"),
        "{first}"
    );
    let run = trace(&["--trace-calls=ato"], &formulas(), &["1"]).expect(0, "21\n");
    assert!(
        run.err
            .lines()
            .all(|line| line.trim().split_at(2).1.starts_with("atom")),
        "{}",
        run.err
    );
    assert_eq!(run.err.lines().count(), 12, "{}", run.err);
}

#[test]
fn what_cannot_be_traced_is_refused() {
    let refused = |options: &[&str], code: i32, message: &str| {
        let run = trace(options, &formulas(), &["1"]).expect(code, "");
        run.says(&[message]);
    };
    refused(
        &["--trace-calls=none"],
        1,
        "defines no function whose name matches `none`",
    );
    refused(&["--trace-output", "x"], 1, "--trace-output needs");
    refused(
        &["--trace-calls", "--record", "x"],
        2,
        "cannot be used with",
    );
    refused(
        &["--trace-calls", "--profile", "x"],
        2,
        "cannot be used with",
    );
    for range in ["4", "x:1", "0x10:0", "0xffffffffffffffff:2"] {
        refused(&["--trace-memory", range], 2, "--trace-memory");
    }
    refused(
        &["--trace-calls", "--trace-output", "no/such/file"],
        1,
        "cannot write the trace",
    );
    let bare = file("traces/bare.wat", "(module (func (export \"run\")))");
    let run = trace(&["--trace-memory", "0:4"], &bare, &[]);
    run.expect(1, "").says(&["no memory that could be traced"]);
    let threads = file(
        "traces/threads.wat",
        r#"(module (import "wasi" "thread-spawn" (func (param i32) (result i32)))
            (import "env" "memory" (memory 1 1 shared))
            (func (export "wasi_thread_start") (param i32 i32))
            (func (export "run")))"#,
    );
    let run = trace(&["--trace-calls"], &threads, &[]);
    run.expect(1, "").says(&["cannot trace", "it has threads"]);
}
