//! Ready images, as `preinit` writes them.

use crate::command::{Run, backstitch, file};
use std::fs;
use std::path::{Path, PathBuf};

/// Runs `backstitch preinit FILE -o OUT OPTIONS` for a module. Returns the path of the image.
fn preinit(name: &str, text: &str, options: &[&str]) -> (Run, PathBuf) {
    let path = file(&format!("preinit/{name}.wat"), text);
    let image = path.with_extension("wasm");
    let _ = fs::remove_file(&image);
    let paths = [&path, &image].map(|path| path.to_str().expect("the path is text"));
    let arguments = ["preinit", paths[0], "-o", paths[1]];
    let run = backstitch(arguments.iter().chain(options));
    (run, image)
}

fn invoke(image: &Path, function: &str) -> Run {
    let image = image.to_str().expect("the path is text");
    backstitch(["run", "--invoke", function, image])
}

const COUNTER: &str = r#"(module
    (global $count (mut i32) (i32.const 0))
    (func $add (param i32) (global.set $count (i32.add (global.get $count) (local.get 0))))
    (func (export "wizer.initialize") (call $add (i32.const 1)))
    (func (export "shop::load") (call $add (i32.const 10)))
    (func (export "fails") unreachable)
    (func (export "takes") (param i32))
    (func (export "count") (result i32) (global.get $count)))"#;

#[test]
fn an_image_starts_where_the_initialiser_ended() {
    let (run, image) = preinit("counter", COUNTER, &[]);
    run.expect(0, "");
    let first = fs::read(&image).unwrap();
    invoke(&image, "count").expect(0, "1\n");
    invoke(&image, "wizer.initialize").expect(1, "");
    let (run, image) = preinit("selected", COUNTER, &["--init", "load"]);
    run.expect(0, "");
    invoke(&image, "count").expect(0, "10\n");
    invoke(&image, "shop::load").expect(1, "");
    let (run, image) = preinit("kept", COUNTER, &["--keep-init"]);
    run.expect(0, "");
    invoke(&image, "wizer.initialize").expect(0, "");
    // The same input gives the same bytes.
    let (_, again) = preinit("again", COUNTER, &[]);
    assert_eq!(fs::read(again).unwrap(), first);
}

#[test]
fn failures_are_explained_and_leave_no_image() {
    let fails = |name: &str, text: &str, options: &[&str], code: i32, parts: &[&str]| {
        let (run, image) = preinit(name, text, options);
        run.expect(code, "").says(parts);
        assert!(!image.exists(), "{name}");
    };
    fails(
        "trap",
        COUNTER,
        &["--init", "fails"],
        134,
        &["fails", "unreachable"],
    );
    fails(
        "missing",
        COUNTER,
        &["--init", "lood"],
        1,
        &["exports no function `lood`", "load"],
    );
    fails(
        "takes",
        COUNTER,
        &["--init", "takes"],
        1,
        &["`takes`", "type"],
    );
    fails(
        "fuel",
        COUNTER,
        &["--fuel", "2"],
        134,
        &["all fuel consumed"],
    );
    fails(
        "nothing",
        "(module (func (export \"run\")))",
        &[],
        1,
        &[
            "cannot initialise",
            "has no initialiser",
            "wizer.initialize",
        ],
    );
    fails(
        "imports",
        r#"(module (import "env" "memory" (memory 1)) (func (export "_initialize")))"#,
        &[],
        1,
        &["cannot initialise", "imports the memory `env::memory`"],
    );
    fails(
        "calls",
        r#"(module (import "env" "log" (func $log))
            (func (export "wizer.initialize") (call $log)))"#,
        &[],
        134,
        &["`env::log` has not been defined"],
    );
    fails(
        "exits",
        r#"(module (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
            (memory (export "memory") 1)
            (func (export "wizer.initialize") (call $exit (i32.const 0))))"#,
        &[],
        1,
        &["exited with code 0", "no image was written"],
    );
    fails(
        "objects",
        r#"(module (type $s (struct)) (global (export "root") (mut anyref) (ref.null any))
            (func (export "wizer.initialize") (global.set 0 (struct.new $s))))"#,
        &[],
        1,
        &["global 0 (`root`) refers to a structure or an array"],
    );
}

#[test]
fn a_program_can_be_initialised_with_files_and_arguments() {
    // Copies the file `greeting` and the first byte of the clock and of a random number.
    let text = r#"(module
        (import "wasi_snapshot_preview1" "path_open"
            (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "fd_write"
            (func $write (param i32 i32 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "args_get" (func $args (param i32 i32) (result i32)))
        (memory (export "memory") 1)
        (data (i32.const 0) "greeting")
        (func (export "wizer.initialize")
            (if (call $open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 8) (i32.const 0)
                    (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 16))
                (then unreachable))
            (i32.store (i32.const 24) (i32.const 1024))
            (i32.store (i32.const 28) (i32.const 100))
            (if (call $read (i32.load (i32.const 16)) (i32.const 24) (i32.const 1) (i32.const 28))
                (then unreachable))
            (drop (call $args (i32.const 64) (i32.const 128)))
            (drop (call $random (i32.const 256) (i32.const 4))))
        (func (export "random") (result i32) (i32.load (i32.const 256)))
        (func (export "argument") (result i32) (i32.load8_u (i32.load (i32.const 68))))
        (func (export "_start")
            (drop (call $write (i32.const 1) (i32.const 24) (i32.const 1) (i32.const 32)))))"#;
    let greeting = file("preinit/folder/greeting", "hello\n");
    let folder = greeting.parent().unwrap().to_str().unwrap();
    let directory = format!("{folder}::/");
    let options = ["--dir", &directory, "--seed", "7", "--", "Argument"];
    let (run, image) = preinit("files", text, &options);
    run.expect(0, "");
    backstitch(["run", image.to_str().unwrap()]).expect(0, "hello\n");
    invoke(&image, "argument").expect(0, "65\n");
    // The same input gives the same bytes. The name of the file is part of the input, since it is
    // an argument.
    let first = fs::read(&image).unwrap();
    preinit("files", text, &options).0.expect(0, "");
    assert!(fs::read(&image).unwrap() == first);
    let (run, other) = preinit("other_seed", text, &["--dir", &directory, "--", "Argument"]);
    run.expect(0, "");
    assert_ne!(invoke(&image, "random").out, invoke(&other, "random").out);
    // A trapped program has no image, and the file is not found.
    let (run, image) = preinit("no_files", text, &[]);
    run.expect(134, "").says(&["unreachable"]);
    assert!(!image.exists());
}

#[test]
fn the_table_of_primes_is_ready() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/primes.wat");
    let text = fs::read_to_string(path).unwrap();
    let (run, image) = preinit("primes", &text, &[]);
    run.expect(0, "");
    let image = image.to_str().unwrap();
    let below = |file: &str, fuel: &str| {
        backstitch(["run", "--fuel", fuel, "--invoke", "below", file, "1000"])
    };
    below(path, "1e8").expect(0, "168\n");
    below(path, "1e5")
        .expect(134, "")
        .says(&["all fuel consumed"]);
    below(image, "1e5").expect(0, "168\n");
    backstitch(["run", "--fuel", "100", "--invoke", "all", image]).expect(0, "155611\n");
}
