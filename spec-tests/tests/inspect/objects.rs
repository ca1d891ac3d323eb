//! Objects in the output of `inspect`, and heap snapshots.

use crate::command::{Run, backstitch, file};
use crate::fixtures::{Writer, dump, long_list, orders, ours};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};

fn path(path: &Path) -> String {
    path.to_str().expect("the path is text").to_string()
}

/// Writes the dump of the orders, and their module.
fn files(name: &str) -> [PathBuf; 2] {
    let module = orders();
    [
        file(
            &format!("objects/{name}.core"),
            ours(&module, "orders.wasm"),
        ),
        file(&format!("objects/{name}.wasm"), module),
    ]
}

/// Runs `inspect` on the dump of the orders.
fn inspect(arguments: &[&str]) -> Run {
    let [dump, module] = files(&arguments.join("").replace('-', ""));
    let (dump, module) = (path(&dump), path(&module));
    backstitch([&["inspect", &dump, "--module", &module], arguments].concat())
}

fn json(arguments: &[&str]) -> Value {
    let run = inspect(arguments);
    assert_eq!(run.code, Some(0), "{}", run.err);
    serde_json::from_str(&run.out).expect("the output is JSON")
}

#[test]
fn c18_objects_by_type() {
    inspect(&["--objects"]).expect(
        0,
        r#"type         objects           bytes        retained
order              4              96              96
customer           2              32              64
text               2              32              32

8 objects, 160 bytes
"#,
    );
}

#[test]
fn c18_an_object_with_its_fields_and_referrers() {
    inspect(&["--object", "0"]).expect(
        0,
        r#"object 0: order
  structure of type 2 of module orders
  24 bytes, 48 with all that only it keeps alive

fields
    0  number    i32                                  2  0x00000002
    1  loaves    i32                                  4  0x00000004
    2  customer  (ref null $customer)              null
    3  next      (ref null $order)     object 4 (order)

references to it
  thread main, frame 0 orders!deliver, local 0
  object 7 (order), field next

shortest path from a root
  thread main, frame 0 orders!deliver, local 0
"#,
    );
    inspect(&["--object", "5"]).expect(
        0,
        r#"object 5: text
  array of type 0 of module orders
  16 bytes, 16 with all that only it keeps alive

3 elements
  text  "Ada"
    0  i8   65  0x00000041
    1  i8  100  0x00000064
    2  i8   97  0x00000061

references to it
  object 1 (customer), field name

shortest path from a root
  thread main, frame 1 orders!serve, local 0
  object 1 (customer), field name
"#,
    );
}

#[test]
fn c18_objects_as_json() {
    let types = json(&["--objects", "--json"]);
    assert_eq!(types["reached"], json!({ "objects": 8, "bytes": 160 }));
    let customers = json!({ "type": "customer", "objects": 2, "bytes": 32, "retained": 64 });
    assert_eq!(types["types"][1], customers);
    let object = json(&["--object", "4", "--json"]);
    assert_eq!(
        (&object["type"], &object["size"]),
        (&json!("order"), &json!(24))
    );
    let field = &object["contents"][2];
    assert_eq!(
        (&field["name"], &field["object"]),
        (&json!("customer"), &json!(1))
    );
    assert_eq!(object["referrers"][0]["place"], "field next");
    let path = object["path"].as_array().expect("a list");
    assert_eq!(path[0]["place"], "frame 0 orders!deliver, local 0");
    assert_eq!(path[1]["object"], 0);
    // The whole dump has all objects.
    let all = json(&["--json"]);
    let objects = all["objects"].as_array().expect("a list");
    assert_eq!(objects.len(), 8);
    assert_eq!(objects[5]["text"], "Ada");
    assert_eq!(objects[5]["bytes"], "416461");
    let locals = &all["threads"][0]["frames"][0]["locals"];
    assert_eq!(locals[0]["value"], "object 0 (order)");
}

/// A long path is cut in the middle, and a number beyond the objects is an error.
#[test]
fn c18_long_paths_and_missing_objects() {
    let list = long_list(3000);
    let dump = path(&file("objects/long.core", ours(&list, "long.wasm")));
    let run = backstitch(["inspect", &dump, "--object", "5000"]);
    assert_eq!(run.code, Some(0), "{}", run.err);
    assert!(run.out.lines().count() < 60, "{}", run.out);
    assert!(run.out.contains(" more objects\n"), "{}", run.out);
    assert!(run.out.contains("  global 0\n"), "{}", run.out);
    let run = backstitch(["inspect", &dump, "--object", "6000"]);
    assert_eq!(run.code, Some(1));
    run.says(&["has no object 6000: it has 6000 of them, counted from 0"]);
    // Dumps of other writers contain no objects.
    let other = path(&file("objects/other.core", dump_of_another()));
    for arguments in [&["--objects"][..], &["--heap-snapshot", "/dev/null"]] {
        let run = backstitch([&["inspect", &other], arguments].concat());
        assert_eq!(run.code, Some(1));
        run.says(&["contains no list of objects"]);
    }
}

fn dump_of_another() -> Vec<u8> {
    dump(Writer::Thorough)
}

/// The sum of what the types retain is not limited by depth: the entries of a list that is linked in
/// both directions keep nothing but their own texts alive.
#[test]
fn c18_retained_bytes_of_a_list_in_both_directions() {
    let list = long_list(1000);
    let dump = path(&file("objects/both.core", ours(&list, "both.wasm")));
    let run = backstitch(["inspect", &dump, "--objects", "--json"]);
    let types: Value = serde_json::from_str(&run.out).expect("the output is JSON");
    let entry = json!({ "type": "entry", "objects": 1000, "bytes": 24_000, "retained": 40_000 });
    assert_eq!(types["types"][0], entry);
}

#[test]
fn c18_heap_snapshots_are_written_to_a_file() {
    let [dump, module] = files("snapshot");
    let snapshot = dump.with_extension("heapsnapshot");
    let arguments = [
        "--module",
        &path(&module),
        "--heap-snapshot",
        &path(&snapshot),
    ];
    let run = backstitch([&["inspect", &path(&dump)][..], &arguments].concat());
    run.expect(0, &format!("wrote {}\n", path(&snapshot)));
    let text = fs::read_to_string(&snapshot).expect("the file is text");
    let json: Value = serde_json::from_str(&text).expect("the file is JSON");
    assert_eq!(json["snapshot"]["node_count"], 8 + 3 + 1 + 1);
    let strings = json["strings"].as_array().expect("a list");
    for part in [
        "order",
        "customer",
        "text",
        "frame 0 orders!deliver, local 0",
        "(GC roots)",
    ] {
        assert!(strings.iter().any(|it| it == part), "{part}: {strings:?}");
    }
}
