//! `explore`: the programs of `spec-tests/explore`, each with a bug and without it.
//!
//! The corrected programs run under 250 schedules each. `EXPLORE_RUNS=10000` sets another number.

use super::command::{backstitch, file};
use serde_json::Value;
use std::path::PathBuf;

/// The programs, and what is found in the broken ones. Data races are only looked for where nothing
/// else can be found.
const PROGRAMS: [(&str, &str); 12] = [
    ("aba", "trap"),
    ("barrier-reuse", "deadlock"),
    ("bounded-queue", "trap"),
    ("double-checked-initialisation", "race"),
    ("lock-order", "deadlock"),
    ("lost-update", "trap"),
    ("lost-wake-up", "deadlock"),
    ("missing-notify-all", "deadlock"),
    ("peterson", "trap"),
    ("reader-writer-lock", "trap"),
    ("reference-count", "trap"),
    ("use-after-free", "trap"),
];

fn program(folder: &str, name: &str) -> PathBuf {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    root.join(format!("explore/{folder}/{name}.wat"))
}

/// Runs `explore --json` with options and a program, and returns its exit code and what it prints.
fn explore(options: &[&str], program: &str) -> (Option<i32>, Value) {
    let arguments = ["explore", "--json"];
    let run = backstitch(arguments.iter().chain(options).chain([&program]));
    assert_eq!(run.err, "");
    (run.code, serde_json::from_str(&run.out).unwrap())
}

/// Returns what is found, without the number of the run.
fn found(report: &Value) -> Value {
    let mut found = report["found"].clone();
    if let Some(fields) = found.as_object_mut() {
        fields.remove("run");
    }
    found
}

#[test]
fn each_bug_is_found_and_repeated() {
    for (name, kind) in PROGRAMS {
        let path = program("broken", name);
        let path = path.to_str().unwrap();
        let options: &[&str] = if kind == "race" { &["--races"] } else { &[] };
        let (code, report) = explore(options, path);
        let found_first = found(&report);
        assert_eq!(
            (code, found_first["kind"].as_str()),
            (Some(3), Some(kind)),
            "{name}"
        );
        // The printed command is one of its own. Paths here contain no quotes.
        let command = found_first["repeat"].as_str().unwrap();
        let mut words: Vec<&str> = command
            .split(' ')
            .map(|word| word.trim_matches('\''))
            .collect();
        assert_eq!(words.remove(0), "backstitch");
        words.insert(1, "--json");
        let run = backstitch(&words);
        assert_eq!(run.code, Some(3), "{command}");
        let repeated: Value = serde_json::from_str(&run.out).unwrap();
        assert_eq!(found(&repeated), found_first, "{command}");
        // The switches that remain matter, so they are few.
        let switches = found_first["switches"].as_array().unwrap();
        assert!(switches.len() <= 5, "{name}: {switches:?}");
        for switch in switches {
            assert!(switch["continues"]["thread"].is_u64(), "{switch}");
        }
    }
}

#[test]
fn nothing_is_found_in_corrected_programs() {
    let runs = std::env::var("EXPLORE_RUNS").unwrap_or_else(|_| "250".to_string());
    for (name, _) in PROGRAMS {
        let path = program("corrected", name);
        let path = path.to_str().unwrap();
        for policy in ["random", "pct", "turns"] {
            let options = ["--races", "--runs", &runs, "--policy", policy];
            let (code, report) = explore(&options, path);
            assert_eq!(code, Some(0), "{name}: {report}");
            assert_eq!(report["found"], Value::Null);
            assert_eq!(report["unfinished"], 0, "{name}");
        }
    }
}

#[test]
fn other_output_and_other_exit_codes_are_found() {
    let text = r#"(module
        (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
        (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
        (import "wasi_snapshot_preview1" "fd_write"
          (func $write (param i32 i32 i32 i32) (result i32)))
        (import "env" "memory" (memory 1 1 shared))
        (export "memory" (memory 0))
        (func (export "wasi_thread_start") (param i32 i32)
          (i32.atomic.store (i32.const 0) (i32.const 1)))
        (func (export "_start") (local $set i32)
          (i32.store (i32.const 16) (i32.const 24))
          (i32.store (i32.const 20) (i32.const 2))
          (drop (call $spawn (i32.const 0)))
          (local.set $set (i32.atomic.load (i32.const 0)))
          ACTION))"#;
    let print = r#"(i32.store16 (i32.const 24) (i32.add (i32.const 0x0a30) (local.get $set)))
          (drop (call $write (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 32)))"#;
    let path = file("prints.wat", text.replace("ACTION", print));
    let path = path.to_str().unwrap();
    let (code, report) = explore(&[], path);
    assert_eq!(code, Some(3));
    assert_eq!(report["found"]["kind"], "output");
    assert_eq!(report["found"]["first_output"], "0\n");
    assert_eq!(report["found"]["output"], "1\n");
    assert_eq!(report["found"]["switches"].as_array().unwrap().len(), 1);
    let run = backstitch(["explore", path]);
    let parts = [
        "the program prints something else than in the first run\n",
        "it prints:\n  | 1\n",
        "the first run prints:\n  | 0\n",
        "1 switch in the schedule:\n",
        " stops thread 0 before an atomic load of 4 bytes at 0x0, in ",
        " thread 1, which has not begun, continues\n",
        "repeat: backstitch explore --replay 0@",
    ];
    for part in parts {
        assert!(run.out.contains(part), "{part}\n{}", run.out);
    }

    let path = file(
        "exits.wat",
        text.replace("ACTION", "(call $exit (local.get $set))"),
    );
    let (code, report) = explore(&[], path.to_str().unwrap());
    assert_eq!(code, Some(3));
    assert_eq!(report["found"]["kind"], "exit");
    assert_eq!(report["found"]["end"], "exits with code 1");
    assert_eq!(report["found"]["first_end"], "exits with code 0");
}

#[test]
fn a_program_that_does_not_end_is_a_livelock() {
    let text = r#"(module
        (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
        (import "env" "memory" (memory 1 1 shared))
        (func (export "wasi_thread_start") (param i32 i32))
        (func (export "_start")
          (drop (call $spawn (i32.const 0)))
          (loop $again (br_if $again (i32.eqz (i32.atomic.load (i32.const 0)))))))"#;
    let path = file("spins.wat", text);
    let options = ["--runs", "20", "--fuel", "1e4"];
    let (code, report) = explore(&options, path.to_str().unwrap());
    assert_eq!(code, Some(3));
    assert_eq!(report["found"]["kind"], "livelock");
    assert_eq!(report["unfinished"], 20);
}

#[test]
fn wrong_programs_and_schedules_are_refused() {
    let path = file("single.wat", r#"(module (func (export "_start")))"#);
    let run = backstitch(["explore", path.to_str().unwrap()]);
    assert_eq!(run.code, Some(1));
    run.says(&["starts no threads: it does not import `wasi::thread-spawn`"]);
    let run = backstitch(["explore", "--replay", "1@x:2", path.to_str().unwrap()]);
    assert_eq!(run.code, Some(2));
    run.says(&["`1@x:2` is not a switch such as `0@5:1`"]);
}
