//! The function that `run` calls, and modules without one.

use crate::command::{Run, backstitch, file};

fn run(name: &str, text: &str, arguments: &[&str]) -> Run {
    let path = file(&format!("entries/{name}"), text);
    let path = path.to_str().expect("the path is text");
    backstitch([&["run", path], arguments].concat())
}

#[test]
fn the_empty_name_comes_before_start() {
    let text = r#"(module
        (func (export "") (result i32) (i32.const 1))
        (func (export "_start") (result i32) (i32.const 2)))"#;
    run("both.wat", text, &[]).expect(0, "1\n");
    run(
        "start.wat",
        r#"(module (func (export "_start") (result i32) (i32.const 2)))"#,
        &[],
    )
    .expect(0, "2\n");
    // Only functions are entries.
    let text =
        r#"(module (memory (export "") 1) (func (export "_start") (result i32) (i32.const 2)))"#;
    run("memory.wat", text, &[]).expect(0, "2\n");
}

#[test]
fn a_module_with_nothing_to_run_says_so() {
    let text = r#"(module (func (export "add") (param i32 i32) (result i32) (i32.const 0)))"#;
    for arguments in [&[][..], &["1", "2"]] {
        run("library.wat", text, arguments).expect(1, "").says(&[
            "nothing was run",
            "neither a function `_start` nor a start function",
            "--invoke",
            "add(i32, i32) -> i32",
        ]);
    }
    run("nothing.wat", "(module)", &[])
        .expect(1, "")
        .says(&["nothing was run", "it exports no functions"]);
    // Missing imports come first, and a start function is something to run.
    run("imports.wat", r#"(module (import "a" "b" (func)))"#, &[])
        .expect(1, "")
        .says(&["a::b: function ()"]);
    run("quiet.wat", "(module (func $f) (start $f))", &[]).expect(0, "");
    run("quiet.wat", "(module (func $f) (start $f))", &["7"])
        .expect(1, "")
        .says(&["`_start`", "arguments", "--invoke"]);
}

#[test]
fn a_reactor_is_not_a_program() {
    let text = r#"(module
        (import "wasi_snapshot_preview1" "sched_yield" (func $yield (result i32)))
        (func (export "_initialize"))
        (func (export "go") (param i32)))"#;
    for arguments in [&[][..], &["go", "7"]] {
        run("reactor.wat", text, arguments).expect(1, "").says(&[
            "nothing was run",
            "WASI reactor",
            "--invoke",
            "go(i32)",
        ]);
    }
}

#[test]
fn a_core_dump_is_not_a_program() {
    let dump = file("entries/trap.core", "");
    let program = file(
        "entries/trap.wat",
        r#"(module (func (export "_start") unreachable))"#,
    );
    let (dump, program) = (dump.to_str().unwrap(), program.to_str().unwrap());
    backstitch(["run", "--coredump", dump, program]).expect(134, "");
    backstitch(["run", dump]).expect(1, "").says(&[
        "nothing was run",
        "a core dump",
        "backstitch inspect",
    ]);
}

#[test]
fn an_object_file_is_not_a_program() {
    let text = r#"(module (import "env" "__linear_memory" (memory 1)) (@custom "linking" "\02"))"#;
    run("object.wat", text, &[])
        .expect(1, "")
        .says(&["is an object file", "wasm-ld"]);
}

#[test]
fn a_function_without_parameters_leaves_the_arguments_to_wasi() {
    let text = r#"(module
        (import "wasi_snapshot_preview1" "args_sizes_get"
            (func $sizes (param i32 i32) (result i32)))
        (memory (export "memory") 1)
        (func (export "count") (result i32)
            (drop (call $sizes (i32.const 0) (i32.const 4)))
            (i32.load (i32.const 0)))
        (func (export "same") (param i32) (result i32) (local.get 0)))"#;
    let invoke = |name, arguments: &[&str]| {
        let path = file("entries/arguments.wat", text);
        let path = path.to_str().expect("the path is text");
        backstitch([&["run", "--invoke", name, path], arguments].concat())
    };
    invoke("count", &["a", "b"]).expect(0, "3\n");
    invoke("count", &[]).expect(0, "1\n");
    invoke("same", &["7"]).expect(0, "7\n");
    invoke("same", &["7", "8"])
        .expect(1, "")
        .says(&["takes 1 argument"]);
}
