//! Files that are given to commands: faulty modules, and files that are no modules.

use crate::command::{Run, backstitch, file, program};
use std::io::Write;
use std::process::{Command, Stdio};

fn run(name: &str, contents: impl AsRef<[u8]>) -> Run {
    let path = file(&format!("files/{name}"), contents);
    backstitch(["run", path.to_str().expect("the path is text")])
}

/// Runs the command with an input.
fn with_input(arguments: &[&str], input: &[u8]) -> Run {
    let mut child = Command::new(program())
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command can be run");
    let mut stdin = child.stdin.take().expect("it has an input");
    stdin.write_all(input).expect("it reads its input");
    drop(stdin);
    let output = child.wait_with_output().expect("it ends");
    Run {
        code: output.status.code(),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

#[test]
fn faults_of_text_modules_have_positions() {
    run(
        "body.wat",
        "(module\n  (func)\n  (func $add (result i32)\n    (i32.add\n      (i32.const 1)\n      \
         (i64.const 2))))",
    )
    .expect(1, "")
    .says(&[
        "function 1 `add` is invalid at offset",
        "body.wat:4:6",
        "(i32.add",
    ]);
    run(
        "end.wat",
        "(module\n  (func (export \"e\") (result i32)\n    nop\n  ))",
    )
    .expect(1, "")
    .says(&["function 0 `e`", "nothing on stack", "end.wat:4:3"]);
    run(
        "global.wat",
        "(module (global i32 (i32.const 0))\n(global i32\n  (i64.const 0)))",
    )
    .expect(1, "")
    .says(&["the global section", "global.wat:3:4"]);
    run(
        "export.wat",
        "(module (func $f)\n(export \"a\" (func $f))\n(export \"a\" (func $f)))",
    )
    .expect(1, "")
    .says(&["duplicate export name", "export.wat:3:2"]);
    run(
        "table.wat",
        "(module (import \"a\" \"b\" (func))\n(func) (table 3 1 funcref))",
    )
    .expect(1, "")
    .says(&["the table section", "table.wat:2:9"]);
    run(
        "type.wat",
        "(module (type (func))\n  (type (func (param (ref 9)))))",
    )
    .expect(1, "")
    .says(&["unknown type", "type.wat:2:4"]);
    // Of a binary, there is at least the function's name.
    let binary = wat::parse_str("(module (func) (func $add (result i32)))").unwrap();
    run("binary.wasm", binary)
        .expect(1, "")
        .says(&["function 1 `add` is invalid at offset"]);
    // A function may be validated when it is first called.
    let path = file(
        "files/lazy.wat",
        "(module (func $bad (result i32)\n  (i64.const 1))\n  (func (export \"f\") (drop (call $bad))))",
    );
    backstitch(["run", "--lazy", "--invoke", "f", path.to_str().unwrap()])
        .expect(134, "")
        .says(&["function 0 `bad` is invalid", "lazy.wat:2:16"]);
}

#[test]
fn legacy_tries_can_be_folded() {
    for (name, body) in [
        ("flat.wat", "try throw 0 catch_all end"),
        ("folded.wat", "(try (do (throw 0)) (catch 0) (catch_all))"),
        (
            "clause.wat",
            "(if (try (result i32) (do (throw 0)) (catch_all (i32.const 0))) (then unreachable))",
        ),
        (
            "delegate.wat",
            "(try $l (do (try (do (try (do (throw 0)) (delegate $l))))) (catch_all))",
        ),
    ] {
        let text = format!("(module (tag) (func (export \"_start\") {body}))");
        run(name, text).expect(0, "");
    }
    // Positions are those in the text.
    for (name, text, says) in [
        (
            "folded-type.wat",
            "(module (func (result i32)\n (try (result i32) (do) (catch_all (i32.const 1)))))",
            "folded-type.wat:2:26",
        ),
        (
            "folded-tag.wat",
            "(module (func (try (do) (catch_all)))\n (func (try (do)\n  (catch $e))))",
            "folded-tag.wat:3:10",
        ),
        (
            "folded-after.wat",
            "(module (func (try (do)) (try (do) (delegate 0)) (drop)))",
            "folded-after.wat:1:51",
        ),
        (
            "folded-parts.wat",
            "(module (func\n (try (catch_all) (do))))",
            "folded-parts.wat:2:20",
        ),
    ] {
        run(name, text).expect(1, "").says(&[says]);
    }
    // Another mistake is not hidden by this.
    run("other.wat", "(module (func $try\n (i32.addd)))")
        .expect(1, "")
        .says(&["other.wat:2:3", "unknown operator"]);
}

#[test]
fn byte_order_marks_are_accepted() {
    run("mark.wat", "\u{feff}(module (func (export \"_start\")))").expect(0, "");
    run("mark-fault.wat", "\u{feff}(module (func (i32.addd)))")
        .expect(1, "")
        .says(&["mark-fault.wat:1:16"]);
    let script = file(
        "files/mark.wast",
        "\u{feff}(module)\n(assert_invalid (module (func (result i32))) \"\")",
    );
    let run = backstitch(["wast", script.to_str().unwrap()]);
    assert_eq!(run.code, Some(0), "{}{}", run.out, run.err);
}

#[test]
fn standard_input_is_read() {
    let module =
        b"(module (func (export \"_start\")) (func (export \"f\") (result i32) (i32.const 7)))";
    with_input(&["run", "-"], module).expect(0, "");
    with_input(&["run", "--invoke", "f", "-"], module).expect(0, "7\n");
    let binary = wat::parse_bytes(module).unwrap();
    with_input(&["run", "--invoke", "f", "-"], &binary).expect(0, "7\n");
    with_input(&["run", "-"], b"(module (func (result i32)))")
        .expect(1, "")
        .says(&["cannot load `<stdin>`", "<stdin>:1:"]);
    let listing = with_input(&["dis", "-", "--func", "f"], module);
    assert!(listing.out.starts_with("function 1 `f`"), "{}", listing.out);
}

#[test]
fn other_files_are_recognised() {
    for (contents, parts) in [
        (
            &b"\x7fELF\x02\x01\x01"[..],
            ["is an ELF file", "wasm32-wasip1"],
        ),
        (b"MZ\x90\0", ["native code", "wasm32-wasip1"]),
        (&[0x1f, 0x8b, 8, 0], ["compressed with gzip", "gunzip"]),
        (b"<!DOCTYPE html>\n<html>", ["an HTML page", "address"]),
        (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n",
            ["a pointer of Git LFS", "git lfs pull"],
        ),
        (
            b"\0asm\x0d\0\x01\0",
            ["a WebAssembly component", "wasm32-wasip1"],
        ),
        (b"(component)", ["a WebAssembly component", "wasm32-wasip1"]),
        (
            b"(module)\n(assert_return (invoke \"f\"))",
            ["a test script", "backstitch wast"],
        ),
        (b"\xff\xfe(\0m\0", ["UTF-16", "UTF-8"]),
        (b"\0asm\x02\0\0\0", ["version 2", "version 1 is supported"]),
        (b" \n", ["is empty", "`"]),
        (b"\x89PNG\r\n", ["not a WebAssembly module", "00 61 73 6d"]),
    ] {
        run("foreign", contents).expect(1, "").says(&parts);
    }
    let zipped = file("files/dump.gz", [0x1f, 0x8b, 8, 0]);
    for (command, part) in [
        ("wast", "compressed with gzip"),
        ("dis", "compressed with gzip"),
        // Core dumps may be compressed.
        ("inspect", "cannot decompress"),
    ] {
        backstitch([command, zipped.to_str().unwrap()])
            .expect(1, "")
            .says(&[part]);
    }
}
