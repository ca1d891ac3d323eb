//! Output of `backstitch inspect` for dumps of other writers.

use crate::command::{Run, backstitch, file};
use crate::fixtures::{Writer, deep, dump, shop};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::OnceLock;

/// Runs `backstitch inspect DUMP ARGUMENTS…`.
fn inspect(name: &str, dump: &[u8], arguments: &[&str]) -> Run {
    let path = file(name, dump);
    let path = path.to_str().expect("the path is text");
    backstitch([&["inspect", path], arguments].concat())
}

/// Returns the path of the module, which is written once: tests run side by side.
fn module() -> String {
    static MODULE: OnceLock<String> = OnceLock::new();
    let write = || {
        let path: PathBuf = file("shop.wasm", shop());
        path.to_str().expect("the path is text").to_string()
    };
    MODULE.get_or_init(write).clone()
}

#[test]
fn c16_a_summary_with_its_module() {
    let module = module();
    inspect("summary", &dump(Writer::Thorough), &["--module", &module]).expect(
        0,
        &format!(
            "shop.wasm: the dump contains no reason
  in shop!divide(sum=840, count=0)
  at `i32.div_s`

Thread `main`, 3 frames, youngest first:
   0      0x4e  shop!divide(sum=840, count=0)
   1      0x6e  shop!average(list=1024, count=0)
   2      0x7a  shop!main()

module shop: {module} (not verified)
memory 0: 131,072 bytes (2 pages of 65,536), 13 of them in the dump
1 instance, 2 globals
"
        ),
    );
}

#[test]
fn c16_a_summary_without_modules() {
    inspect("summary_alone", &dump(Writer::Thorough), &[]).expect(
        0,
        "shop.wasm: the dump contains no reason
  in shop!<wasm function 0> locals (840, 0)

Thread `main`, 3 frames, youngest first:
   0      +0x5  shop!<wasm function 0> locals (840, 0)
   1     +0x1d  shop!<wasm function 1> locals (1024, 0, 840, 1.5)
   2      +0x6  shop!<wasm function 2>

module shop: file not known; provide it with --module
memory 0: 131,072 bytes (2 pages of 65,536), 13 of them in the dump
1 instance, 2 globals
",
    );
}

/// Wasmtime's dumps have no values, and `inspect` shows none.
#[test]
fn c16_values_that_are_not_recorded() {
    let (dump, module) = (dump(Writer::Wasmtime), module());
    let run = inspect("wasmtime", &dump, &["--module", &module]);
    assert!(run.out.contains("0x6e  shop!average(?)"), "{}", run.out);
    assert!(run.out.contains("0x7a  shop!main()"), "{}", run.out);
    let contents = "2 pages of 65,536), 13 of them in the dump\n1 instance, 2 globals\n";
    assert!(run.out.ends_with(contents), "{}", run.out);
    let run = inspect("wasmtime", &dump, &["--module", &module, "--frame", "0"]);
    assert!(run.out.contains("locals: none recorded"), "{}", run.out);
    assert!(run.out.contains("operands: none recorded"), "{}", run.out);
}

/// The first writers list no modules, so a given module cannot be checked.
#[test]
fn c16_dumps_without_modules() {
    let (dump, module) = (dump(Writer::First), module());
    inspect("first", &dump, &[]).expect(
        0,
        "shop.wasm: the dump contains no reason
  in <unknown>!<wasm function 0>

Thread `main`, 3 frames, youngest first:
   0      +0x5  <unknown>!<wasm function 0>
   1     +0x1d  <unknown>!<wasm function 1>
   2      +0x6  <unknown>!<wasm function 2>

module <unknown>: file not known; provide it with --module
memory 0: 131,072 bytes (2 pages of 65,536), 131,072 of them in the dump
",
    );
    let run = inspect("first", &dump, &["--module", &module]);
    assert!(
        run.out.contains("0x6e  <unknown>!average(?)"),
        "{}",
        run.out
    );
    let run = inspect("first", &dump, &["--memory", "1024:16"]);
    assert!(run.out.contains("|apples, pears...|"), "{}", run.out);
}

#[test]
fn c16_a_frame_in_full() {
    let (dump, module) = (dump(Writer::Thorough), module());
    inspect("frame", &dump, &["--module", &module, "--frame", "1"]).expect(
        0,
        "frame 1: shop!average(i32, i32) -> i32
  function 1 of module shop, instance 0
  at offset 0x1d of the function, 0x6e of the module

locals
    0  param  list   i32  1024  0x00000400
    1  param  count  i32     0  0x00000000
    2  local  sum    i32   840  0x00000348
    3  local  rate   f64   1.5  0x3ff8000000000000

operands, the lowest first
    0  i32  7  0x00000007

code
         0x56  f64.const 0x1.8p+0 (;=1.5;)
         0x5f  local.set $rate
         0x61  i32.const 840
         0x64  local.set $sum
         0x66  i32.const 7
         0x68  block (result i32) ;; label = @1
         0x6a    local.get $sum
         0x6c    local.get $count
  =>     0x6e    call $divide
         0x70  end
         0x71  i32.add
         0x72  end
",
    );
}

#[test]
fn c16_memory_in_hexadecimal() {
    let dump = dump(Writer::Wasmtime);
    inspect("memory", &dump, &["--memory", "1020:0x18"]).expect(
        0,
        "\
000003fc  00 00 00 00 61 70 70 6c  65 73 2c 20 70 65 61 72  |....apples, pear|
0000040c  73 00 00 00 00 00 00 00                           |s.......|
",
    );
    inspect("memory", &dump, &["--memory", "0@0:0x20000"]).expect(
        0,
        "\
00000000  00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  |................|
*
00000400  61 70 70 6c 65 73 2c 20  70 65 61 72 73 00 00 00  |apples, pears...|
00000410  00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  |................|
*
0001fff0  00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  |................|
",
    );
}

#[test]
fn c16_json() {
    let (dump, module) = (dump(Writer::Thorough), module());
    let print = |arguments: &[&str]| {
        let run = inspect("json", &dump, &[&["--json"], arguments].concat());
        assert_eq!(run.code, Some(0), "{}", run.err);
        run.out
    };
    let all = print(&["--module", &module]);
    assert_eq!(all, print(&["--module", &module]), "the same each time");
    let all: Value = serde_json::from_str(&all).expect("the output is JSON");
    assert_eq!(all["program"], "shop.wasm");
    let frame = &all["threads"][0]["frames"][1];
    assert_eq!(
        (&frame["name"], &frame["module_offset"]),
        (&json!("average"), &json!(0x6e))
    );
    let rate = json!({"name": "rate", "type": "f64", "value": "1.5", "bits": "0x3ff8000000000000"});
    assert_eq!(frame["locals"][3], rate);
    assert_eq!(all["globals"][0]["value"], "1234567890123");
    assert_eq!(all["memories"][0]["chunks"], json!([[1024, 13]]));

    let parts = print(&["--module", &module, "--frame", "0", "--memory", "1024:6"]);
    let parts: Value = serde_json::from_str(&parts).expect("the output is JSON");
    let here = json!({"offset": 0x4e, "depth": 0, "text": "i32.div_s", "here": true});
    assert_eq!(parts["frame"]["code"][2], here);
    let bytes = json!({"memory": 0, "address": 1024, "bytes": "6170706c6573"});
    assert_eq!(parts["memory"], bytes);
}

/// The output for a stack of any depth fits on a screen.
#[test]
fn c16_a_deep_stack() {
    let run = inspect("deep", &deep(100_000), &["--module", &module()]);
    assert_eq!(run.code, Some(0), "{}", run.err);
    assert!(run.out.lines().count() <= 24, "{}", run.out);
    assert!(run.out.contains("… 99,988 more frames"), "{}", run.out);
    assert!(
        run.out
            .contains("99999      0x4c  shop!divide(sum=0, count=-1)"),
        "{}",
        run.out
    );
}

#[test]
fn modules_are_found_in_folders() {
    file("folder/inner/shop.wasm", shop());
    file("folder/other.wat", "(module $other)");
    file("folder/broken.wasm", "\0asm????");
    let folder = file("folder/notes.txt", "nothing");
    let folder = folder
        .parent()
        .and_then(|folder| folder.to_str())
        .expect("a folder");
    let run = inspect(
        "folder.coredump",
        &dump(Writer::Thorough),
        &["--module", folder],
    );
    assert!(
        run.out.contains("shop!divide(sum=840, count=0)"),
        "{}{}",
        run.out,
        run.err
    );
}

#[test]
fn ranges_end_with_the_memory() {
    let dump = dump(Writer::Thorough);
    let row = "0001fff8  00 00 00 00 00 00 00 00                           |........|\n";
    let clipped = format!("{row}the memory ends at 0x20000\n");
    for range in ["0x1fff8", "0x1fff8:9", "0x1fff8:64K"] {
        inspect("clipped", &dump, &["--memory", range]).expect(0, &clipped);
    }
    inspect("whole", &dump, &["--memory", "0x1fff8:8"]).expect(0, row);
    let json = inspect("clipped_json", &dump, &["--memory", "0x1fffe", "--json"]);
    assert!(json.out.contains(r#""bytes": "0000""#), "{}", json.out);
}

/// The first format has frames without instances, and no lists of modules and instances.
#[test]
fn dumps_without_instances_are_read() {
    let mut module = wasm_encoder::Module::new();
    let frames = [
        &[0, 4, b'm', b'a', b'i', b'n', 2][..],
        &[0, 0, 4, 2, 0x7f, 7, 0x7f, 0, 0],
        &[0, 1, 8, 0, 0],
    ];
    module
        .section(&wasm_encoder::CoreDumpSection::new("old.wasm"))
        .section(&wasm_encoder::CustomSection {
            name: "corestack".into(),
            data: frames.concat().into(),
        });
    let dump = module.finish();
    let run = inspect("old", &dump, &[]);
    for line in [
        "old.wasm: the dump contains no reason\n",
        "  in <unknown>!<wasm function 0> locals (7, 0)\n",
        "   1      +0x8  <unknown>!<wasm function 1>\n",
    ] {
        assert!(run.out.contains(line), "{line}{}{}", run.out, run.err);
    }
    let module = file("old.wasm", shop());
    let run = inspect("old", &dump, &["--module", module.to_str().expect("text")]);
    assert!(
        run.out.contains("!divide(sum=7, count=0)"),
        "{}{}",
        run.out,
        run.err
    );
}

/// A terminal would interpret control characters of names.
#[test]
fn names_in_dumps_are_escaped() {
    let name = |kind: &str| format!("{kind}\nb\x1b[2J\u{202e}");
    let mut modules = wasm_encoder::CoreDumpModulesSection::new();
    modules.module(name("module"));
    let mut instances = wasm_encoder::CoreDumpInstancesSection::new();
    instances.instance(0, [], []);
    let mut stack = wasm_encoder::CoreDumpStackSection::new(name("thread"));
    stack.frame(0, 0, 3, [], []);
    let mut module = wasm_encoder::Module::new();
    module
        .section(&wasm_encoder::CoreDumpSection::new(name("program")))
        .section(&modules)
        .section(&instances)
        .section(&stack);
    let dump = module.finish();
    for arguments in [&[][..], &["--frame", "0"], &["--json"]] {
        let run = inspect("escaped", &dump, arguments);
        assert_eq!(run.code, Some(0), "{}", run.err);
        let is_misleading = |character: char| {
            character.is_control() && character != '\n' || character == '\u{202e}'
        };
        assert!(!run.out.contains(is_misleading), "{:?}", run.out);
        assert!(!run.out.contains("\nb"), "{}", run.out);
    }
    let summary = inspect("escaped", &dump, &[]).out;
    for kind in ["program", "module", "thread"] {
        let escaped = format!("{kind}\\nb\\u{{1b}}[2J\\u{{202e}}");
        assert!(summary.contains(&escaped), "{escaped}:\n{summary}");
    }
    let json = inspect("escaped", &dump, &["--json"]).out;
    let json: Value = serde_json::from_str(&json).expect("it is JSON");
    assert_eq!(json["program"], name("program"));
}

#[test]
fn bad_input() {
    let dump = dump(Writer::Thorough);
    let refuse = |arguments: &[&str], parts: &[&str]| {
        inspect("bad", &dump, arguments).expect(1, "").says(parts);
    };
    refuse(
        &["--frame", "3"],
        &["thread 0 of", "has no frame 3: it has 3 of them"],
    );
    refuse(&["--frame", "1:0"], &["has no thread 1: it has 1 of them"]);
    refuse(
        &["--memory", "1@0:1"],
        &["has no memory 1: it has 1 of them"],
    );
    let parts = ["memory 0: 2 bytes at address 0x20000 are not within the memory"];
    refuse(&["--memory", "0x20000:2"], &parts);
    refuse(&["--memory", "0x20000:2", "--json"], &parts);
    refuse(
        &["--module", "/no/such/module"],
        &["cannot read `/no/such/module`"],
    );
    let other = file("bad_other.wat", "(module (func))");
    let other = other.to_str().expect("the path is text");
    refuse(
        &["--module", other],
        &["is not the module that ran", "offset 0x5 of function 0"],
    );

    backstitch(["inspect", "/no/such/dump"])
        .expect(1, "")
        .says(&["cannot read `/no/such/dump`"]);
    let parts = ["cannot inspect", "a module and not a core dump"];
    inspect("bad_module", shop(), &[])
        .expect(1, "")
        .says(&parts);
    let parts = ["cannot inspect", "is malformed at offset 0x"];
    inspect("bad_end", &dump[..dump.len() - 1], &[])
        .expect(1, "")
        .says(&parts);
}

#[test]
fn wrong_usage() {
    for arguments in [
        &["inspect"][..],
        &["inspect", "dump", "--frame", "first"],
        &["inspect", "dump", "--memory", "here"],
        &["inspect", "dump", "--memory", "0:"],
        &["inspect", "dump", "another"],
    ] {
        let run = backstitch(arguments);
        assert_eq!(run.code, Some(2), "{arguments:?}:\n{}", run.err);
    }
}
