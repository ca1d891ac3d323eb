//! Names of functions on the command line: how they are shown, and how one is selected.

use crate::command::{Run, backstitch, file};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// A module whose names are mangled, missing, or would move a terminal's cursor.
const PROGRAM: &str = r#"
(module $"mod\nule\1b[2J"
  (memory 1)
  (func (export "nameless") (param $"a\nb" i32)
    (call $"_ZN4shop4sell17h0123456789abcdefE" (local.get 0)))
  (func $"_ZN4shop4sell17h0123456789abcdefE" (param i32) (call 2))
  (func (export "ex\1bported") (drop (i32.load (i32.const 65536))))
  (func $f (export "f") (result i32) (i32.const 1))
  (func $"core::fmt::write::h0123456789abcdef")
  (func $"_ZN3foo3barEi" (export "_ZN3foo3barEi") (result i32) (i32.const 2))
  (func $"_ZN5other3barEv" (export "other_bar") (result i32) (i32.const 3)))
"#;

fn text(path: &Path) -> &str {
    path.to_str().expect("the path is text")
}

fn program() -> String {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    text(PATH.get_or_init(|| file("names/program.wat", PROGRAM))).to_string()
}

fn invoke(function: &str) -> Run {
    backstitch(["run", "--invoke", function, &program()])
}

/// Fails if a text has other control characters than line breaks, or a line of a name's own.
#[track_caller]
fn expect_printable(shown: &str) {
    let is_control = |character: char| character.is_control() && character != '\n';
    assert!(!shown.contains(is_control), "{shown:?}");
    for line in shown.lines() {
        assert!(
            !line.starts_with("ule") && !line.starts_with('b'),
            "{shown}"
        );
    }
}

#[test]
fn names_in_listings_are_for_people() {
    let listing = backstitch(["dis", &program()]);
    assert_eq!(listing.code, Some(0), "{}", listing.err);
    expect_printable(&listing.out);
    for heading in [
        "function 0 `nameless`: frame",
        "function 1 `shop::sell`: frame",
        "function 2 `ex\\u{1b}ported`: frame",
        "function 3 `f`: frame",
        "function 4 `core::fmt::write`: frame",
        "function 5 `foo::bar(int)`: frame",
    ] {
        assert!(listing.out.contains(heading), "{heading}:\n{}", listing.out);
    }
}

#[test]
fn functions_are_selected_by_demangled_names_and_their_ends() {
    let heading = |name: &str| {
        let listing = backstitch(["dis", &program(), "--func", name]);
        assert_eq!(listing.code, Some(0), "{}", listing.err);
        listing.out.lines().next().unwrap_or_default().to_string()
    };
    for (name, index) in [
        ("1", 1),
        ("shop::sell", 1),
        ("sell", 1),
        ("shop::sell::h0123456789abcdef", 1),
        ("_ZN4shop4sell17h0123456789abcdefE", 1),
        ("fmt::write", 4),
        ("foo::bar", 5),
        ("f", 3),
    ] {
        let heading = heading(name);
        assert!(
            heading.starts_with(&format!("function {index} ")),
            "{heading}"
        );
    }
    backstitch(["dis", &program(), "--func", "bar"])
        .expect(1, "")
        .says(&[
            "several functions `bar`",
            "5: foo::bar(int)",
            "6: other::bar()",
        ]);
    backstitch(["dis", &program(), "--func", "fmt::wrte"])
        .expect(1, "")
        .says(&[
            "no function `fmt::wrte`",
            "did you mean `core::fmt::write`?",
        ]);

    invoke("foo::bar").expect(0, "2\n");
    invoke("foo::bar(int)").expect(0, "2\n");
    invoke("other::bar").expect(0, "3\n");
    invoke("other_bar").expect(0, "3\n");
    invoke("bar").expect(1, "").says(&[
        "several functions `bar`",
        "_ZN3foo3barEi() -> i32  (foo::bar(int))",
        "other_bar",
    ]);
    // The function has the name, but is not exported.
    let missing = invoke("shop::sell")
        .expect(1, "")
        .says(&["exports no function `shop::sell`", "ex\\u{1b}ported()"]);
    expect_printable(&missing.err);
    invoke("other_bra")
        .expect(1, "")
        .says(&["did you mean `other_bar`"]);
}

#[test]
fn names_do_not_reach_the_terminal_as_control_characters() {
    let (program, dump) = (program(), file("names/dump.core", ""));
    let dump = text(&dump);
    let run = backstitch([
        "run",
        "--coredump",
        dump,
        "--invoke",
        "nameless",
        &program,
        "7",
    ]);
    let run = run.expect(134, "").says(&[
        // Backtraces keep the form of Wasmtime's.
        "mod\\nule\\u{1b}[2J!<wasm function 2>",
        "mod\\nule\\u{1b}[2J!shop::sell::h0123456789abcdef\n",
    ]);
    expect_printable(&run.err);
    for options in [
        &[][..],
        &["--module", &program],
        &["--module", &program, "--frame", "0"],
        &["--module", &program, "--frame", "2"],
        &["--module", &program, "--json"],
    ] {
        let inspected = backstitch([&["inspect", dump], options].concat());
        assert_eq!(inspected.code, Some(0), "{}", inspected.err);
        expect_printable(&inspected.out);
    }
    let summary = backstitch(["inspect", dump, "--module", &program]);
    for part in [
        "mod\\nule\\u{1b}[2J!ex\\u{1b}ported()",
        "!shop::sell(7)",
        "!nameless(a\\nb=7)",
        "\nmodule mod\\nule\\u{1b}[2J: ",
    ] {
        assert!(summary.out.contains(part), "{part}:\n{}", summary.out);
    }
    // Calls have the names too, also of functions that have only an export.
    let frame = |number| backstitch(["inspect", dump, "--module", &program, "--frame", number]).out;
    assert!(frame("2").contains("call $shop::sell\n"), "{}", frame("2"));
    assert!(frame("1").contains("call $\"ex"), "{}", frame("1"));

    let imports = file(
        "names/imports.wat",
        r#"(module (import "a\1b[2J" "b\nc" (func)) (func (export "_start")))"#,
    );
    let missing = backstitch(["run", text(&imports)])
        .expect(1, "")
        .says(&["a\\u{1b}[2J::b\\nc"]);
    expect_printable(&missing.err);
}
