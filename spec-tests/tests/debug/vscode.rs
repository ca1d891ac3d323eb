//! Sessions as VS Code has them: with `lldb-dap`, by the configurations in `docs/vscode.md` (D3 to D5).

use crate::client::serve;
use crate::command::{backstitch, file, program};
use crate::dap::Adapter;
use crate::fixtures::kitchen;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Runs the program that the page's configurations are for, which traps. Returns the paths of the file
/// that the option writes, and of the module.
fn written_by(option: &str, name: &str, kind: &str) -> [String; 2] {
    let module = root().join("spec-tests/dwarf/modules/orders.wasm");
    let paths = [file(&format!("vscode/{name}"), ""), module];
    let paths = paths.map(|path| path.to_str().expect("the path is text").to_string());
    let run = backstitch(["run", option, &paths[0], "--invoke", "run", &paths[1], kind]);
    assert_eq!(run.code, Some(134), "{}", run.err);
    paths
}

fn source() -> Value {
    json!({"path": root().join("spec-tests/dwarf/orders.c")})
}

/// Returns the page's configuration of a name, for the command of this build and a server's address.
fn configuration(name: &str, address: &str) -> Value {
    let page = fs::read_to_string(root().join("docs/vscode.md")).expect("the page");
    let (_, rest) = page.split_once("```json\n").expect("a configuration");
    let (text, _) = rest.split_once("```").expect("its end");
    let text = text
        .replace(
            "${workspaceFolder}/target/release/backstitch",
            &program().display().to_string(),
        )
        .replace("${workspaceFolder}", &root().display().to_string())
        .replace("127.0.0.1:4711", address);
    let launch: Value = serde_json::from_str(&text).expect("the page has JSON");
    let configurations = launch["configurations"].as_array().expect("a list");
    let named = configurations.iter().find(|it| it["name"] == name);
    named.expect(name).clone()
}

/// Begins a session with breakpoints at lines of the page's program.
fn begin(adapter: &mut Adapter, configuration: Value, lines: &[u32]) {
    let request = configuration["request"].as_str().expect("a request");
    let request = request.to_string();
    adapter.send(&request, configuration);
    adapter.event("initialized");
    let breakpoints: Vec<_> = lines.iter().map(|line| json!({"line": line})).collect();
    let set = json!({"source": source(), "breakpoints": breakpoints});
    let set = adapter.ask("setBreakpoints", set);
    let verified = set["breakpoints"].as_array().expect("a list");
    assert!(verified.iter().all(|it| it["verified"] == true), "{set}");
    adapter.ask("configurationDone", Value::Null);
    adapter.response(&request);
    // The first request of this kind gets the threads that there were at the beginning.
    adapter.ask("threads", Value::Null);
}

/// Waits until the program stops. Returns the reason, its description, and the thread.
fn stopped(adapter: &mut Adapter) -> (String, String, u64) {
    let body = adapter.event("stopped");
    let text = |name: &str| body[name].as_str().unwrap_or_default().to_string();
    let thread = body["threadId"].as_u64().expect("a thread");
    (text("reason"), text("description"), thread)
}

/// Returns the functions and lines of a thread's frames, and the number of the first frame.
fn frames(adapter: &mut Adapter, thread: u64) -> (Vec<(String, u64)>, Value) {
    let stack = adapter.ask("stackTrace", json!({"threadId": thread}));
    let frames = stack["stackFrames"].as_array().expect("a list");
    let position = |frame: &Value| {
        let name = frame["name"].as_str().expect("a name").to_string();
        (name, frame["line"].as_u64().unwrap_or_default())
    };
    (
        frames.iter().map(position).collect(),
        frames[0]["id"].clone(),
    )
}

/// Returns the variables that a reference of the adapter stands for.
fn variables(adapter: &mut Adapter, reference: &Value) -> Vec<Value> {
    let body = adapter.ask("variables", json!({"variablesReference": reference}));
    body["variables"].as_array().expect("a list").clone()
}

/// Returns the variables of a frame in a scope: `Locals` or `Globals`.
fn scope(adapter: &mut Adapter, frame: &Value, name: &str) -> Vec<Value> {
    let body = adapter.ask("scopes", json!({"frameId": frame}));
    let scopes = body["scopes"].as_array().expect("a list");
    let scope = scopes.iter().find(|it| it["name"] == name).expect(name);
    variables(adapter, &scope["variablesReference"].clone())
}

/// Returns the variable of a name.
#[track_caller]
fn named<'v>(variables: &'v [Value], name: &str) -> &'v Value {
    let found = variables.iter().find(|it| it["name"] == name);
    found.unwrap_or_else(|| panic!("{name} is not in {variables:?}"))
}

/// Stops when `sold[1]`, a global of the page's program, is written.
fn watch_sold(adapter: &mut Adapter, frame: &Value) {
    let globals = scope(adapter, frame, "Globals");
    let sold = named(&globals, "sold")["variablesReference"].clone();
    let info = json!({"name": "[1]", "variablesReference": sold});
    let info = adapter.ask("dataBreakpointInfo", info);
    let watched = json!({"dataId": info["dataId"], "accessType": "write"});
    adapter.ask("setDataBreakpoints", json!({"breakpoints": [watched]}));
}

#[test]
fn d3_d4_vscode_runs_a_program() {
    let Some(mut adapter) = Adapter::start() else {
        return;
    };
    begin(&mut adapter, configuration("Run", ""), &[37]);
    let (reason, _, thread) = stopped(&mut adapter);
    assert_eq!(reason, "breakpoint");
    let threads = adapter.ask("threads", Value::Null);
    assert_eq!(threads["threads"], json!([{"id": 1, "name": "main"}]));
    let (stack, frame) = frames(&mut adapter, thread);
    assert_eq!(stack, [("add".to_string(), 37), ("run".to_string(), 69)]);
    let locals = scope(&mut adapter, &frame, "Locals");
    assert_eq!(named(&locals, "pieces")["value"], "0");
    assert_eq!(named(&locals, "pieces")["type"], "unsigned short");

    adapter.ask("next", json!({"threadId": thread}));
    assert_eq!(stopped(&mut adapter).0, "step");
    assert_eq!(frames(&mut adapter, thread).0[0].1, 38);
    // The pointer that this line has set, and what it points to.
    let locals = scope(&mut adapter, &frame, "Locals");
    let order = named(&locals, "order")["variablesReference"].clone();
    let order = variables(&mut adapter, &order);
    assert_eq!(named(&order, "number")["type"], "int");
    let sum = json!({"expression": "orders[0].pieces", "frameId": frame, "context": "watch"});
    assert_eq!(adapter.ask("evaluate", sum)["result"], "0");

    adapter.ask(
        "setBreakpoints",
        json!({"source": source(), "breakpoints": []}),
    );
    watch_sold(&mut adapter, &frame);
    adapter.ask("continue", json!({"threadId": thread}));
    assert_eq!(stopped(&mut adapter).0, "data breakpoint");
    adapter.ask("stepOut", json!({"threadId": thread}));
    stopped(&mut adapter);
    adapter.ask("setDataBreakpoints", json!({"breakpoints": []}));

    adapter.ask("continue", json!({"threadId": thread}));
    let (reason, description, _) = stopped(&mut adapter);
    assert_eq!(reason, "exception");
    assert!(
        description.contains("out of bounds memory access"),
        "{description}"
    );
    let (stack, _) = frames(&mut adapter, thread);
    assert_eq!(stack[0], ("deep".to_string(), 54));
    assert_eq!(stack.last(), Some(&("run".to_string(), 78)));
    adapter.ask("continue", json!({"threadId": thread}));
    assert_eq!(adapter.event("exited")["exitCode"], 134);
    adapter.disconnect();
}

#[test]
fn d5_vscode_goes_back_to_a_write_in_a_recording() {
    let Some(mut adapter) = Adapter::start() else {
        return;
    };
    let [log, _] = written_by("--record", "orders.log", "3");
    let (mut server, address) = serve([log]);
    begin(&mut adapter, configuration("Connect", &address), &[54]);
    let (reason, description, thread) = stopped(&mut adapter);
    assert_eq!((&*reason, &*description), ("entry", "history boundary"));
    adapter.ask("continue", json!({"threadId": thread}));
    assert_eq!(stopped(&mut adapter).0, "breakpoint");
    let (_, frame) = frames(&mut adapter, thread);
    watch_sold(&mut adapter, &frame);
    let back = json!({"expression": "process continue --reverse", "context": "repl"});
    adapter.ask("evaluate", back);
    assert_eq!(stopped(&mut adapter).0, "data breakpoint");
    let (stack, _) = frames(&mut adapter, thread);
    assert_eq!(stack[0], ("pieces_of".to_string(), 46));
    adapter.disconnect();
    assert!(server.wait().expect("the server ends").success());
}

#[test]
fn d4_d5_vscode_shows_a_dump() {
    let Some(mut adapter) = Adapter::start() else {
        return;
    };
    let [dump, module] = written_by("--coredump", "orders.core", "1");
    let (mut server, address) = serve(["--module", &module, &dump]);
    begin(&mut adapter, configuration("Connect", &address), &[]);
    let (_, description, thread) = stopped(&mut adapter);
    assert!(
        description.contains("integer divide by zero"),
        "{description}"
    );
    let (stack, frame) = frames(&mut adapter, thread);
    assert_eq!(stack[0], ("quotient".to_string(), 21));
    let locals = scope(&mut adapter, &frame, "Locals");
    assert_eq!(named(&locals, "total")["value"], "45");
    adapter.disconnect();
    server.wait().expect("the server ends");
}

#[test]
fn d3_d4_vscode_pauses_an_endless_loop_and_shows_continuations() {
    let Some(mut adapter) = Adapter::start() else {
        return;
    };
    let endless = file(
        "vscode/endless.wat",
        r#"(module (func (export "run") (loop $again (br $again))))"#,
    );
    let endless = endless.to_str().expect("the path is text");
    let (mut server, address) = serve(["--invoke", "run", endless]);
    begin(&mut adapter, configuration("Connect", &address), &[]);
    let (.., thread) = stopped(&mut adapter);
    adapter.ask("continue", json!({"threadId": thread}));
    adapter.event("continued");
    adapter.ask("pause", json!({"threadId": thread}));
    stopped(&mut adapter);
    assert_eq!(frames(&mut adapter, thread).0.len(), 1);
    adapter.disconnect();
    server.wait().expect("the server ends");

    let mut adapter = Adapter::start().expect("there was one");
    let ovens = file("vscode/kitchen.wasm", kitchen(4));
    let ovens = ovens.to_str().expect("the path is text");
    let (mut server, address) = serve(["--invoke", "main", ovens]);
    begin(&mut adapter, configuration("Connect", &address), &[]);
    let (.., thread) = stopped(&mut adapter);
    adapter.ask("continue", json!({"threadId": thread}));
    stopped(&mut adapter);
    let threads = adapter.ask("threads", Value::Null);
    let threads = threads["threads"].as_array().expect("a list").clone();
    let names: Vec<_> = threads
        .iter()
        .filter_map(|it| it["name"].as_str())
        .collect();
    let suspended = [3, 4, 5].map(|stack| format!("continuation {stack} (suspended)"));
    assert_eq!(names[0], "main");
    assert_eq!(names[1..], suspended);
    adapter.disconnect();
    server.wait().expect("the server ends");
}
