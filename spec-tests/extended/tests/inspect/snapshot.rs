//! Heap snapshots, read by the code of Chrome's developer tools, which finds dominators by itself.

use crate::browser::Browser;
use crate::command::{backstitch, file};
use crate::fixtures::{long_list, orders, ours};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

/// A page of the developer tools, which may load their code.
const TOOLS: &str = "devtools://devtools/bundled/devtools_app.html";

/// Loads a snapshot as the memory panel does, and returns class, size, retained bytes, distance from
/// the roots and references of each node.
const LOAD: &str = "
    const { HeapSnapshot, HeapSnapshotLoader } = await import(
        'devtools://devtools/bundled/entrypoints/heap_snapshot_worker/heap_snapshot_worker.js');
    const loader = new HeapSnapshotLoader.HeapSnapshotLoader({ sendEvent() {} });
    loader.write(input);
    loader.close();
    await loader.parsingComplete;
    const channel = new MessageChannel();
    new HeapSnapshot.SecondaryInitManager(channel.port2);
    const snapshot = await loader.buildSnapshot(channel.port1);
    const nodes = [];
    for (const it = snapshot.allNodes(); it.hasNext(); it.next()) {
        const node = it.item(), edges = [];
        for (const it = node.edges(); it.hasNext(); it.next()) {
            edges.push([it.item().type(), String(it.item().name()), it.item().node().className()]);
        }
        nodes.push({ class: node.className(), size: node.selfSize(), retained: node.retainedSize(),
            distance: node.distance(), edges });
    }
    return nodes;";

/// Writes the heap snapshot and the list of types of a module's dump. Returns the nodes of the
/// snapshot, or `None` if there is no browser, and the types.
fn nodes(name: &str, module: &[u8]) -> Option<(Vec<Value>, Value)> {
    let dump = file(&format!("{name}.core"), ours(module, "program.wasm"));
    let snapshot = dump.with_extension("heapsnapshot");
    let path = |path: &Path| path.to_str().expect("the path is text").to_string();
    let written = backstitch(["inspect", &path(&dump), "--heap-snapshot", &path(&snapshot)]);
    written.expect(0, &format!("wrote {}\n", path(&snapshot)));
    let types = backstitch(["inspect", &path(&dump), "--objects", "--json"]);
    let types = serde_json::from_str(&types.out).expect("the output is JSON");
    let browser = Browser::start(name)?;
    browser.load(TOOLS);
    let text = fs::read_to_string(&snapshot).expect("the file is text");
    match browser.eval_async(LOAD, &text) {
        Value::Array(nodes) => Some((nodes, types)),
        Value::String(error) if error.contains("dynamically imported module") => {
            println!("skipped: this version of Chromium has its developer tools elsewhere");
            None
        }
        other => panic!("{other}"),
    }
}

#[test]
fn c18_chromes_developer_tools_load_heap_snapshots() {
    let Some((nodes, _)) = nodes("snapshot", &orders()) else {
        return;
    };
    let of = |class: &str| -> Vec<&Value> {
        nodes.iter().filter(|node| node["class"] == class).collect()
    };
    let orders = of("order");
    assert_eq!(orders.len(), 4);
    // The first one is that of the trap, which has no customer.
    assert_eq!(orders[0]["edges"], json!([["property", "next", "order"]]));
    assert_eq!(orders[0]["distance"], 2);
    let customers = of("customer");
    assert_eq!(customers.len(), 2);
    // A structure of 16 bytes, and a name of 3 or 5 characters behind a header of 8 bytes.
    for customer in customers {
        assert_eq!(
            (&customer["size"], &customer["retained"]),
            (&json!(16), &json!(32))
        );
    }
    assert_eq!(of("text").len(), 2);
    let thread = of("thread main")[0]["edges"].to_string();
    assert!(
        thread.contains("frame 0 orders!<wasm function 2>, local 0"),
        "{thread}"
    );
}

/// Both find the same retained bytes.
#[test]
fn c18_retained_bytes_are_those_of_chromes_developer_tools() {
    let Some((nodes, types)) = nodes("retained", &long_list(2000)) else {
        return;
    };
    let number = |value: &Value| value.as_u64().expect("a number");
    for ty in types["types"].as_array().expect("a list") {
        let theirs: Vec<_> = (nodes.iter())
            .filter(|node| node["class"] == ty["type"])
            .collect();
        assert_eq!(theirs.len() as u64, ty["objects"]);
        let bytes: u64 = theirs.iter().map(|node| number(&node["size"])).sum();
        assert_eq!(bytes, ty["bytes"]);
        // No entry keeps another one alive, as the list can be followed from both ends.
        let retained: u64 = theirs.iter().map(|node| number(&node["retained"])).sum();
        assert_eq!(retained, ty["retained"]);
    }
}
