//! Source positions of programs with debugging information (D1), on the command line.

use crate::command::{Run, backstitch};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Returns the path of a program.
pub fn module(name: &str) -> String {
    format!("{}/dwarf/modules/{name}.wasm", env!("CARGO_MANIFEST_DIR"))
}

/// Runs a program that traps. Returns the path of its dump.
pub fn dump(name: &str, kind: &str) -> String {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let dump = folder.join(format!("sources-{name}-{kind}-{number}.core"));
    let dump = dump.to_str().expect("the path is text");
    let run = backstitch([
        "run",
        "--coredump",
        dump,
        "--invoke",
        "run",
        &module(name),
        kind,
    ]);
    assert_eq!(run.code, Some(134), "{}", run.err);
    dump.to_string()
}

/// Runs a program that traps, and inspects its dump.
pub fn inspect(name: &str, kind: &str, options: &[&str]) -> Run {
    let (dump, module) = (dump(name, kind), module(name));
    let run = backstitch([&["inspect", &dump, "--module", &module], options].concat());
    assert_eq!(run.code, Some(0), "{}", run.err);
    run
}

#[test]
fn d1_backtraces_have_source_lines() {
    let run = backstitch(["run", "--invoke", "run", &module("shapes_optimised"), "1"]);
    let frame = "shapes::Ring::area() const\n                    at /programs/shapes.cpp:34:78\n";
    assert!(run.err.contains(frame), "{}", run.err);
    let inlined = "\n                - run\n                    at /programs/shapes.cpp:74:22\n";
    assert!(run.err.contains(inlined), "{}", run.err);
}

#[test]
fn d1_summaries_and_frames_have_source_lines() {
    let summary = inspect("shapes_optimised", "1", &[]).out;
    for line in [
        "at /programs/shapes.cpp:34:78",
        "run::$_0::operator()(shapes::Shape const*) const (inlined) at /programs/shapes.cpp:74:65",
        "run at /programs/shapes.cpp:74:22",
    ] {
        assert!(summary.lines().any(|it| it.trim() == line), "{summary}");
    }
    let frame = inspect("orders", "1", &["--frame", "0"]).out;
    let line = "quotient (inlined) at /programs/orders.c:21:18";
    assert!(frame.lines().any(|it| it.trim() == line), "{frame}");
    let json = inspect("shapes_optimised", "1", &["--json"]).out;
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let source = &json["threads"][0]["frames"][1]["source"];
    assert!((0..3).all(|depth| source[depth]["function"].is_string()));
    assert_eq!(source[2]["function"], "run");
    assert_eq!(
        (&source[2]["line"], &source[2]["column"]),
        (&74.into(), &22.into())
    );
}

#[test]
fn d1_disassembly_has_source_lines() {
    let run = backstitch(["dis", &module("orders"), "--func", "price_of"]);
    let notes: Vec<&str> = run
        .out
        .lines()
        .filter(|line| line.contains("; /"))
        .collect();
    let expected = ["; /programs/orders.c:60", "; /programs/orders.c:61"];
    assert_eq!(
        notes.iter().map(|it| it.trim()).collect::<Vec<_>>(),
        expected
    );
}
