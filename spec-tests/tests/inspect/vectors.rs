//! Vectors in the output of `inspect`.

use crate::command::{backstitch, file};
use crate::fixtures::{mixer, ours};
use serde_json::{Value, json};

/// Runs `inspect` on the module's dump.
fn inspect(arguments: &[&str]) -> String {
    let module = mixer();
    // Tests run side by side, and each has files of its own.
    let name = format!("vectors/{}", arguments.join("").replace(['-', '/'], ""));
    let dump = file(&format!("{name}.core"), ours(&module, "mixer.wasm"));
    let module = file(&format!("{name}.wasm"), module);
    let path = |path: &std::path::Path| path.to_str().expect("the path is text").to_string();
    let start = [path(&dump), "--module".to_string(), path(&module)];
    let start = start.iter().map(String::as_str);
    let run = backstitch(
        ["inspect"]
            .into_iter()
            .chain(start)
            .chain(arguments.iter().copied()),
    );
    assert_eq!(run.code, Some(0), "{}", run.err);
    run.out
}

#[track_caller]
fn expect(out: &str, lines: &[&str]) {
    for line in lines {
        assert!(
            out.lines().any(|it| it == *line),
            "`{line}` is not in:\n{out}"
        );
    }
}

#[test]
fn c16_vectors_are_shown_as_lanes() {
    let out = inspect(&["--frame", "0"]);
    expect(
        &out,
        &[
            "    0  param  weight  v128  i32x4:50462976,117835012,185207048,2131627276  \
             0x7f0e0d0c0b0a09080706050403020100",
            "    1  param  count   i32                          0  0x00000000",
            "    2  local  sum     v128  i32x4:100925952,235670024,370414096,-31712744  \
             0xfe1c1a18161412100e0c0a0806040200",
            "    0  v128  i32x4:-84083200,-218827016,-353571088,48555752  \
             0x02e4e6e8eaeceef0f2f4f6f8fafcfe00",
            "    1  i32                          7  0x00000007",
        ],
    );
    for (shape, sum) in [
        ("i8x16", "i8x16:0,2,4,6,8,10,12,14,16,18,20,22,24,26,28,-2"),
        ("u8x16", "i8x16:0,2,4,6,8,10,12,14,16,18,20,22,24,26,28,254"),
        (
            "x16x8",
            "i16x8:0x0200,0x0604,0x0a08,0x0e0c,0x1210,0x1614,0x1a18,0xfe1c",
        ),
        ("i64x2", "i64x2:1012195045828461056,-136205197976006128"),
        ("x64x2", "i64x2:0x0e0c0a0806040200,0xfe1c1a1816141210"),
    ] {
        let out = inspect(&["--frame", "0", "--lanes", shape]);
        let line = format!("    2  local  sum     v128  {sum}  0xfe1c1a18161412100e0c0a0806040200");
        expect(&out, &[&line]);
    }
    let out = inspect(&["--lanes", "u16x8"]);
    let called = "mixer!blend(weight=i16x8:256,770,1284,1798,2312,2826,3340,32526, count=0)";
    assert!(out.contains(called), "`{called}` is not in:\n{out}");

    let run = backstitch(["inspect", "x", "--lanes", "i32x8"]);
    assert_eq!(run.code, Some(2));
    run.says(&["i32x8", "i8x16", "x32x4", "f64x2"]);
}

/// Programs decode the bits themselves, so no option changes them.
#[test]
fn c16_vectors_are_hexadecimal_in_json() {
    let out = inspect(&["--json", "--lanes", "f32x4"]);
    let json: Value = serde_json::from_str(&out).expect("the output is JSON");
    let frame = &json["threads"][0]["frames"][0];
    let weight = "0x7f0e0d0c0b0a09080706050403020100";
    let expected = json!({ "name": "weight", "type": "v128", "value": weight, "bits": weight });
    assert_eq!(frame["locals"][0], expected);
    let operand = "0x02e4e6e8eaeceef0f2f4f6f8fafcfe00";
    assert_eq!(frame["operands"][0]["bits"], json!(operand));
    let scale = "0x7fc00000501502f9c00000003f000000";
    assert_eq!(json["globals"][0]["bits"], json!(scale));
}
