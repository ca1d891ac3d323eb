//! The command line: its output, messages and exit codes.

#[path = "command/archives.rs"]
mod archives;
mod command;
#[path = "command/coverage.rs"]
mod coverage;
#[path = "command/entries.rs"]
mod entries;
#[path = "command/explore.rs"]
mod explore;
#[path = "command/files.rs"]
mod files;
#[path = "command/lined.rs"]
mod lined;
#[path = "command/names.rs"]
mod names;
#[path = "command/numbers.rs"]
mod numbers;
#[path = "command/preinit.rs"]
mod preinit;
#[path = "command/profiles.rs"]
mod profiles;
#[path = "command/recordings.rs"]
mod recordings;
#[path = "command/snapshots.rs"]
mod snapshots;
#[path = "command/traces.rs"]
mod traces;

use command::{Run, backstitch, file};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// Program that most of the tests run.
const PROGRAM: &str = r#"
(module $program
  (memory (export "memory") 1)
  (global $count (mut i32) (i32.const 0))
  (func (export "add") (param i32 i32) (result i32)
    (i32.add (local.get 0) (local.get 1)))
  (func (export "add64") (param i64 i64) (result i64)
    (i64.add (local.get 0) (local.get 1)))
  (func (export "halve") (param f64) (result f64)
    (f64.div (local.get 0) (f64.const 2)))
  (func (export "halve32") (param f32) (result f32)
    (f32.div (local.get 0) (f32.const 2)))
  (func (export "pair") (result i32 i64) (i32.const 1) (i64.const -2))
  (func (export "null") (param externref) (result externref) (local.get 0))
  (func (export "loop") (loop (br 0)))
  (func $deep (export "recurse") (call $deep))
  (func $inner (unreachable))
  (func $outer (export "trap") (call $inner))
  (func (export "divide") (param i32 i32) (result i32)
    (i32.div_s (local.get 0) (local.get 1)))
  (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))
"#;

/// Runs `backstitch run [OPTIONS] --invoke FUNCTION PROGRAM ARGUMENTS`.
fn invoke(options: &[&str], function: &str, arguments: &[&str]) -> Run {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    let path = PATH.get_or_init(|| file("program.wat", PROGRAM));
    let mut all: Vec<&OsStr> = vec![OsStr::new("run")];
    all.extend(options.iter().map(OsStr::new));
    all.extend([OsStr::new("--invoke"), OsStr::new(function), path.as_ref()]);
    all.extend(arguments.iter().map(OsStr::new));
    backstitch(all)
}

fn run_text(name: &str, text: &str) -> Run {
    backstitch([OsStr::new("run"), file(name, text).as_ref()])
}

#[test]
fn results_are_printed_one_per_line() {
    invoke(&[], "add", &["2", "3"]).expect(0, "5\n");
    invoke(&[], "pair", &[]).expect(0, "1\n-2\n");
    invoke(&[], "loop", &["1"]).expect(1, "");
}

#[test]
fn integers_are_decimal_or_hexadecimal() {
    invoke(&[], "add", &["-2", "0x10"]).expect(0, "14\n");
    invoke(&[], "add", &["4294967295", "0"]).expect(0, "-1\n");
    invoke(&[], "add", &["-0x80000000", "0"]).expect(0, "-2147483648\n");
    invoke(&[], "add64", &["-9223372036854775808", "-1"]).expect(0, "9223372036854775807\n");
}

#[test]
fn floats_are_printed_in_their_shortest_form() {
    invoke(&[], "halve", &["0.2"]).expect(0, "0.1\n");
    invoke(&[], "halve", &["-8"]).expect(0, "-4\n");
    invoke(&[], "halve", &["-inf"]).expect(0, "-inf\n");
    invoke(&[], "halve", &["nan"]).expect(0, "NaN\n");
    invoke(&[], "halve", &["2e300"]).expect(0, "1e300\n");
    invoke(&[], "halve32", &["0.2"]).expect(0, "0.1\n");
}

#[test]
fn references_are_null() {
    invoke(&[], "null", &["null"]).expect(0, "null\n");
    invoke(&[], "null", &["7"]).expect(1, "").says(&[
        "argument 1 of `null`",
        "extern",
        "`7`",
        "`null`",
    ]);
}

#[test]
fn wrong_arguments() {
    invoke(&[], "add", &["1", "two"]).expect(1, "").says(&[
        "argument 2 of `add`",
        "expected i32",
        "`two`",
    ]);
    invoke(&[], "add", &["1", "4294967296"])
        .expect(1, "")
        .says(&[
            "argument 2 of `add`",
            "from -2147483648 to 4294967295",
            "`4294967296`",
        ]);
    invoke(&[], "halve", &["half"]).expect(1, "").says(&[
        "argument 1 of `halve`",
        "expected f64",
        "`half`",
    ]);
    invoke(&[], "add", &["1"]).expect(1, "").says(&[
        "`add`",
        "(i32, i32) -> i32",
        "2 arguments",
        "1 was given",
    ]);
    invoke(&[], "add", &["1", "2", "--fuel", "7"])
        .expect(1, "")
        .says(&[
            "4 were given",
            "options such as `--fuel` must precede the file",
        ]);
}

#[test]
fn missing_exports() {
    invoke(&[], "subtract", &[]).expect(1, "").says(&[
        "program.wat",
        "no function `subtract`",
        "add(i32, i32) -> i32",
        "pair() -> (i32, i64)",
        "loop()",
    ]);
    invoke(&[], "memory", &[]).expect(1, "").says(&[
        "`memory`",
        "is a memory, not a function",
        "add(i32, i32)",
    ]);
    let path = file("nothing.wat", "(module)");
    backstitch(["run", "--invoke", "f", path.to_str().unwrap()])
        .expect(1, "")
        .says(&["no function `f`; it exports no functions"]);
    backstitch(["run", path.to_str().unwrap(), "7"])
        .expect(1, "")
        .says(&["nothing was run", "`_start`"]);
}

#[test]
fn missing_imports_are_all_listed() {
    let text = r#"(module
        (import "env" "log" (func (param i32 i64) (result f32)))
        (import "env" "memory" (memory 1 2))
        (import "env" "limit" (global (mut i64)))
        (import "env" "table" (table 3 funcref)))"#;
    run_text("imports.wat", text).expect(1, "").says(&[
        "env::log: function (i32, i64) -> f32",
        "env::memory: memory 1..2",
        "env::limit: mutable global i64",
        "env::table: table 3..",
    ]);
}

#[test]
fn without_invoke_the_entry_function_runs() {
    run_text(
        "entry.wat",
        r#"(module (func (export "_start") unreachable))"#,
    )
    .expect(134, "");
    run_text("start.wat", "(module (func $f unreachable) (start $f))").expect(134, "");
    run_text("quiet.wat", "(module (func $f) (start $f))").expect(0, "");
}

#[test]
fn a_trap_shows_its_backtrace() {
    let run = invoke(&[], "trap", &[]).expect(134, "").says(&[
        "Error: ",
        "wasm backtrace:",
        "program!inner",
        "program!outer",
        "wasm trap: wasm `unreachable` instruction executed",
    ]);
    let (inner, outer) = (run.err.find("!inner"), run.err.find("!outer"));
    assert!(inner < outer, "youngest frame first:\n{}", run.err);
    invoke(&[], "divide", &["1", "0"])
        .expect(134, "")
        .says(&["integer divide by zero"]);
}

#[test]
fn limits() {
    invoke(&["--fuel", "10000"], "loop", &[])
        .expect(134, "")
        .says(&["all fuel consumed"]);
    invoke(&["--fuel", "10000"], "add", &["1", "2"]).expect(0, "3\n");
    invoke(&[], "recurse", &[])
        .expect(134, "")
        .says(&["call stack exhausted"]);
    invoke(&["--max-stack", "65536"], "recurse", &[])
        .expect(134, "")
        .says(&["call stack exhausted"]);
    invoke(&["--max-memory", "131072"], "grow", &["1"]).expect(0, "1\n");
    invoke(&["--max-memory", "131072"], "grow", &["2"]).expect(0, "-1\n");
    invoke(&["--max-memory", "1000"], "grow", &["0"])
        .expect(1, "")
        .says(&["program.wat", "memory"]);
}

#[test]
fn translation_modes() {
    invoke(&["--eager"], "add", &["2", "3"]).expect(0, "5\n");
    invoke(&["--lazy"], "add", &["2", "3"]).expect(0, "5\n");
}

#[test]
fn bad_files() {
    backstitch(["run", "/no/such/file.wasm"])
        .expect(1, "")
        .says(&["cannot read `/no/such/file.wasm`"]);
    run_text("text.wat", "(module\n  (func (i32.addd)))")
        .expect(1, "")
        .says(&["text.wat:2:", "i32.addd"]);
    run_text("invalid.wat", "(module (func (result i32)))")
        .expect(1, "")
        .says(&["cannot load", "invalid.wat", "offset"]);
    let truncated = file("truncated.wasm", b"\0asm\x01\0\0");
    backstitch([OsStr::new("run"), truncated.as_ref()])
        .expect(1, "")
        .says(&["cannot load", "truncated.wasm"]);
    let picture = file("picture.wasm", b"\x89PNG\r\n\x1a\n");
    backstitch([OsStr::new("run"), picture.as_ref()])
        .expect(1, "")
        .says(&["picture.wasm", "not a WebAssembly module"]);
}

#[test]
fn wrong_usage() {
    for arguments in [
        &["run"][..],
        &[],
        &["walk"],
        &["run", "--fuel", "much", "x.wasm"],
        &["run", "--eager", "--lazy", "x.wasm"],
        &["wast"],
        &["completions", "abacus"],
    ] {
        let run = backstitch(arguments);
        assert_eq!(run.code, Some(2), "{arguments:?}:\n{}", run.err);
        assert!(!run.err.is_empty(), "{arguments:?}");
    }
}

#[test]
fn help_and_version() {
    let help = backstitch(["--help"]);
    assert_eq!(help.code, Some(0));
    for part in ["Examples:", "run", "wast", "dis", "inspect", "completions"] {
        assert!(help.out.contains(part), "{}", help.out);
    }
    for command in ["run", "wast", "dis", "inspect"] {
        let help = backstitch([command, "--help"]);
        assert_eq!(help.code, Some(0));
        assert!(help.out.contains("Examples:"), "{}", help.out);
    }
    let version = format!("backstitch {}\n", env!("CARGO_PKG_VERSION"));
    backstitch(["--version"]).expect(0, &version);
    for shell in ["bash", "zsh", "fish"] {
        let script = backstitch(["completions", shell]);
        assert_eq!(script.code, Some(0));
        assert!(script.out.contains("backstitch"), "{shell}");
    }
}

#[test]
fn scripts() {
    let good = file(
        "scripts/a.wast",
        r#"(module (func (export "one") (result i32) (i32.const 1)))
           (assert_return (invoke "one") (i32.const 1))
           (assert_invalid (module (func (result i32))) "type mismatch")"#,
    );
    let bad = file(
        "scripts/b.wast",
        "(module (func (export \"one\") (result i32) (i32.const 1)))\n\
         (assert_return (invoke \"one\") (i32.const 2))\n\
         (assert_return (invoke \"one\") (i32.const 1))\n\
         (assert_return (invoke \"two\"))\n",
    );
    let threads = file(
        "scripts/c.wast",
        "(module $m)\n(thread $t (thread $u (assert_return (invoke \"f\"))))\n(wait $t)",
    );
    let (good, bad, threads) = (good.display(), bad.display(), threads.display());

    backstitch(["wast", &good.to_string()]).expect(
        0,
        &format!("{good}: 2 passed, 0 failed, 0 skipped\n2 passed, 0 failed, 0 skipped\n"),
    );
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cli/scripts");
    backstitch([OsStr::new("wast"), folder.as_ref()]).expect(
        1,
        &format!(
            "{good}: 2 passed, 0 failed, 0 skipped\n\
             {bad}: 1 passed, 2 failed, 0 skipped\n  \
             {bad}:2: expected i32.const 2, found i32.const 1\n  \
             {bad}:4: the instance exports no `two`\n\
             {threads}: 0 passed, 0 failed, 1 skipped: \
             threads that start threads are not supported\n\
             3 passed, 2 failed, 1 skipped\n"
        ),
    );
    backstitch(["wast", "/no/such/folder"])
        .expect(1, "")
        .says(&["cannot read `/no/such/folder`"]);
}

#[test]
fn disassembly() {
    let text = r#"(module (import "m" "imported" (func))
        (func $first) (func $second (export "exported") (result i32) (i32.const 7))
        (func (export "nameless")) (func (param i32) (local i32)
            (loop $l
                (local.set 1 (i32.add (local.get 1) (i32.const 1)))
                (br_if $l (i32.lt_u (local.get 1) (local.get 0))))))"#;
    let path = file("dis.wat", text);
    let path = path.to_str().unwrap();
    let all = backstitch(["dis", path]);
    assert_eq!(all.code, Some(0), "{}", all.err);
    assert!(
        all.out.contains("function 1 `first`: frame of"),
        "{}",
        all.out
    );
    assert!(
        all.out.contains("function 2 `second`: frame of"),
        "{}",
        all.out
    );
    assert!(
        all.out.contains("function 3 `nameless`: frame of"),
        "{}",
        all.out
    );
    assert!(all.out.contains("function 4: frame of"), "{}", all.out);
    // Each listing has a heading, and an empty line separates two listings.
    assert_eq!(all.out.matches("function ").count(), 4, "{}", all.out);
    assert_eq!(all.out.matches("\n\nfunction ").count(), 3, "{}", all.out);
    for name in ["2", "second", "exported"] {
        let one = backstitch(["dis", path, "--func", name]);
        assert_eq!(one.code, Some(0), "{}", one.err);
        assert!(!one.out.contains("function 1"), "{}", one.out);
        assert!(one.out.contains("function 2"), "{}", one.out);
    }
    // A comparison and its branch are fused, except in builds without fused cells.
    let fused = backstitch(["dis", path, "--func", "4"]);
    let is_fused = |line: &str| line.contains("i32.lt_u") && line.contains("br_if");
    assert!(fused.out.lines().any(is_fused), "{}", fused.out);
    // Each op of a listing is explained once, below it.
    let plain = backstitch(["dis", path, "--func", "2"]).out;
    let explained = backstitch(["dis", path, "--func", "2", "--explain"]).out;
    let (listing, explanations) = explained.split_once("\n\n").expect("two parts");
    assert_eq!(listing.trim_end(), plain.trim_end());
    let is_explained = |line: &str| line.starts_with("  return") && line.ends_with('.');
    assert_eq!(
        explanations
            .lines()
            .filter(|line| is_explained(line))
            .count(),
        1,
        "{explained}"
    );
    backstitch(["dis", path, "--func", "third"])
        .expect(1, "")
        .says(&["no function `third`", "first", "exported"]);
    backstitch(["dis", path, "--func", "5"])
        .expect(1, "")
        .says(&["no function 5", "the functions 1 to 4"]);
    backstitch(["dis", path, "--func", "0"])
        .expect(1, "")
        .says(&["imports function 0"]);
}

#[test]
fn programs_with_threads_run_the_same_with_each_seed() {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/threads.wat");
    let example = example.to_str().unwrap();
    for seed in ["", "=3", "=4"] {
        let deterministic = format!("--deterministic{seed}");
        backstitch(["run", &deterministic, example]).expect(42, "");
    }
    backstitch(["run", example]).expect(42, "");
    // On threads of the operating system, nothing notices that all wait.
    backstitch(["run", "--deterministic", "--max-threads", "1", example])
        .expect(134, "")
        .says(&["deadlock: all threads wait for a notification\nthread 0: "]);
    backstitch(["run", "--fuel", "60", example])
        .expect(134, "")
        .says(&["all fuel consumed by WebAssembly"]);
}
