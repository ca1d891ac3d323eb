//! Numbers on the command line: floats with all their bits, sizes with units, counts.

use crate::command::{Run, backstitch, file};
use std::path::PathBuf;
use std::sync::OnceLock;

const PROGRAM: &str = r#"
(module (memory 1)
  (func (export "f64") (param f64) (result f64) (local.get 0))
  (func (export "f32") (param f32) (result f32) (local.get 0))
  (func (export "i32") (param i32) (result i32) (local.get 0))
  (func (export "v128") (param i32 v128 f64) (result f64 v128 i32)
    (local.get 2) (local.get 1) (local.get 0))
  (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
  (func (export "loop") (loop (br 0))))"#;

fn invoke(options: &[&str], function: &str, argument: &[&str]) -> Run {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    let path = PATH.get_or_init(|| file("numbers/program.wat", PROGRAM));
    let path = path.to_str().expect("the path is text");
    let arguments = [&["run"], options, &["--invoke", function, path], argument];
    backstitch(arguments.concat())
}

#[test]
fn floats_have_hexadecimal_and_payloads() {
    invoke(&[], "f64", &["0x1.8p3"]).expect(0, "12\n");
    invoke(&["--hex"], "f64", &["12"]).expect(0, "0x1.8p+3\n");
    invoke(&["--hex"], "f64", &["-0x1p-1074"]).expect(0, "-0x0.0000000000001p-1022\n");
    invoke(&[], "f64", &["nan:0x1"]).expect(0, "nan:0x1\n");
    invoke(&[], "f64", &["-nan:0x4000000000000"]).expect(0, "-nan:0x4000000000000\n");
    invoke(&[], "f64", &["nan:0x8000000000000"]).expect(0, "NaN\n");
    invoke(&["--hex"], "f64", &["nan"]).expect(0, "nan:0x8000000000000\n");
    invoke(&[], "f32", &["0x1.fffffep127"]).expect(0, "3.4028235e38\n");
    invoke(&[], "f32", &["nan:0x200000"]).expect(0, "nan:0x200000\n");
    invoke(&["--hex"], "i32", &["-1"]).expect(0, "0xffffffff\n");
    for wrong in ["nan:0x0", "0x", "half", "nan:0x10000000000000"] {
        invoke(&[], "f64", &[wrong])
            .expect(1, "")
            .says(&["expected f64", "0x1.8p3", "nan:0x"]);
    }
}

#[test]
fn vectors_are_lanes_or_whole() {
    let pass = |options: &[&str], vector: &str| invoke(options, "v128", &["-1", vector, "0.5"]);
    for (vector, lanes, whole) in [
        (
            "i32x4:1,-2,0x7fffffff,4",
            "i32x4:0x00000001,0xfffffffe,0x7fffffff,0x00000004",
            "0x000000047ffffffffffffffe00000001",
        ),
        (
            "i8x16 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 -1",
            "i32x4:0x03020100,0x07060504,0x0b0a0908,0xff0e0d0c",
            "0xff0e0d0c0b0a09080706050403020100",
        ),
        (
            "f32x4:0.5,-0,inf,nan:0x200000",
            "i32x4:0x3f000000,0x80000000,0x7f800000,0x7fa00000",
            "0x7fa000007f800000800000003f000000",
        ),
        (
            "f64x2 0x1.8p3 -1e300",
            "i32x4:0x00000000,0x40280000,0x8800759c,0xfe37e43c",
            "0xfe37e43c8800759c4028000000000000",
        ),
    ] {
        pass(&[], vector).expect(0, &format!("0.5\n{lanes}\n-1\n"));
        pass(&[], lanes).expect(0, &format!("0.5\n{lanes}\n-1\n"));
        pass(&["--hex"], whole).expect(0, &format!("0x1p-1\n{whole}\n0xffffffff\n"));
    }
    for (wrong, parts) in [
        (
            "1",
            ["argument 2 of `v128`: expected v128", "`i32x4:1,2,3,4`"],
        ),
        ("0x1", ["`0x` and 32 hexadecimal digits", "found `0x1`"]),
        (
            "i32x4:1,2,3",
            ["4 lanes after `i32x4`, not 3", "found `i32x4:1,2,3`"],
        ),
        (
            "i16x8:0,0,65536,0,0,0,0,0",
            ["lane 2 of i16x8", "from -32768 to 65535"],
        ),
    ] {
        pass(&[], wrong).expect(1, "").says(&parts);
    }
}

#[test]
fn sizes_have_units_and_counts_exponents() {
    for size in ["128K", "131_072", "0.125MiB", "0x20000"] {
        invoke(&["--max-memory", size], "grow", &["1"]).expect(0, "1\n");
        invoke(&["--max-memory", size], "grow", &["2"]).expect(0, "-1\n");
    }
    for count in ["1e4", "10_000"] {
        invoke(&["--fuel", count], "loop", &[])
            .expect(134, "")
            .says(&["all fuel consumed"]);
    }
    for options in [
        ["--fuel", "1K"],
        ["--fuel", "-1"],
        ["--max-memory", "1.5"],
        ["--max-stack", "64Q"],
        ["--max-wait", "1_"],
        ["--max-files", "1e99"],
    ] {
        let run = invoke(&[&options.join("=")], "loop", &[]);
        assert_eq!(run.code, Some(2), "{options:?}: {}", run.err);
        assert!(run.err.contains(options[1]), "{}", run.err);
    }
}
