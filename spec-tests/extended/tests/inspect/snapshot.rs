//! Heap snapshots, read by the package `@memlab/core`, which finds dominators by itself.
//!
//! ```text
//! npm install -g @memlab/core
//! ```

use crate::command::{backstitch, file};
use crate::fixtures::{long_list, orders, ours};
use serde_json::Value;
use std::path::Path;
use std::process::Command;

/// Prints type, name, size, retained bytes and edges of each object of a snapshot.
const SCRIPT: &str = r#"
const { utils, analysis } = require('@memlab/core');
(async () => {
  const heap = await utils.getSnapshotFromFile(process.argv[1], { buildNodeIdIndex: true, verbose: false });
  analysis.preparePathFinder(heap);
  const objects = [];
  heap.nodes.forEach(node => {
    if (['object', 'array', 'native'].includes(node.type)) objects.push({
      name: node.name, type: node.type, size: node.self_size, retained: node.retainedSize,
      edges: node.references.map(edge => [edge.type, String(edge.name_or_index), edge.toNode.name]),
    });
  });
  process.stdout.write('\n' + JSON.stringify(objects) + '\n', () => process.exit(0));
})();
"#;

/// Returns the objects of a snapshot as memlab reads it, or `None` if that is not installed.
fn read(snapshot: &Path) -> Option<Vec<Value>> {
    let skip = || {
        println!("skipped: memlab is not installed (npm install -g @memlab/core)");
        None
    };
    let root = Command::new("npm").args(["root", "-g"]).output();
    let Ok(root) = root else {
        return skip();
    };
    let global = String::from_utf8_lossy(&root.stdout).trim().to_string();
    let given = std::env::var("NODE_PATH").unwrap_or_default();
    let paths = format!("{given}:{global}");
    let node = |arguments: &[&str]| {
        let mut command = Command::new("node");
        command.env("NODE_PATH", &paths).args(arguments).output()
    };
    match node(&["-e", "require('@memlab/core')"]) {
        Ok(found) if found.status.success() => {}
        _ => return skip(),
    }
    let path = snapshot.to_str().expect("the path is text");
    let output = node(&["-e", SCRIPT, path]).expect("node can be run");
    let text = String::from_utf8_lossy(&output.stdout);
    let json = text.lines().rfind(|line| line.starts_with('['));
    let json = json.unwrap_or_else(|| panic!("{text}{}", String::from_utf8_lossy(&output.stderr)));
    Some(serde_json::from_str(json).expect("the script prints JSON"))
}

/// Writes the snapshot and the list of types of a module's dump.
fn inspect(name: &str, module: &[u8]) -> (std::path::PathBuf, Value) {
    let dump = file(&format!("{name}.core"), ours(module, "program.wasm"));
    let snapshot = dump.with_extension("heapsnapshot");
    let path = |path: &Path| path.to_str().expect("the path is text").to_string();
    let written = backstitch(["inspect", &path(&dump), "--heap-snapshot", &path(&snapshot)]);
    written.expect(0, &format!("wrote {}\n", path(&snapshot)));
    let types = backstitch(["inspect", &path(&dump), "--objects", "--json"]);
    (
        snapshot,
        serde_json::from_str(&types.out).expect("the output is JSON"),
    )
}

#[test]
fn c18_a_published_reader_reads_heap_snapshots() {
    let (snapshot, _) = inspect("snapshot", &orders());
    let Some(objects) = read(&snapshot) else {
        return;
    };
    let of = |name: &str| -> Vec<&Value> {
        objects
            .iter()
            .filter(|object| object["name"] == name)
            .collect()
    };
    let orders = of("order");
    assert_eq!(orders.len(), 4);
    let edges = orders[1]["edges"].as_array().expect("a list of edges");
    assert_eq!(
        edges[0],
        serde_json::json!(["property", "customer", "customer"])
    );
    let customers = of("customer");
    assert_eq!(customers.len(), 2);
    assert_eq!(customers[0]["type"], "object");
    // A customer of 16 bytes, and a name of 3 or 5 characters behind a header of 8 bytes.
    assert_eq!(customers[0]["retained"], 32);
    let thread = of("thread main")[0]["edges"].to_string();
    assert!(
        thread.contains("frame 0 orders!<wasm function 2>, local 0"),
        "{thread}"
    );
}

/// Both find the same retained bytes.
#[test]
fn c18_retained_bytes_are_those_of_a_published_reader() {
    let (snapshot, types) = inspect("retained", &long_list(2000));
    let Some(objects) = read(&snapshot) else {
        return;
    };
    let bytes = |object: &&Value| object["size"].as_u64().expect("a number");
    for ty in types["types"].as_array().expect("a list") {
        let theirs: Vec<_> = (objects.iter())
            .filter(|it| it["name"] == ty["type"])
            .collect();
        assert_eq!(theirs.len() as u64, ty["objects"]);
        assert_eq!(theirs.iter().map(bytes).sum::<u64>(), ty["bytes"]);
        // Entries keep each other alive, so that each retains itself and its text.
        let retained = theirs
            .iter()
            .map(|it| it["retained"].as_u64().expect("a number"));
        assert_eq!(retained.sum::<u64>(), ty["retained"]);
    }
}
