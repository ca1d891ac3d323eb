//! Coverage: lines and functions are those that LLVM's own instruments measure, through continuations
//! and threads, and runs add up (D6).

use crate::command::{Run, backstitch, file};
use crate::lined::lined;
use lcov::report::section::Value;
use lcov::{Reader, Report};
use std::fs;
use std::path::{Path, PathBuf};

/// Lines that begin within an expression or have nothing but `for (;;)`. LLVM counts such a line like
/// what encloses it, and instructions are more exact.
const WITHIN: &[(&str, &[u32])] = &[
    ("triangles", &[23, 57]),
    ("sorting", &[]),
    ("formulas", &[46, 72, 73]),
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("coverage")
}

/// Returns a path for a file of LCOV, which does not exist.
fn fresh(name: &str) -> PathBuf {
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_file(&out);
    out
}

/// Calls `run` of a module, with its coverage in a file.
fn cover(out: &Path, options: &[&str], module: &Path, argument: &[&str]) -> Run {
    let (out, module) = (out.to_str().unwrap(), module.to_str().unwrap());
    let start = ["run", "--coverage", out];
    let call = ["--invoke", "run", module];
    backstitch([&start, options, &call, argument].concat())
}

fn read(path: &Path) -> Report {
    Report::from_reader(Reader::new(&*fs::read(path).unwrap())).unwrap()
}

/// Returns the coverage of the only file of source.
fn only(report: &Report) -> &Value {
    assert_eq!(report.sections.len(), 1);
    report.sections.values().next().unwrap()
}

fn lines(value: &Value) -> Vec<(u32, u64)> {
    let lines = value.lines.iter();
    lines.map(|(line, it)| (line.line, it.count)).collect()
}

/// Returns the calls of functions by name. LLVM puts the file before names of static functions.
fn calls(value: &Value) -> Vec<(&str, Option<u32>, u64)> {
    let functions = value.functions.iter();
    let mut calls: Vec<_> = functions
        .map(|(key, it)| {
            let name = key.name.rsplit(':').next().unwrap();
            (name, it.start_line, it.count)
        })
        .collect();
    calls.sort_unstable();
    calls
}

#[test]
fn d6_lines_and_functions_are_those_of_llvm() {
    for (name, within) in WITHIN {
        let module = folder().join(format!("modules/{name}.wasm"));
        let source = fs::read_to_string(folder().join(format!("{name}.c"))).unwrap();
        let source: Vec<&str> = source.lines().collect();
        for argument in ["1", "2", "4", "5"] {
            let out = fresh(&format!("llvm-{name}-{argument}.info"));
            let run = cover(&out, &["--coverage-counts"], &module, &[argument]);
            assert_eq!(run.code, Some(0), "{}", run.err);
            let ours = read(&out);
            let theirs = read(&folder().join(format!("expected/{name}-{argument}.info")));
            let path = &ours.sections.keys().next().unwrap().source_file;
            assert_eq!(path, &Path::new("/programs").join(format!("{name}.c")));
            let (ours, theirs) = (only(&ours), only(&theirs));
            assert_eq!(calls(ours), calls(theirs), "{name} {argument}");
            let mut compared = 0;
            for (line, executed) in &ours.lines {
                let text = source[line.line as usize - 1];
                let place = format!("{name} {argument}, line {}: {text}", line.line);
                let expected = theirs.lines.get(line).expect(&place).count;
                if within.contains(&line.line) {
                    assert!(executed.count <= expected, "{place}");
                } else if text != "}" {
                    // All `return`s lead to the end of a function.
                    assert_eq!(executed.count, expected, "{place}");
                    compared += 1;
                }
            }
            assert!(compared > 25, "{name}: {compared} lines");
            // Lines without instructions have no statement.
            for line in theirs
                .lines
                .keys()
                .filter(|line| !ours.lines.contains_key(line))
            {
                let text = source[line.line as usize - 1].trim();
                let is_bare = ["}", "} else {", "else", "do {", "int done;", "};", "break;"]
                    .contains(&text)
                    || text.ends_with(':')
                    || text.starts_with("case ")
                    || text.starts_with('.')
                    || text.starts_with('#');
                assert!(is_bare, "{name}, line {}: {text}", line.line);
            }
        }
    }
}

#[test]
fn d6_once_and_counts_agree_and_runs_have_the_same_bytes() {
    let dwarf = Path::new(env!("CARGO_MANIFEST_DIR")).join("dwarf/modules");
    for (module, argument) in [
        (folder().join("modules/sorting.wasm"), "2"),
        (dwarf.join("shapes_optimised.wasm"), "0"),
        (dwarf.join("orders_lines.wasm"), "0"),
        (dwarf.join("parcels.wasm"), "0"),
        (dwarf.join("tins.wasm"), "0"),
    ] {
        let out = fresh("agree.info");
        let bytes = |options: &[&str]| {
            let _ = fs::remove_file(&out);
            let run = cover(&out, options, &module, &[argument]);
            assert_eq!(run.code, Some(0), "{}", run.err);
            run.says(&["Coverage written to", " lines (", " functions ("]);
            fs::read(&out).unwrap()
        };
        let once = bytes(&[]);
        assert_eq!(once, bytes(&[]));
        let once = read(&out);
        bytes(&["--coverage-counts"]);
        let counts = read(&out);
        let mut hit = 0;
        for (key, counted) in &counts.sections {
            let once = &once.sections[key];
            let bounded = |lines: Vec<(u32, u64)>| -> Vec<(u32, u64)> {
                let lines = lines.into_iter();
                lines.map(|(line, count)| (line, count.min(1))).collect()
            };
            assert_eq!(bounded(lines(once)), bounded(lines(counted)));
            hit += counted.lines.values().filter(|line| line.count > 0).count();
            for (name, function) in &counted.functions {
                assert_eq!(
                    once.functions[name].count > 0,
                    function.count > 0,
                    "{name:?}"
                );
            }
        }
        assert!(hit > 10, "{}", module.display());
    }
}

#[test]
fn runs_add_up_in_one_file() {
    let module = folder().join("modules/triangles.wasm");
    let single = |argument: &str| {
        let out = fresh("single.info");
        cover(&out, &["--coverage-counts"], &module, &[argument]);
        lines(only(&read(&out)))
    };
    let out = fresh("added.info");
    for argument in ["4", "5"] {
        cover(&out, &["--coverage-counts"], &module, &[argument]).expect(0, "10\n");
    }
    let run = cover(&out, &["--coverage-counts"], &module, &["1"]).expect(0, "1\n");
    run.says(&[
        "Coverage added to that in `",
        "1 file, ",
        " of 38 lines (",
        "3 of 4 functions (75.0 %)",
    ]);
    let (four, five, one) = (single("4"), single("5"), single("1"));
    let sums = four.iter().zip(&five).zip(&one);
    let sums: Vec<_> = sums.map(|((a, b), c)| (a.0, a.1 + b.1 + c.1)).collect();
    assert_eq!(lines(only(&read(&out))), sums);
}

#[test]
fn d6_lines_in_continuations_and_threads_are_counted() {
    let continuations = lined(
        r#"(module
            (type $f (func)) (type $k (cont $f))
            (tag $pause)
            (elem declare func $work)
            (func $work (call $step) (suspend $pause) (call $step) (suspend $pause) (call $never))
            (func $step (nop))
            (func $never (nop))
            (func (export "run") (local $k (ref null $k))
                (local.set $k (cont.new $k (ref.func $work)))
                (local.set $k (block $a (result (ref $k)) (resume $k (on $pause $a) (local.get $k)) (return)))
                (drop (block $b (result (ref $k)) (resume $k (on $pause $b) (local.get $k)) (return)))))"#,
    );
    let module = file("coverage/continuations.wasm", continuations);
    let out = fresh("continuations.info");
    let run = cover(&out, &["--coverage-counts"], &module, &[]);
    assert_eq!(run.code, Some(0), "{}", run.err);
    let report = read(&out);
    let called = calls(only(&report));
    let expected = [
        ("f0", Some(1), 1),
        ("f1", Some(101), 2),
        ("f2", Some(201), 0),
        ("f3", Some(301), 1),
    ];
    assert_eq!(called, expected);
    let work: Vec<_> = lines(only(&report)).into_iter().take(5).collect();
    assert_eq!(work, [(1, 1), (2, 1), (3, 1), (4, 1), (5, 0)]);

    let threads = lined(
        r#"(module
            (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
            (import "env" "memory" (memory 1 1 shared))
            (func (export "wasi_thread_start") (param i32 i32)
                (drop (i32.atomic.rmw.add (i32.const 8) (i32.const 1)))
                (drop (memory.atomic.notify (i32.const 8) (i32.const 2))))
            (func (export "run")
                (drop (call $spawn (i32.const 0)))
                (drop (call $spawn (i32.const 0)))
                (loop $again
                    (drop (memory.atomic.wait32 (i32.const 8) (i32.const 0) (i64.const -1)))
                    (drop (memory.atomic.wait32 (i32.const 8) (i32.const 1) (i64.const -1)))
                    (br_if $again (i32.ne (i32.atomic.load (i32.const 8)) (i32.const 2))))))"#,
    );
    let module = file("coverage/threads.wasm", threads);
    let out = fresh("threads.info");
    let run = cover(&out, &["--coverage-counts"], &module, &[]);
    assert_eq!(run.code, Some(0), "{}", run.err);
    let report = read(&out);
    let expected = [("f0", Some(1), 2), ("f1", Some(101), 1)];
    assert_eq!(calls(only(&report)), expected);
}

#[test]
fn coverage_is_written_however_the_program_ends() {
    let program = r#"(module
        (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
        (memory (export "memory") 1)
        (func (export "run") (param $how i32)
            (if (i32.eqz (local.get $how)) (then (call $exit (i32.const 3))))
            (if (i32.eq (local.get $how) (i32.const 1)) (then (unreachable)))
            (loop (br 0))))"#;
    let module = file("coverage/ends.wasm", lined(program));
    for (argument, code, hit) in [("0", 3, 5), ("1", 134, 11), ("2", 134, 14)] {
        let out = fresh("ends.info");
        let run = cover(&out, &["--fuel", "1000"], &module, &[argument]);
        assert_eq!(run.code, Some(code), "{}", run.err);
        let report = read(&out);
        let lines = lines(only(&report));
        assert!(lines.contains(&(hit, 1)), "{argument}: {lines:?}");
        // What follows a call that does not return counts up to the next branch.
        let mut after = lines.iter().filter(|it| it.0 > hit + 1);
        assert!(after.all(|it| it.1 == 0), "{argument}: {lines:?}");
    }
    let start = file(
        "coverage/start.wasm",
        lined("(module (func $s unreachable) (start $s))"),
    );
    let out = fresh("start.info");
    let run = backstitch([
        "run",
        "--coverage",
        out.to_str().unwrap(),
        start.to_str().unwrap(),
    ]);
    assert_eq!(run.code, Some(134), "{}", run.err);
    assert_eq!(calls(only(&read(&out))), [("f0", Some(1), 1)]);
}

#[test]
fn files_that_no_run_can_be_added_to_are_refused_before_the_program_runs() {
    let module = folder().join("modules/triangles.wasm");
    let out = file("coverage/other.info", "No coverage.\n");
    let run = cover(&out, &[], &module, &["1"]).expect(1, "");
    run.says(&[
        "cannot add to the coverage in `",
        "it is not a file of LCOV",
        "line 1",
    ]);
    assert_eq!(fs::read_to_string(&out).unwrap(), "No coverage.\n");

    let earlier = "SF:/programs/triangles.c\nFN:41,run\nFNDA:1,run\nDA:41,1\nend_of_record\n";
    let out = file("coverage/earlier.info", earlier);
    let run = cover(&out, &[], &module, &["1"]).expect(1, "");
    run.says(&["is of another state of the source"]);
    assert_eq!(fs::read_to_string(&out).unwrap(), earlier);

    let most = format!(
        "SF:/programs/triangles.c\nDA:41,{}\nend_of_record\n",
        u64::MAX
    );
    let out = file("coverage/most.info", most);
    cover(&out, &[], &module, &["1"]).expect(0, "1\n");
    let report = read(&out);
    assert!(lines(only(&report)).contains(&(41, u64::MAX)));
}

#[test]
fn programs_without_debugging_information_have_no_coverage() {
    let module = file("coverage/bare.wat", "(module (func (export \"run\")))");
    let out = fresh("bare.info");
    let run = cover(&out, &[], &module, &[]).expect(1, "");
    run.says(&[
        "cannot measure the coverage of `",
        "no debugging information",
        "`-g`",
    ]);
    assert!(!out.exists());
    for option in ["--record", "--snapshot"] {
        let run = cover(&out, &[option, "x"], &module, &[]);
        assert_eq!(run.code, Some(2), "{}", run.err);
    }
    let run = cover(
        Path::new("no/such/folder/out.info"),
        &[],
        &folder().join("modules/triangles.wasm"),
        &["1"],
    );
    run.expect(1, "1\n").says(&["cannot write the coverage"]);
}
