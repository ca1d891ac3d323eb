//! Archives, as `compile` writes them.

use crate::command::{backstitch, file};
use std::fs;

const PROGRAM: &str = r#"(module $shop
    (func $double (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2)))
    (func (export "run") (param i32) (result i32) (call $double (local.get 0)))
    (func $fail (export "trap") unreachable)
    (@custom "kept" "data"))"#;

#[test]
fn archives_are_listed_and_their_modules_run() {
    let path = file("archives/shop.wat", PROGRAM);
    let archive = path.with_extension("stitch");
    let [path, archive] = [&path, &archive].map(|path| path.to_str().unwrap());
    for options in [&[][..], &["--fuel"], &["--epochs", "--interruptible"]] {
        let arguments = ["compile", path, "-o", archive];
        backstitch(arguments.iter().chain(options)).expect(0, "");
        backstitch(["run", "--invoke", "run", archive, "21"]).expect(0, "42\n");
        let trap = backstitch(["run", "--invoke", "trap", archive]);
        trap.expect(134, "").says(&["shop!fail"]);
        let listing = backstitch(["dis", archive]).out;
        assert!(listing.starts_with("function 0 `double`"), "{listing}");
        // Only code for engines with fuel charges it.
        assert_eq!(
            listing.contains("charge"),
            options == ["--fuel"],
            "{listing}"
        );
    }
    backstitch(["compile", path, "-o", archive]).expect(0, "");
    assert_eq!(
        backstitch(["dis", archive]).out,
        backstitch(["dis", path]).out
    );
}

#[test]
fn names_are_left_out_on_request() {
    let path = file("archives/names.wat", PROGRAM);
    let archive = path.with_extension("stitch");
    let [path, archive] = [&path, &archive].map(|path| path.to_str().unwrap());
    backstitch(["compile", path, "-o", archive]).expect(0, "");
    let whole = fs::read(archive).unwrap().len();
    backstitch(["compile", path, "-o", archive, "--strip-names"]).expect(0, "");
    let stripped = fs::read(archive).unwrap();
    assert!(stripped.len() < whole);
    assert!(stripped.windows(4).any(|bytes| bytes == b"kept"));
    let trap = backstitch(["run", "--invoke", "trap", archive]);
    trap.expect(134, "").says(&["<unknown>!<wasm function 2>"]);
}

#[test]
fn faults_are_explained() {
    let path = file("archives/invalid.wat", "(module (func (result i32)))");
    let archive = path.with_extension("stitch");
    let _ = fs::remove_file(&archive);
    let [path, archive] = [&path, &archive].map(|path| path.to_str().unwrap());
    backstitch(["compile", path, "-o", archive])
        .expect(1, "")
        .says(&["cannot compile `", "invalid.wat", "type mismatch"]);
    assert!(fs::read(archive).is_err());
    let path = file("archives/good.wat", PROGRAM);
    backstitch(["compile", path.to_str().unwrap(), "-o", archive]).expect(0, "");
    let mut bytes = fs::read(archive).unwrap();
    let last = bytes.len() - 8;
    bytes[last] ^= 1;
    fs::write(archive, &bytes).unwrap();
    backstitch(["dis", archive])
        .expect(1, "")
        .says(&["the archive is damaged"]);
    bytes[8] ^= 1;
    fs::write(archive, &bytes).unwrap();
    backstitch(["run", archive]).expect(1, "").says(&[
        "cannot read the archive `",
        "of another version of Backstitch",
    ]);
}
